package remediation_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"keymend/pkg/access"
	"keymend/pkg/apply"
	"keymend/pkg/guard"
	"keymend/pkg/keypolicy"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
	"keymend/pkg/settings"
)

func TestRemediateOpensTheKeyAndUndoClosesIt(t *testing.T) {
	t.Parallel()
	w := newWorld()
	m := w.message(t)
	w.records = nil
	w.before["Put"] = func() {
		if len(w.records) != 1 || w.records[0].Phase != record.Intent {
			t.Errorf("written before the intent was on record: %v", outcomes(w.records))
		}
	}
	r, err := w.fixer().Remediate(t.Context(), m)
	if err != nil || r.Outcome != outcome.Fixed || w.puts != 1 {
		t.Fatalf("%s %s, %d writes, %v", r.Outcome, r.Reason, w.puts, err)
	}
	if diff := cmp.Diff([]string{"intent:", "outcome:fixed"}, outcomes(w.records)); diff != "" {
		t.Error(diff)
	}
	if w.records[0].RemediationID != r.RemediationID || r.RemediationID == "" || r.Before != rootOnly || r.After != w.policy {
		t.Errorf("%+v", r)
	}
	if r.Proof.EqualReads != 3 || r.Proof.Decision != access.Allowed || r.Session != "keymend-"+r.RemediationID || r.OthersAffected != 0 {
		t.Errorf("%+v", r)
	}
	if s := w.opened[0]; s.Action != "kms:PutKeyPolicy" || s.Target != keyARN || s.Name != r.Session || s.Account != accountID || s.Region != region {
		t.Errorf("session: %+v", s)
	}

	delete(w.before, "Put")
	u, err := w.fixer().Undo(t.Context(), r)
	if err != nil || u.Outcome != outcome.Undone || w.policy != rootOnly || u.RemediationID != r.RemediationID {
		t.Errorf("%s, %v: %s", u.Outcome, err, w.policy)
	}
	if u, err = w.fixer().Undo(t.Context(), r); err != nil || !strings.Contains(u.Reason, "already") || w.puts != 2 {
		t.Errorf("a second undo: %s, %v, %d writes", u.Reason, err, w.puts)
	}
}

func TestUndoLeavesWhatOthersEdited(t *testing.T) {
	t.Parallel()
	w := newWorld()
	r, err := w.fixer().Remediate(t.Context(), w.message(t))
	if err != nil {
		t.Fatal(err)
	}
	theirs := `{"Sid":"Theirs","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/t"},"Action":"kms:Sign","Resource":"*"}`
	with := func(policy string) string {
		return strings.Replace(policy, `"Statement":[`, `"Statement":[`+theirs+",", 1)
	}
	w.policy = with(w.policy)
	if _, err := w.fixer().Undo(t.Context(), r); err != nil || w.policy != with(rootOnly) {
		t.Errorf("%v: %s", err, w.policy)
	}
}

// One of the two statements stood there before, by someone's hand: undo takes
// away the one that Keymend added, and nothing else.
func TestUndoLeavesWhatStoodBefore(t *testing.T) {
	t.Parallel()
	w := newWorld()
	use := `,{"Sid":"KeymendUse","Effect":"Allow","Principal":{"AWS":"` + slr + `"},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"*"}]`
	w.policy = strings.Replace(rootOnly, "]", use, 1)
	before := w.policy
	r, err := w.fixer().Remediate(t.Context(), w.message(t))
	if err != nil || r.Outcome != outcome.Fixed || w.policy == before {
		t.Fatalf("%s, %v", r.Outcome, err)
	}
	if _, err := w.fixer().Undo(t.Context(), r); err != nil || w.policy != before {
		t.Errorf("%v: %s", err, w.policy)
	}
}

