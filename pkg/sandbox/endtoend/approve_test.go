package endtoend_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/tidwall/gjson"

	"keymend/pkg/outcome"
	"keymend/pkg/permission"
	"keymend/pkg/plan"
	"keymend/pkg/record"
)

// people returns the environment of a program that a person of the account runs.
func (w *world) people(name string) []string {
	w.t.Helper()
	by, err := w.person(name).Credentials.Retrieve(w.t.Context())
	must(w.t, err)
	return []string{"AWS_ACCESS_KEY_ID=" + by.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + by.SecretAccessKey, "AWS_SESSION_TOKEN=" + by.SessionToken}
}

// person returns the configuration of a person, by the role that people of the account
// have, which is made if it isn't there.
func (w *world) person(name string) aws.Config {
	w.t.Helper()
	role, trust := "platform", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::`+account+`:root"},"Action":"sts:AssumeRole"}]}`
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::` + account + `:role/keymend-approver"}]}`
	if _, err := w.iam.GetRole(w.t.Context(), &iam.GetRoleInput{RoleName: &role}); err != nil {
		_, err := w.iam.CreateRole(w.t.Context(), &iam.CreateRoleInput{RoleName: &role, AssumeRolePolicyDocument: &trust})
		must(w.t, err)
		_, err = w.iam.PutRolePolicy(w.t.Context(), &iam.PutRolePolicyInput{RoleName: &role, PolicyName: new("approve"), PolicyDocument: &policy})
		must(w.t, err)
	}
	out, err := sts.NewFromConfig(w.cfg).AssumeRole(w.t.Context(), &sts.AssumeRoleInput{RoleArn: new("arn:aws:iam::" + account + ":role/" + role), RoleSessionName: &name})
	must(w.t, err)
	cfg := w.cfg.Copy()
	cfg.Credentials = credentials.NewStaticCredentialsProvider(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
	return cfg
}

// proposal returns the record of what is proposed for a group.
func (w *world) proposal(group string) record.Record {
	w.t.Helper()
	for _, r := range w.records() {
		if r.Group == group && r.Proposal != "" {
			return r
		}
	}
	w.t.Fatalf("nothing is proposed for %s\n%v", group, w.story())
	return record.Record{}
}

// ended returns the last record of remediate's.
func (w *world) ended() record.Record {
	w.t.Helper()
	var last record.Record
	for _, r := range w.records() {
		if r.Phase == record.Result {
			last = r
		}
	}
	return last
}

// body is what a proposal's message looks like, by whoever writes it.
func body(t testing.TB, r record.Record, more string) string {
	t.Helper()
	steps, err := r.Steps.MarshalJSON()
	must(t, err)
	text := string(steps)
	if strings.HasPrefix(text, `"`) {
		text = gjson.Parse(text).String()
	}
	return `{"schema":"keymend.change/1","id":"` + r.ID + `","account":"` + account + `","region":"` + region + `","group":"` + r.Group + `","target":"` + r.Key + `","principal":"` + r.Principal +
		`","steps":` + text + `,"digest":"` + r.Digest + `","factsDigest":"` + r.Plan.FactsDigest + `","cause":"kms-access","signal":"launch-unsuccessful","requestedBy":"diagnose"` + more + `}`
}

// send puts a message on the queue of changes, as whose credentials these are.
func (w *world) send(as aws.Config, r record.Record, text string) error {
	group := sha256.Sum256([]byte(r.Key))
	_, err := sqs.NewFromConfig(as).SendMessage(w.t.Context(), &sqs.SendMessageInput{
		QueueUrl: new(w.url + "/" + account + "/keymend-changes.fifo"), MessageBody: &text,
		MessageGroupId: new(hex.EncodeToString(group[:])), MessageDeduplicationId: new(hex.EncodeToString(group[:16]) + hex.EncodeToString([]byte(text[len(text)-8:]))),
	})
	return err
}

// TestApproved: what a person approves who made neither group nor template is carried
// out; who it was, for which ticket, and who made the group stand on record.
func TestApproved(t *testing.T) {
	t.Parallel()
	w := newWorld(t, with("Mode", "propose"))
	w.broken("web-prod", w.key(rootOnly, enrolled))
	w.box.Advance(5 * time.Minute)
	w.wantUntouched()
	id := w.proposal("web-prod").Proposal
	if r := w.proposal("web-prod"); !strings.HasSuffix(r.Reason, "keymend approve "+id+" --region "+region) {
		t.Error(r.Reason)
	}
	alice := w.people("alice")

	if code, text := w.run(account, alice, "approve", id); code != 3 || !strings.HasPrefix(text, "approve ") || strings.Contains(text, "\nsent ") {
		t.Errorf("nobody was there to be asked: exit %d\n%s", code, text)
	}
	// The maker's approval doesn't count, and doesn't stand in another's way.
	if code, text := w.run(account, nil, "approve", id, "--yes"); code != 0 {
		t.Fatalf("exit %d\n%s", code, text)
	}
	w.box.Advance(2 * time.Minute)
	w.wantUntouched()
	if r := w.ended(); r.Outcome != outcome.Proposed || r.Verdict.Reason != "own-approval" || !strings.Contains(r.Reason, ":user/admin did") {
		t.Errorf("%s %+v", r.Reason, r.Verdict)
	}
	code, text := w.run(account, alice, "approve", id, "--yes", "--ticket", "OPS-7")
	if code != 0 || !strings.Contains(text, "\nsent ") {
		t.Fatalf("exit %d\n%s", code, text)
	}
	w.box.Advance(10 * time.Minute)
	if r := w.ended(); w.inService("web-prod") != 2 || w.writes() != 1 || r.Outcome != outcome.Fixed || r.Approver != "alice" || r.Ticket != "OPS-7" ||
		!strings.HasSuffix(r.GroupMadeBy, ":user/admin") || len(r.TemplateMadeBy) != 1 || !strings.HasSuffix(r.TemplateMadeBy[0], ":user/admin") {
		t.Errorf("%d in service, %d writes, %+v\n%v", w.inService("web-prod"), w.writes(), r, w.story())
	}
	if code, _ := w.run(account, alice, "approve", id, "--yes"); code != 0 {
		t.Errorf("again: exit %d", code)
	}
	w.box.Advance(10 * time.Minute)
	if n := w.writes(); n != 1 {
		t.Errorf("%d writes", n)
	}
}

// TestNotApproved: whatever else comes on the queue of changes opens nothing.
func TestNotApproved(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		options []option
		tags    map[string]string
		play    func(w *world, r record.Record)
		want    string // the verdict's reason
		writes  int
	}{
		"beyond what an hour may have": {tags: enrolled, options: []option{with("MaxChangesAnHour", "0")}, want: "braked", play: func(w *world, r record.Record) { w.approves("alice", r) }},
		"what somebody took away": {tags: enrolled, want: "taken-away", writes: 1, play: func(w *world, r record.Record) {
			w.approves("alice", r)
			w.box.Advance(10 * time.Minute)
			w.putPolicy(r.Key, rootOnly)
			w.box.Advance(10 * time.Minute)
			w.approves("bob", r)
		}},
		"a forged body": {tags: enrolled, want: "only-proposing", play: func(w *world, r record.Record) {
			must(w.t, w.send(w.cfg, r, body(w.t, r, `,"approver":"alice","ticket":"OPS-7","delivery":{"Approver":"alice"}`)))
		}},
		"diagnose's own word": {tags: enrolled, options: []option{edited(letTestsIn)}, want: "only-proposing", play: func(w *world, r record.Record) {
			must(w.t, w.send(w.assume(w.cfg, permission.Diagnose, "approver", ""), r, body(w.t, r, "")))
		}},
		"a session of another's name": {tags: enrolled, play: func(w *world, _ record.Record) {
			_, err := sts.NewFromConfig(w.cfg).AssumeRole(w.t.Context(), &sts.AssumeRoleInput{RoleArn: new("arn:aws:iam::" + account + ":role/keymend-approver"), RoleSessionName: new("alice")})
			if err == nil {
				w.t.Error("admin may be alice")
			}
		}},
		"expired": {tags: enrolled, want: "approval-expired", play: func(w *world, r record.Record) {
			// A message of the same target, in flight, holds the approval back.
			must(w.t, w.send(w.cfg, r, `{"none of":"Keymend's"}`))
			_, err := w.sqs.ReceiveMessage(w.t.Context(), &sqs.ReceiveMessageInput{QueueUrl: new(w.url + "/" + account + "/keymend-changes.fifo"), VisibilityTimeout: 2 * 60 * 60})
			must(w.t, err)
			w.approves("alice", r)
			w.box.Advance(3 * time.Hour)
		}},
		"a key that isn't enrolled any more": {tags: enrolled, want: "not-consented", play: func(w *world, r record.Record) {
			_, err := w.kms.UntagResource(w.t.Context(), &kms.UntagResourceInput{KeyId: &r.Key, TagKeys: []string{"keymend"}})
			must(w.t, err)
			w.approves("alice", r)
		}},
		"a key that never was": {want: "not-consented", play: func(w *world, r record.Record) { w.approves("alice", r) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, append(tc.options, with("Mode", "propose"))...)
			w.broken("web-prod", w.key(rootOnly, tc.tags))
			w.box.Advance(5 * time.Minute)
			tc.play(w, w.proposal("web-prod"))
			w.box.Advance(10 * time.Minute)
			if r := w.ended(); w.writes() != tc.writes || (tc.want == "") != (r.Verdict == nil) || r.Verdict != nil && string(r.Verdict.Reason) != tc.want {
				t.Errorf("%d writes, %s %+v\n%v", w.writes(), r.Reason, r.Verdict, w.story())
			}
		})
	}
}

