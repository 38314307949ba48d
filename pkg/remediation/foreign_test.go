package remediation_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/access"
	"keymend/pkg/keypolicy"
	"keymend/pkg/kind/grant"
	"keymend/pkg/kind/statements"
	"keymend/pkg/outcome"
	"keymend/pkg/permission"
	"keymend/pkg/plan"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
)

// takes says what a record takes back, in order, and in which accounts.
func takes(t *testing.T, r record.Record) string {
	t.Helper()
	steps, err := remediation.UndoOf(r)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, s := range steps {
		out = append(out, s.Kind()+" in "+s.At().Account)
	}
	return strings.Join(out, ", ")
}

// Both halves, each in its account and by a session of its own; the audit trail
// names both, and the undo brings both accounts back.
func TestForeignKeyIsOpenedInBothAccounts(t *testing.T) {
	t.Parallel()
	b := newBorder()
	m := b.message(t)
	b.records = nil
	r, err := b.fixer().Remediate(t.Context(), m)
	if err != nil || r.Outcome != outcome.Fixed || b.puts != 1 || b.made != 1 {
		t.Fatalf("%s %s, %d, %d, %v", r.Outcome, r.Reason, b.puts, b.made, err)
	}
	if diff := cmp.Diff([]string{"intent:", "outcome:fixed"}, outcomes(b.records)); diff != "" {
		t.Error(diff)
	}
	want := record.Calls{
		{Role: permission.PolicyWriter, Account: ownerID, Action: "kms:PutKeyPolicy", Target: foreignKey},
		{Role: permission.Granter, Account: accountID, Action: "kms:CreateGrant", Target: foreignKey},
	}
	if diff := cmp.Diff(want, r.Writes); diff != "" || r.KeyAccount != ownerID || r.Before != ownerOnly || r.After != b.policy || r.Proof.Decision != access.Allowed {
		t.Errorf("%s %+v", diff, r)
	}
	slices.SortFunc(b.opened, func(x, y remediation.Session) int { return strings.Compare(y.Action, x.Action) }) // side by side
	for i, s := range b.opened {
		if diff := cmp.Diff(want[i], s.Call); diff != "" || s.Name != r.Session || s.Region != region {
			t.Errorf("session %+v: %s", s, diff)
		}
	}
	for _, of := range b.records {
		if got := takes(t, of); got != "RetireGrant in "+accountID+", RemoveStatements in "+ownerID {
			t.Errorf("%s: %s", of.Phase, got)
		}
	}
	if b.tried != 0 {
		t.Error("a policy that can be read was tried")
	}
	u, err := b.fixer().Undo(t.Context(), r)
	if err != nil || u.Outcome != outcome.Undone || b.policy != ownerOnly || len(b.grants) != 0 {
		t.Errorf("%s, %v: %s, %v", u.Outcome, err, b.policy, b.grants)
	}
}

// Half of it is there already: only the other half is done.
func TestOnlyTheMissingHalf(t *testing.T) {
	t.Parallel()
	b := newBorder()
	b.with(byRoot)
	before := b.policy
	r, err := b.fixer().Remediate(t.Context(), b.message(t))
	if err != nil || r.Outcome != outcome.Fixed || b.puts != 0 || b.made != 1 || takes(t, r) != "RetireGrant in "+accountID {
		t.Fatalf("%s %s, %d, %d, %v", r.Outcome, r.Reason, b.puts, b.made, err)
	}
	if u, err := b.fixer().Undo(t.Context(), r); err != nil || u.Outcome != outcome.Undone || b.policy != before || len(b.grants) != 0 {
		t.Errorf("%s, %v", u.Outcome, err)
	}
}

// Everything that can be known of an account that isn't onboarded is whether KMS
// would make the grant: diagnose, which may not ask, hands on; remediate asks,
// and proves by asking again.
func TestAnAccountThatIsNotOnboarded(t *testing.T) {
	t.Parallel()
	b := newBorder()
	b.hidden = true
	b.with(byRoot)
	before := b.policy
	m := b.message(t)
	if b.tried != 0 || b.records[0].Verdict.Allowed || !b.records[0].Verdict.Try || b.records[0].Outcome != outcome.Sent {
		t.Errorf("%d tries, %+v", b.tried, b.records[0].Verdict)
	}
	r, err := b.fixer().Remediate(t.Context(), m)
	if err != nil || r.Outcome != outcome.Fixed || b.tried != 1 || b.made != 1 || b.puts != 0 || r.Proof.GrantID != "g1" || r.Proof.Decision != access.Unknown {
		t.Fatalf("%s %s, %d tries, %v, %+v", r.Outcome, r.Reason, b.tried, err, r.Proof)
	}
	// The same again, as an event and as a message, changes nothing.
	sent := len(b.sent)
	if d := b.diagnose(t, b.looker()); d.Outcome != outcome.NoFix || d.Plan.NoFix.Reason != plan.NotKnown || len(b.sent) != sent {
		t.Errorf("%s %s", d.Outcome, d.Reason)
	}
	if again, err := b.fixer().Remediate(t.Context(), m); err != nil || again.Outcome != outcome.Stands || b.made != 1 || again.RemediationID != r.RemediationID {
		t.Errorf("%s %s, %v", again.Outcome, again.Reason, err)
	}
	if u, err := b.fixer().Undo(t.Context(), r); err != nil || u.Outcome != outcome.Undone || len(b.grants) != 0 || b.policy != before {
		t.Errorf("%s, %v", u.Outcome, err)
	}
}