// Someone changed Keymend's statement since, so that it is theirs: undo leaves it,
// and doesn't say that the access is gone.
func TestUndoSaysWhatStays(t *testing.T) {
	t.Parallel()
	w := newWorld()
	r, err := w.fixer().Remediate(t.Context(), w.message(t))
	if err != nil {
		t.Fatal(err)
	}
	w.policy = strings.Replace(w.policy, `"kms:Encrypt",`, "", 1)
	for range 2 {
		u, err := w.fixer().Undo(t.Context(), r)
		if err != nil || !strings.Contains(u.Reason, `"KeymendUse"`) || strings.Contains(u.Reason, "KeymendCreateGrant") || !strings.Contains(w.policy, "KeymendUse") {
			t.Errorf("%q, %v: %s", u.Reason, err, w.policy)
		}
	}
}

func TestUndoOfGrant(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.tags["aws:cloudformation:stack-name"] = "keys"
	r, err := w.fixer().Remediate(t.Context(), w.message(t))
	if err != nil || r.Outcome != outcome.Fixed || w.puts != 0 || len(w.grants) != 1 {
		t.Fatalf("%s, %v", r.Outcome, err)
	}
	if u, err := w.fixer().Undo(t.Context(), r); err != nil || u.Outcome != outcome.Undone || len(w.grants) != 0 {
		t.Errorf("%s, %v", u.Outcome, err)
	}
}

// TestUndoEndsNobodysGrant: an id in a record may be that of anybody's grant.
func TestUndoEndsNobodysGrant(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"RevokeGrant", "RetireGrant"} {
		w := newWorld()
		w.grants = []access.Grant{{ID: "g0", Name: "backup", GranteePrincipal: slr}}
		r := parsed(t, `{"schema":"`+record.Schema+`","remediationId":"r-0123456789abcdef","account":"`+accountID+`","key":"`+keyARN+`","undo":"[{\"type\":\"`+kind+`\",\"grantId\":\"g0\",\"grant\":{\"key\":\"`+keyARN+`\",\"principal\":\"`+slr+`\"}}]"}`)
		if _, err := w.fixer().Undo(t.Context(), r); err == nil || !strings.Contains(err.Error(), "isn't Keymend's") || len(w.grants) != 1 {
			t.Errorf("%s: %v, %d grants left", kind, err, len(w.grants))
		}
		if _, _, err := w.fixer().Preview(t.Context(), r); err == nil {
			t.Errorf("%s: shown as if it took something back", kind)
		}
	}
}

func TestUndoOfWhatIsNone(t *testing.T) {
	t.Parallel()
	for name, undo := range map[string]string{
		"none": `null`, "empty": `{}`, "another key": `{"removeStatements":{"key":"arn:other","principal":"` + slr + `"}}`,
		"no principal": `{"removeStatements":{"key":"` + keyARN + `"}}`, "no grant": `{"revokeGrant":{"key":"` + keyARN + `"}}`,
		"two at once":            `{"removeStatements":{"key":"` + keyARN + `"},"revokeGrant":{"key":"` + keyARN + `"}}`,
		"no steps":               `"[]"`,
		"no principal, of today": `"[{\"type\":\"RemoveStatements\",\"key\":\"` + keyARN + `\"}]"`,
		"no grant, of today":     `"[{\"type\":\"RevokeGrant\",\"grant\":{\"key\":\"` + keyARN + `\",\"principal\":\"` + slr + `\"}}]"`,
		"of a kind to come":      `"[{\"type\":\"DeleteKey\",\"key\":\"` + keyARN + `\"}]"`,
	} {
		schema := record.Schema
		if !strings.HasPrefix(undo, `"`) {
			schema = "keymend.audit/1"
		}
		w := newWorld()
		w.grants = []access.Grant{{ID: "g0", GranteePrincipal: slr}} // a service's, say: it has no name
		r := parsed(t, `{"schema":"`+schema+`","account":"`+accountID+`","key":"`+keyARN+`","undo":`+undo+`}`)
		if _, err := w.fixer().Undo(t.Context(), r); err == nil || w.writes() != 0 || len(w.grants) != 1 || len(w.records) != 0 {
			t.Errorf("%s: %v, %v, %d grants left", name, err, outcomes(w.records), len(w.grants))
		}
	}
}