// TestNothingIsApprovedWhereKeymendObserves: there is no proposal that a person could name,
// and what comes from the approver's role all the same opens nothing.
func TestNothingIsApprovedWhereKeymendObserves(t *testing.T) {
	t.Parallel()
	w := newWorld(t, with("Mode", "observe"))
	w.broken("web-prod", w.key(rootOnly, enrolled))
	w.box.Advance(5 * time.Minute)
	r := w.last(outcome.Observed)
	if code, text := w.run(account, w.people("alice"), "approve", plan.RemediationID(r.Digest), "--yes"); r.Proposal != "" || code != 2 || !strings.Contains(text, "has no proposal") {
		t.Errorf("proposal %q; exit %d\n%s", r.Proposal, code, text)
	}
	must(t, w.send(w.assume(w.person("alice"), permission.Approver, "alice", ""), r, body(t, r, "")))
	w.box.Advance(10 * time.Minute)
	if r := w.ended(); w.writes() != 0 || r.Approver != "alice" || r.Verdict == nil || r.Verdict.Reason != "only-observing" {
		t.Errorf("%d writes, %+v\n%v", w.writes(), r, w.story())
	}
}

// approves has a person approve, and fails where that can't be sent.
func (w *world) approves(name string, r record.Record) {
	w.t.Helper()
	if code, text := w.run(account, w.people(name), "approve", r.Proposal, "--yes"); code != 0 {
		w.t.Fatalf("exit %d\n%s", code, text)
	}
}