// KMS refuses the trial: nothing is written, and the owner gets the statements.
// Once they are there, verbatim, the next event finishes.
func TestTheOwnerIsTold(t *testing.T) {
	t.Parallel()
	b := newBorder()
	b.hidden = true
	r, err := b.fixer().Remediate(t.Context(), b.message(t))
	if err != nil || r.Outcome != outcome.NoFix || b.writes() != 0 || r.Plan.ForOwner == nil || !strings.Contains(r.Reason, "KeymendCreateGrantBy"+accountID) {
		t.Fatalf("%s %s, %v", r.Outcome, r.Reason, err)
	}
	if !slices.Equal(outcomes(b.records), []string{"finding:sent", "outcome:no-fix"}) {
		t.Errorf("%v", outcomes(b.records))
	}
	b.with(strings.Join(r.Plan.ForOwner.Statements, ","))
	if r, err = b.fixer().Remediate(t.Context(), b.message(t)); err != nil || r.Outcome != outcome.Fixed || b.made != 1 || b.puts != 0 {
		t.Errorf("%s %s, %v", r.Outcome, r.Reason, err)
	}
}

// Without consent nothing is sent, and the proposal holds what the owner would
// add; where consent goes between the two steps, the second isn't made, and the
// first can be taken back.
func TestForeignConsent(t *testing.T) {
	t.Parallel()
	for name, ruin := range map[string]func(*border, *remediation.Looker){
		"no tag":             func(b *border, _ *remediation.Looker) { b.tags = nil },
		"another account":    func(b *border, _ *remediation.Looker) { b.tags["keymend-accounts"] = "777788889999" },
		"account not listed": func(_ *border, l *remediation.Looker) { l.Settings.Accounts = nil },
		"only a person's word": func(b *border, l *remediation.Looker) {
			b.tags, l.Person.ARN = nil, "arn:aws:iam::111122223333:user/me"
		},
	} {
		b := newBorder()
		l := b.looker()
		ruin(b, l)
		if d := b.diagnose(t, l); d.Outcome != outcome.Proposed || len(b.sent) != 0 || !strings.Contains(d.Reason, "KeymendUseBy"+accountID) {
			t.Errorf("%s: %s %s", name, d.Outcome, d.Reason)
		}
	}
	b := newBorder()
	m := b.message(t)
	dead := false
	b.killed = func(op string) error {
		if op == "after Put" {
			b.tags["keymend"], dead = "ignore", true
		}
		if dead {
			return throttled()
		}
		return nil
	}
	if _, err := b.fixer().Remediate(t.Context(), m); err == nil || b.puts != 1 {
		t.Fatal(err)
	}
	r, err := b.fixer().Remediate(t.Context(), m)
	if err != nil || r.Outcome != outcome.Refused || b.made != 0 || r.RemediationID != plan.RemediationID(m.Digest) {
		t.Fatalf("%s %s, %v", r.Outcome, r.Reason, err)
	}
	b.killed = func(string) error { return nil }
	if u, err := b.fixer().Undo(t.Context(), r); err != nil || u.Outcome != outcome.Undone || b.policy != ownerOnly {
		t.Errorf("%s, %v: %s", u.Outcome, err, b.policy)
	}
}

// Wherever the function ends, the next delivery goes on under the same id to the
// same end, and the last record takes all of it back. So does the intent alone,
// where nothing after it got into the log.
func TestForeignChangeSurvivesEveryEnd(t *testing.T) {
	t.Parallel()
	for _, hidden := range []bool{false, true} {
		one := newBorder()
		one.hidden = hidden
		if hidden {
			one.with(byRoot)
		}
		if _, err := one.fixer().Remediate(t.Context(), one.message(t)); err != nil {
			t.Fatal(err)
		}
		for end := 1; ; end++ {
			b := newBorder()
			if b.hidden = hidden; hidden {
				b.with(byRoot)
			}
			start := b.policy
			m := b.message(t)
			b.records = nil
			n := 0
			b.killed = func(string) error {
				if n++; n >= end { // and nothing after it
					return throttled()
				}
				return nil
			}
			b.noteErr = func(record.Record) error { return b.killed("") }
			_, err := b.fixer().Remediate(t.Context(), m)
			want := outcome.Fixed // the rest is done now
			if len(b.grants) == 1 {
				want = outcome.Stands // all of it stood already
			}
			if err == nil {
				if end < 4 {
					t.Errorf("only %d ends", end)
				}
				break
			}
			b.killed = func(string) error { return nil }
			r, err := b.fixer().Remediate(t.Context(), m)
			if err != nil || r.Outcome != want || b.policy != one.policy || len(b.grants) != 1 || b.made != 1 || b.puts != one.puts || r.RemediationID != plan.RemediationID(m.Digest) {
				t.Fatalf("hidden %t, end %d: %s %s, %v, %d writes: %s", hidden, end, r.Outcome, r.Reason, err, b.writes(), b.policy)
			}
			for _, of := range []record.Record{r, b.records[0]} { // the outcome, or else the first intent
				policy, grants := b.policy, slices.Clone(b.grants)
				if u, err := b.fixer().Undo(t.Context(), logged(t, of)); err != nil || u.Outcome != outcome.Undone || b.policy != start || len(b.grants) != 0 {
					t.Fatalf("hidden %t, end %d, by the %s: %s, %v: %s, %v", hidden, end, of.Phase, u.Outcome, err, b.policy, b.grants)
				}
				b.policy, b.grants = policy, grants
			}
		}
	}
}