func TestRemediateFollowsTheFacts(t *testing.T) {
	t.Parallel()
	other := strings.Replace(rootOnly, "EnableRoot", "Root", 1)
	theirs := func(policy string) string {
		d, err := keypolicy.Parse(policy)
		if err != nil {
			t.Fatal(err)
		}
		edit, err := keypolicy.Allow(d, slr)
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(edit.After, "Keymend", "Someone")
	}
	for name, tc := range map[string]struct {
		since  func(*world) // what changes between diagnose and remediate
		want   []string
		writes int
	}{
		"nothing":                      {func(*world) {}, []string{"intent:", "outcome:fixed"}, 1},
		"the policy":                   {func(w *world) { w.policy = other }, []string{"outcome:superseded", "intent:", "outcome:fixed"}, 1},
		"consent":                      {func(w *world) { w.tags = nil }, []string{"outcome:proposed"}, 0},
		"consent, to ignore":           {func(w *world) { w.tags["keymend"] = "ignore" }, []string{"outcome:refused"}, 0},
		"policy and consent":           {func(w *world) { w.policy, w.tags = other, nil }, []string{"outcome:superseded", "outcome:proposed"}, 0},
		"the switch":                   {func(w *world) { w.sw = guard.SwitchOff }, []string{"outcome:proposed"}, 0},
		"someone else mended it":       {func(w *world) { w.policy = theirs(w.policy) }, []string{"outcome:superseded"}, 0},
		"the key was disabled":         {func(w *world) { w.state = "Disabled" }, []string{"outcome:superseded"}, 0},
		"the launch takes another key": {func(w *world) { w.launch.Keys = nil }, []string{"outcome:superseded"}, 0},
		"the group is gone":            {func(w *world) { w.launch.Group = "x" }, []string{"outcome:ignored"}, 0},
		"reading was forbidden":        {func(w *world) { w.fail["Role"] = denied("iam:GetRole") }, []string{"outcome:not-permitted"}, 0},
		"writing was forbidden":        {func(w *world) { w.fail["Put"] = denied("kms:PutKeyPolicy") }, []string{"intent:", "outcome:not-permitted"}, 0},
		"KMS refuses the policy": {func(w *world) { w.fail["Put"] = &types.MalformedPolicyDocumentException{Message: new("lockout")} },
			[]string{"intent:", "outcome:failed", "intent:", "outcome:fixed"}, 1},
		"reading was forbidden after the write": {func(w *world) {
			w.before["Key"] = func() {
				if w.puts > 0 {
					w.fail["Key"] = denied("kms:DescribeKey")
				}
			}
		}, []string{"intent:", "outcome:unproven"}, 1},
		"the write doesn't show": {func(w *world) {
			stale := w.policy
			w.before["Key"] = func() {
				if w.puts > 0 {
					w.policy = stale
				}
			}
		}, []string{"intent:", "outcome:unproven"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			m := w.message(t)
			w.records = nil
			tc.since(w)
			r, err := w.fixer().Remediate(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, outcomes(w.records)); diff != "" || w.writes() != tc.writes {
				t.Errorf("%d writes, %s: %s", w.writes(), r.Reason, diff)
			}
			for _, r := range w.records {
				if r.RemediationID == "" && r.Outcome != outcome.Ignored && r.Outcome != outcome.NotPermitted {
					t.Errorf("no remediation id: %+v", r)
				}
			}
		})
	}
}

