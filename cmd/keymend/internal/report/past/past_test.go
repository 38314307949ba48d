package past_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/report/past"
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/access"
	"keymend/pkg/apply/table"
	"keymend/pkg/guard"
	"keymend/pkg/history/archive"
	"keymend/pkg/kind/grant"
	"keymend/pkg/kind/statements"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
)

var update = flag.Bool("update", false, "write the golden files")

const (
	account = "111122223333"
	region  = "eu-west-1"
	keyARN  = "arn:aws:kms:" + region + ":" + account + ":key/1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d"
	role    = "arn:aws:iam::" + account + ":role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
	root    = `{"Sid":"EnableRoot","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"kms:*","Resource":"*"}`
)

func now() time.Time { return time.Date(2026, time.March, 2, 9, 41, 0, 0, time.UTC) }

// onPage holds a page to a golden file, and to 80 columns but for what is pasted.
func onPage(t *testing.T, name string, show func(*screen.Page)) {
	t.Helper()
	var out bytes.Buffer
	page := screen.New(&out, false)
	show(page)
	if err := page.Flush(); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		whole := strings.Contains(line, " keymend ") || strings.Contains(line, "arn:") || strings.Contains(line, "…")
		if line = strings.TrimRight(line, "\n"); !whole && utf8.RuneCountInString(line) > 80 || strings.ContainsAny(line, "\x1b\r") {
			t.Errorf("%s: %q has %d columns", name, line, utf8.RuneCountInString(line))
		}
	}
	path := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Errorf("%s (-golden +shown):\n%s", name, diff)
	}
}

// written are the records of a change by the functions, a minute after each other, until
// the group launched.
func written(id string, n int) []record.Record {
	at := now().Add(time.Duration(n) * time.Hour)
	base := record.Record{
		Schema: record.Schema, ID: "f-" + id, RemediationID: "r-" + id, RequestID: "request", Account: account, Region: region, Group: "web-prod",
		Key: keyARN, Alias: "alias/platform-ebs", KeyState: "Enabled", Failed: at.Add(-time.Minute).Format(time.RFC3339), Version: "v1.2.3", Settings: strings.Repeat("a1", 32),
		Message: "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state", Mode: "enforce", Consent: "tag keymend=remediate on the key",
		Because: record.Lines{"/dev/xvda: Encrypted without KmsKeyId in lt-0c11aa22 v17, so the account's default EBS key"}, Principal: role,
		Missing: record.Missing{access.Denied: {"CreateGrant", "GenerateDataKeyWithoutPlaintext"}}, Decision: access.Denied,
		NearMisses: record.Misses{{Source: "#0", Reason: "root-delegates-to-iam", Text: `#0 "EnableRoot" delegates to IAM policies; the service-linked role has none`}},
		Steps:      record.Steps{added(root, root, ours(role))},
	}
	found, intent, proof := base, base, base
	found.Phase, found.Outcome, found.Reason, found.Time = record.Finding, outcome.Sent, "The key's owner enrolled it.", at
	intent.Phase, intent.Time, intent.Session = record.Intent, at.Add(2*time.Second), "keymend-r-"+id
	intent.Undo = record.Steps{statements.Remove{Key: keyARN, Principal: role, Sids: []string{"KeymendUse"}}}
	done := intent
	done.Phase, done.Outcome, done.Time, done.Proof = record.Result, outcome.Fixed, at.Add(5*time.Second), &record.ProofOf{EqualReads: 5, Decision: access.Allowed}
	step := done.Steps[0].(statements.Add)
	done.Before, done.After = step.Before, step.After
	proof.Phase, proof.Outcome, proof.Time, proof.Steps = record.Proof, outcome.Recovered, at.Add(3*time.Minute), nil
	proof.Proof = &record.ProofOf{Instances: record.Lines{"i-0a1b2c3d4e5f60718", "i-0a1b2c3d4e5f60719"}, Recovered: &record.Recovered{SinceFailure: 240, SinceFix: 175}}
	return []record.Record{found, intent, done, proof}
}