// KMS may not know the policy at once that was just written: it is asked again,
// a few times, and no longer.
func TestTheGrantWaitsForThePolicy(t *testing.T) {
	t.Parallel()
	for slow, want := range map[int]outcome.Outcome{3: outcome.Fixed, 100: outcome.NotPermitted} {
		b := newBorder()
		m := b.message(t)
		b.slow = slow
		r, err := b.fixer().Remediate(t.Context(), m)
		if err != nil || r.Outcome != want || b.puts != 1 {
			t.Fatalf("%d: %s %s, %v", slow, r.Outcome, r.Reason, err)
		}
		if want == outcome.Fixed {
			continue
		}
		if takes(t, r) != "RemoveStatements in "+ownerID {
			t.Errorf("what stands can't be taken back: %s", r.Undo)
		}
		b.slow = 0 // a later event goes on from there
		if r, err := b.fixer().Remediate(t.Context(), b.message(t)); err != nil || r.Outcome != outcome.Fixed || b.puts != 1 || b.made != 1 {
			t.Errorf("%s %s, %v", r.Outcome, r.Reason, err)
		}
	}
}

// A person has credentials of one account: each part goes with those of its own,
// in either order, and a stranger's edit in between stays.
func TestForeignUndoByTwoPeople(t *testing.T) {
	t.Parallel()
	for _, order := range [][]string{{accountID, ownerID}, {ownerID, accountID}} {
		b := newBorder()
		r, err := b.fixer().Remediate(t.Context(), b.message(t))
		if err != nil {
			t.Fatal(err)
		}
		b.with(`{"Sid":"Stranger","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:role/t"},"Action":"kms:Sign","Resource":"*"}`)
		for i, who := range order {
			b.mine = who
			u, err := b.fixer().Undo(t.Context(), r)
			want := []outcome.Outcome{outcome.PartlyUndone, outcome.Undone}[i]
			if err != nil || u.Outcome != want || (len(u.Undo) > 0) != (i == 0) {
				t.Errorf("%v, %s: %s %s, %v", order, who, u.Outcome, u.Reason, err)
			}
			r = u
		}
		edited := newBorder()
		edited.with(`{"Sid":"Stranger","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:role/t"},"Action":"kms:Sign","Resource":"*"}`)
		if b.policy != edited.policy || len(b.grants) != 0 {
			t.Errorf("%v: %s, %v", order, b.policy, b.grants)
		}
	}
	b := newBorder()
	r, err := b.fixer().Remediate(t.Context(), b.message(t))
	if err != nil {
		t.Fatal(err)
	}
	b.mine = "777788889999"
	if u, err := b.fixer().Undo(t.Context(), r); err == nil || u.Outcome != outcome.Failed || takes(t, u) != takes(t, r) {
		t.Errorf("a third account's credentials: %s %s, %v", u.Outcome, u.Reason, err)
	}
}

// A message's steps are looked for, and never carried out or taken for true.
func TestAForeignMessagesStepsAreNotTrusted(t *testing.T) {
	t.Parallel()
	evil := strings.Replace(ownerOnly, `"arn:aws:iam::444455556666:root"`, `"*"`, 1)
	b := newBorder()
	m := b.message(t)
	edit := m.Steps[0].(statements.Add)
	edit.Before, edit.After, edit.Sids = ownerOnly, evil, []string{"EnableRoot"}
	m.Steps[0] = edit
	m.Steps[1] = grant.Create{Key: foreignKey, Principal: "arn:aws:iam::111122223333:role/mallory", Name: "keymend-x", Operations: []string{"Decrypt"}}
	for range 2 {
		if _, err := b.fixer().Remediate(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	d, err := keypolicy.Parse(ownerOnly)
	if err != nil {
		t.Fatal(err)
	}
	want, err := keypolicy.Delegate(d, keypolicy.Delegation{Partition: "aws", Account: accountID})
	if err != nil || b.policy != want.After || len(b.grants) != 1 || b.grants[0].GranteePrincipal != slr {
		t.Errorf("%v: %s, %+v", err, b.policy, b.grants)
	}
	for _, r := range b.records {
		if strings.Contains(r.After, `"AWS":"*"`) {
			t.Errorf("the record repeats it: %s", r.After)
		}
	}
}