// What AWS says of the policy that refused Keymend's own role is in the record:
// a service control policy is for another team than a key policy.
func TestARefusedWriteNamesThePolicy(t *testing.T) {
	t.Parallel()
	for tail, want := range map[string]string{
		" with an explicit deny in a service control policy":                   "AWS refused kms:PutKeyPolicy: an explicit deny in a service control policy: ",
		" because no permissions boundary allows the kms:PutKeyPolicy action":  "AWS refused kms:PutKeyPolicy: no permissions boundary allows it: ",
		" because no resource-based policy allows the kms:PutKeyPolicy action": "AWS refused kms:PutKeyPolicy: no resource-based policy allows it: ",
		"": "AWS refused kms:PutKeyPolicy: ",
	} {
		w := newWorld()
		m := w.message(t)
		w.fail["Put"] = &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "User: x is not authorized to perform: kms:PutKeyPolicy on resource: y" + tail}
		r, err := w.fixer().Remediate(t.Context(), m)
		if err != nil || r.Outcome != outcome.NotPermitted || !strings.HasPrefix(r.Reason, want) {
			t.Errorf("%s, %v: %s", r.Outcome, err, r.Reason)
		}
	}
}

// TestAnEditInBetweenIsPlannedFor: somebody edits the policy between plan and write.
// Nothing is written over it: it is looked at again, and what is planned by then is
// carried out. Who edits each time is given up on, and the message comes again.
func TestAnEditInBetweenIsPlannedFor(t *testing.T) {
	t.Parallel()
	for _, edits := range []int{1, 100} {
		w := newWorld()
		m := w.message(t)
		w.records = nil
		m.Delivery.Receives = 1
		n := 0
		w.before["Get"] = func() {
			if n++; n <= edits {
				w.policy = strings.Replace(w.policy, `"Statement":[`, fmt.Sprintf(`"Statement":[{"Sid":"Theirs%d","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:Decrypt","Resource":"*"},`, n), 1)
			}
		}
		r, err := w.fixer().Remediate(t.Context(), m)
		if edits == 1 {
			if err != nil || r.Outcome != outcome.Fixed || w.writes() != 1 || !strings.Contains(w.policy, "Theirs1") {
				t.Errorf("%s, %v, %d writes: %s", r.Outcome, err, w.writes(), w.policy)
			}
			if diff := cmp.Diff([]string{"intent:", "outcome:superseded", "intent:", "outcome:fixed"}, outcomes(w.records)); diff != "" {
				t.Error(diff)
			}
			continue
		}
		if !errors.Is(err, apply.ErrSuperseded) || w.writes() != 0 || r.Outcome != outcome.Superseded {
			t.Errorf("%s, %v, %d writes", r.Outcome, err, w.writes())
		}
	}
}

func TestNoIntentNoWrite(t *testing.T) {
	t.Parallel()
	w := newWorld()
	m := w.message(t)
	w.noteErr = func(record.Record) error { return errors.New("disk full") }
	if _, err := w.fixer().Remediate(t.Context(), m); err == nil || w.writes() != 0 {
		t.Errorf("%v, %d writes", err, w.writes())
	}
}

// The function dies between the write and its record: the next delivery writes
// nothing, and records under the same id what stands, and how it is taken back. Who
// wrote it nothing tells, and nothing is claimed.
func TestCrashBetweenWriteAndRecord(t *testing.T) {
	t.Parallel()
	for _, own := range []settings.OwnKey{settings.OwnKeyPolicy, settings.OwnKeyGrant} {
		w := newWorld()
		x := w.fixer(func(x *remediation.Fixer) { x.Settings.OwnKey = own })
		w.diagnose(t, x)
		m := wired(t, w.sent[0])
		w.noteErr = killedAtTheOutcome
		if _, err := x.Remediate(t.Context(), m); err == nil || w.writes() != 1 {
			t.Fatalf("%s: %v, %d writes", own, err, w.writes())
		}
		w.noteErr = nil
		r, err := x.Remediate(t.Context(), m)
		if err != nil || r.Outcome != outcome.Stands || !strings.Contains(r.Reason, "or somebody else did") || w.writes() != 1 || r.Proof.EqualReads != 3 {
			t.Fatalf("%s: %s %s, %v, %d writes", own, r.Outcome, r.Reason, err, w.writes())
		}
		intent := w.records[slices.IndexFunc(w.records, func(r record.Record) bool { return r.Phase == record.Intent })]
		if intent.RemediationID != r.RemediationID || own == settings.OwnKeyPolicy && r.Before != rootOnly {
			t.Errorf("%s: %+v", own, r)
		}
		if _, err := x.Undo(t.Context(), logged(t, r)); err != nil || w.policy != rootOnly || len(w.grants) != 0 {
			t.Errorf("%s: undo from the completed record: %v", own, err)
		}
	}
}