func ours(principal string) string {
	return `{"Sid":"KeymendUse","Effect":"Allow","Principal":{"AWS":["` + principal + `"]},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"*"}`
}

func added(before string, after ...string) statements.Add {
	whole := func(all ...string) string {
		return `{"Version":"2012-10-17","Statement":[` + strings.Join(all, ",") + `]}`
	}
	return statements.Add{Key: keyARN, Principal: role, Before: whole(before), After: whole(after...), Added: []string{"{}"}, Sids: []string{"KeymendUse"}}
}

// undone are the records of taking a change back.
func undone(of []record.Record) []record.Record {
	intent := of[2]
	intent.Phase, intent.Outcome, intent.Reason, intent.RequestID, intent.Proof = record.Intent, "", record.UndoAsked, "", nil
	intent.Steps, intent.Time = intent.Undo, intent.Time.Add(time.Hour)
	done := intent
	done.Phase, done.Outcome, done.Reason, done.Time, done.Undo = record.Result, outcome.Undone, "", intent.Time.Add(time.Second), nil
	done.Before, done.After = of[2].After, of[2].Before
	return append(of, intent, done)
}

// changed changes records of a story.
func changed(of []record.Record, change func(i int, r *record.Record)) []record.Record {
	for i := range of {
		change(i, &of[i])
	}
	return of
}

// proposal is a finding that waits for a person.
func proposal(id string, n int) []record.Record {
	return changed(written(id, n)[:1], func(_ int, r *record.Record) {
		r.Outcome, r.RemediationID, r.Proposal, r.Mode, r.Reason = outcome.Proposed, "", "r-"+id, "propose", "A person has to approve (mode: propose)."
		r.Group, r.Alias, r.Consent = "a-group-with-a-name-that-is-longer-than-any-column", "", ""
	})
}

// takenAway are records of a change that somebody else took away.
func takenAway(id string, n int) []record.Record {
	of := written(id, n)
	gone := of[0]
	gone.Outcome, gone.RemediationID, gone.Time, gone.Verdict = outcome.TakenAway, "", of[3].Time.Add(time.Hour), &guard.Verdict{Gone: "r-" + id}
	gone.Reason = "2 statements added (r-" + id + "): somebody took it away.\nAs code:\nresource \"aws_kms_key_policy\" \"x\" {}"
	return append(of, gone)
}