// killedAtTheOutcome is a log that the function's end keeps from its outcome.
func killedAtTheOutcome(r record.Record) error {
	if r.Phase == record.Result {
		return errors.New("killed")
	}
	return nil
}

// TestNotItsOwn: what another change did isn't claimed by a message that was
// never delivered before.
func TestNotItsOwn(t *testing.T) {
	t.Parallel()
	for _, own := range []settings.OwnKey{settings.OwnKeyPolicy, settings.OwnKeyGrant} {
		w := newWorld()
		e := w.fixer(func(x *remediation.Fixer) { x.Settings.OwnKey = own })
		w.diagnose(t, e)
		m := wired(t, w.sent[0])
		m.Delivery.Receives = 1
		if r, err := e.Remediate(t.Context(), m); err != nil || r.Outcome != outcome.Fixed {
			t.Fatalf("%s: %s, %v", own, r.Outcome, err)
		}
		if r, err := e.Remediate(t.Context(), m); err != nil || r.Outcome != outcome.Superseded || w.writes() != 1 || len(r.Undo) > 0 {
			t.Errorf("%s: %s %s, %v, %d writes", own, r.Outcome, r.Reason, err, w.writes())
		}
	}
}

// The deadline comes during the proof: no outcome is claimed, and the next
// delivery goes on from there.
func TestDeadlineNear(t *testing.T) {
	t.Parallel()
	w := newWorld()
	m := w.message(t)
	w.records = nil
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(time.Second))
	defer cancel()
	if _, err := w.fixer().Remediate(ctx, m); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("err = %v", err)
	}
	if diff := cmp.Diff([]string{"intent:"}, outcomes(w.records)); diff != "" || ctx.Err() != nil {
		t.Errorf("%s (%v)", diff, ctx.Err())
	}
	if r, err := w.fixer().Remediate(t.Context(), m); err != nil || r.Outcome != outcome.Stands || w.writes() != 1 {
		t.Errorf("%s, %v, %d writes", r.Outcome, err, w.writes())
	}
}

func TestTransientWriteComesAgain(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"Launch", "Key", "Get", "Put", "Open"} {
		w := newWorld()
		m := w.message(t)
		w.fail[where] = &smithy.GenericAPIError{Code: "ThrottlingException"}
		if r, err := w.fixer().Remediate(t.Context(), m); err == nil || w.writes() != 0 {
			t.Errorf("%s: %s, %v", where, r.Outcome, err)
		}
		w.fail[where] = nil
		if r, err := w.fixer().Remediate(t.Context(), m); err != nil || r.Outcome != outcome.Fixed || w.writes() != 1 {
			t.Errorf("%s, again: %s, %v", where, r.Outcome, err)
		}
	}
}