// archived are records of version 1.
func archived(t *testing.T) []record.Record {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "..", "pkg", "record", "testdata", "v1", "records.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var out []record.Record
	for line := range strings.Lines(string(text)) {
		r, ok, err := record.Parse([]byte(line), table.Kinds().Kinds())
		if err != nil || !ok {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

const hostile = "web\x1b[2J\nread      all is well\u202e; rm -rf ~"

func TestShowPast(t *testing.T) {
	t.Setenv("TZ", "UTC")
	all := written("0000000000000001", 0)
	all = append(all, undone(written("0000000000000002", 2))...)
	all = append(all, takenAway("0000000000000003", 4)...)
	all = append(all, written("0000000000000004", 6)[:2]...)
	all = append(all, proposal("0000000000000005", 7)...)
	all = append(all, changed(written("0000000000000006", 8)[:3], func(_ int, r *record.Record) {
		r.Account, r.Region, r.Hub = "444455556666", "us-east-1", account+" "+region
		r.Steps = append(r.Steps, grant.Create{Key: keyARN})
	})...)
	all = append(all, changed(written("0000000000000007", 9)[:3], func(i int, r *record.Record) {
		if r.Phase == record.Result {
			r.Outcome = outcome.NotPermitted
		}
		r.Group = hostile
	})...)
	all = append(all, record.Record{ID: "w-2fa804d3-4473-4795-ab72-dfba7e0b6867", Phase: record.Finding, Outcome: outcome.UnexplainedWrite, Account: account, Region: region, Key: keyARN, Time: now().Add(10 * time.Hour)})
	here := report.Place{Account: account, Region: region, Profile: "prod"}
	list := past.List{
		Entries: archive.Wanted{}.Choose(archive.Entries(all)), Since: now().Add(-24 * time.Hour), Oldest: now(), Place: here, Now: now().Add(20 * time.Hour),
		Sources: []past.Source{{Name: "log group /aws/lambda/keymend-remediate"}, {Name: "/home/me/keymend-audit.jsonl", Bad: 1}},
	}
	onPage(t, "history", list.Show)
	group := list
	group.About, group.More, group.Entries = "web-prod", 3, archive.Wanted{Group: "web-prod"}.Choose(archive.Entries(all))[:2]
	group.Sources = []past.Source{{Name: "log group /aws/lambda/keymend-remediate", Unread: "it may not be read: AWS refuses logs:FilterLogEvents"}}
	onPage(t, "history-group", group.Show)
	none := past.List{About: hostile, Since: now(), Place: here, Sources: []past.Source{{Name: "log group x", Unread: "it isn't there"}}}
	onPage(t, "history-none", none.Show)
	old := past.List{Entries: archive.Wanted{All: true}.Choose(archive.Entries(archived(t))), Since: now(), Oldest: now(), Place: here, Now: now()}
	onPage(t, "history-v1", old.Show)
}

func TestShowRecord(t *testing.T) {
	t.Setenv("TZ", "UTC")
	here := report.Place{Account: account, Region: region, Profile: "prod"}
	other := func(i int, r *record.Record) {
		r.Approver, r.Ticket, r.Hub, r.Account = "alice", "OPS-7", "999988887777 eu-west-1", "444455556666"
		r.Steps = record.Steps{grant.Create{Key: keyARN, Principal: role, Why: "the key belongs to another account"}}
		if r.Phase == record.Result {
			r.Undo = record.Steps{grant.Revoke{GrantID: "g"}}
			r.Before, r.After = "", ""
		}
	}
	for name, tc := range map[string]struct {
		records  []record.Record
		id       string
		policies bool
	}{
		"service":  {records: written("0000000000000001", 0)},
		"begun":    {records: written("0000000000000001", 0)[:2]},
		"undone":   {records: undone(written("0000000000000001", 0)), policies: true},
		"gone":     {records: takenAway("0000000000000001", 0)},
		"proposal": {records: proposal("0000000000000001", 0)},
		"member":   {records: changed(written("0000000000000001", 0)[:3], other)},
		"extended": {records: changed(written("0000000000000001", 0)[:3], func(_ int, r *record.Record) {
			step := added(root+","+ours(role), root, strings.Replace(ours(role), `"]}`, `","`+role+`_payments"]}`, 1))
			r.Steps, r.Before, r.After = record.Steps{step}, step.Before, step.After
		})},
		"person": {records: changed(written("0000000000000001", 0)[:3], func(_ int, r *record.Record) {
			r.RequestID, r.Verdict = "", &guard.Verdict{Reason: guard.PersonDecided, Text: "a person asked for it, with their own credentials, though the key isn't enrolled"}
		})},
		"hostile": {records: changed(written("0000000000000001", 0), func(_ int, r *record.Record) {
			r.Group, r.Alias, r.Message, r.Approver, r.Ticket, r.Reason = hostile, "alias/"+hostile, hostile, hostile, hostile, hostile
		})},
		"finding": {records: archived(t), id: "f-fff766e43110c47a"},
		"v1":      {records: archived(t), id: "r-b61801645df92eee"},
	} {
		for _, e := range archive.Entries(tc.records) {
			if e.ID == tc.id || tc.id == "" && strings.HasPrefix(e.ID, "r-") {
				s := past.Record{Entry: e, Place: here, Policies: tc.policies, Sources: []past.Source{{Name: "log group /aws/lambda/keymend-remediate"}}, From: []string{"--file", "/tmp/it's.jsonl"}}
				onPage(t, "show-"+name, s.Show)
			}
		}
	}
}