// Invariants 3 and 10: any order and any duplication of signals and messages
// ends in the same state, by one write; invariant 7: without enforce and
// consent, by none.
func TestAnyOrderEndsTheSame(t *testing.T) {
	t.Parallel()
	one := newWorld()
	if _, err := one.fixer().Remediate(t.Context(), one.message(t)); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		permitted := rapid.Bool().Draw(t, "permitted")
		e := w.fixer()
		if !permitted {
			if rapid.Bool().Draw(t, "observe") {
				e.Settings.Mode = "observe"
			} else {
				w.tags = nil
			}
		}
		crash := rapid.IntRange(0, 5).Draw(t, "crash")
		w.noteErr = func(r record.Record) error {
			if crash--; crash == 0 {
				return errors.New("killed")
			}
			return nil
		}
		for range rapid.IntRange(1, 12).Draw(t, "events") {
			if len(w.sent) == 0 || rapid.Bool().Draw(t, "signal") {
				_, _ = e.Diagnose(context.Background(), failure())
				continue
			}
			_, _ = e.Remediate(context.Background(), w.sent[rapid.IntRange(0, len(w.sent)-1).Draw(t, "message")])
		}
		for _, m := range w.sent { // every message is delivered in the end
			if _, err := e.Remediate(context.Background(), m); err != nil && crash > 0 {
				t.Fatal(err)
			}
			_, _ = e.Remediate(context.Background(), m)
		}
		if len(w.sent) == 0 {
			if w.policy != rootOnly || w.writes() != 0 {
				t.Fatalf("written without a message: %s", w.policy)
			}
			return
		}
		if !permitted || w.policy != one.policy || w.writes() != 1 {
			t.Fatalf("permitted %t, %d writes, %s", permitted, w.writes(), w.policy)
		}
	})
}

// Two plans for one key, made before and after someone's edit: the first opens
// the key, and the second has written nothing and doesn't say so. Once it comes
// again, who wrote what stands can't be told any more.
func TestOnlyWhatWasWrittenIsClaimed(t *testing.T) {
	t.Parallel()
	w := newWorld()
	first := w.message(t)
	w.policy = strings.Replace(rootOnly, "EnableRoot", "Root", 1)
	second := w.message(t)
	if first.Digest == second.Digest {
		t.Fatal("one plan")
	}
	w.policy = rootOnly
	if r, err := w.fixer().Remediate(t.Context(), first); err != nil || r.Outcome != outcome.Fixed {
		t.Fatal(r.Outcome, err)
	}
	second.Delivery.Receives = 1
	r, err := w.fixer().Remediate(t.Context(), second)
	if err != nil || r.Outcome != outcome.Superseded || r.Before != "" || r.After != "" || len(r.Undo) != 0 || w.writes() != 1 {
		t.Errorf("%s %q, before %q, %v", r.Outcome, r.Reason, r.Before, err)
	}
	second.Delivery.Receives = 2
	r, err = w.fixer().Remediate(t.Context(), second)
	if err != nil || r.Outcome != outcome.Stands || r.Before != "" || r.After != "" || w.writes() != 1 {
		t.Errorf("again: %s %q, before %q, %v", r.Outcome, r.Reason, r.Before, err)
	}
}

// The function dies after the write, and someone edits the policy before the
// message comes again: what stands there can be taken back by the change's id.
func TestCrashThenForeignEdit(t *testing.T) {
	t.Parallel()
	w := newWorld()
	m := w.message(t)
	w.noteErr = killedAtTheOutcome
	if _, err := w.fixer().Remediate(t.Context(), m); err == nil {
		t.Fatal("not killed")
	}
	w.noteErr = nil
	edited := strings.Replace(rootOnly, "EnableRoot", "Root", 1)
	w.policy = strings.Replace(w.policy, "EnableRoot", "Root", 1)
	r, err := w.fixer().Remediate(t.Context(), m)
	if err != nil || r.Outcome != outcome.Stands || r.Before != "" || w.writes() != 1 {
		t.Fatalf("%s %s, before %q, %v", r.Outcome, r.Reason, r.Before, err)
	}
	if _, err := w.fixer().Undo(t.Context(), logged(t, r)); err != nil || w.policy != edited {
		t.Errorf("%v: %s", err, w.policy)
	}
}
