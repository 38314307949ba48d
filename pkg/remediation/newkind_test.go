package remediation_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"

	"keymend/pkg/access"
	"keymend/pkg/apply"
	"keymend/pkg/apply/table"
	"keymend/pkg/arn"
	"keymend/pkg/change"
	"keymend/pkg/guard"
	"keymend/pkg/keypolicy"
	"keymend/pkg/outcome"
	"keymend/pkg/permission"
	"keymend/pkg/plan"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
	"keymend/pkg/settings"
	"keymend/pkg/signal"
)

// A resize is a kind of change that exists in this test only: a group wants another
// number of instances.
type resize struct {
	Group     string `json:"group"` // ARN
	Name      string `json:"name"`
	Before    int    `json:"before"`
	After     int    `json:"after"`
	Principal string `json:"principal"` // whose word it is held to
}

// Kind implements change.Step.
func (resize) Kind() string { return "ResizeGroup" }

// At implements change.Step.
func (s resize) At() change.Place {
	return change.Place{Account: arn.Account(s.Group), Target: s.Group}
}

// Effect implements change.Step.
func (s resize) Effect() any { return s }

// Calls implements change.Writes.
func (s resize) Calls() []change.Call {
	return []change.Call{{Role: permission.GroupWriter, Account: arn.Account(s.Group), Action: "autoscaling:UpdateAutoScalingGroup", Target: s.Group, Shown: s.Name}}
}

// Undo implements change.Writes.
func (s resize) Undo(change.Mark, change.Result) change.Steps {
	s.Before, s.After = s.After, s.Before
	return change.Steps{s}
}

// Claim implements change.Writes.
func (s resize) Claim() change.Claim {
	return change.Claim{Consent: change.Operator, Principal: s.Principal, Back: true}
}

// Words implements change.Writes.
func (s resize) Words() change.Words {
	return change.Words{What: fmt.Sprintf("%d instances instead of %d", s.After, s.Before)}
}

// resizing carries it out.
type resizing struct{}

// Stands implements apply.Doer.
func (resizing) Stands(ctx context.Context, e apply.Env, s resize) (change.Result, apply.Standing, error) {
	l, err := e.Launch(ctx, s.Name)
	if err != nil || l.Desired != s.After {
		return change.Result{}, apply.Absent, err
	}
	return change.Result{Changed: true}, apply.There, nil
}

// Do implements apply.Doer.
func (d resizing) Do(ctx context.Context, e apply.Env, s resize) (change.Result, error) {
	done, standing, err := d.Stands(ctx, e, s)
	if err != nil || standing == apply.There {
		done.Changed = false
		return done, err
	}
	w, err := e.Open(ctx, s.Calls()[0])
	if err != nil {
		return change.Result{}, err
	}
	_, err = w.Groups().UpdateAutoScalingGroup(ctx, &autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: &s.Name, DesiredCapacity: new(int32(s.After))})
	return change.Result{Changed: err == nil}, err
}

// A shop is a world whose group has too few instances, and all keys open.
type shop struct {
	*mover
	principal string
	zero      bool // steps claim nothing
}

func newShop(t *testing.T) *shop {
	t.Helper()
	d, err := keypolicy.Parse(rootOnly)
	if err != nil {
		t.Fatal(err)
	}
	open, err := keypolicy.Allow(d, slr)
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{mover: newMover(), principal: ownRole}
	s.policy = open.After
	return s
}

// UpdateAutoScalingGroup implements apply.Groups.
func (s *shop) UpdateAutoScalingGroup(_ context.Context, in *autoscaling.UpdateAutoScalingGroupInput, _ ...func(*autoscaling.Options)) (*autoscaling.UpdateAutoScalingGroupOutput, error) {
	if err := s.at("Update"); err != nil {
		return nil, err
	}
	s.updates++
	s.launch.Desired = int(*in.DesiredCapacity)
	return &autoscaling.UpdateAutoScalingGroupOutput{}, nil
}

// planned is what to do about a group that has too few.
func (s *shop) planned(of plan.Snapshot, _ plan.Options) []plan.Proposal {
	if of.Launch.Desired >= 4 {
		return nil
	}
	step := change.Step(resize{of.Launch.GroupARN, of.Group, of.Launch.Desired, 4, s.principal})
	if s.zero {
		step = change.Unread{Name: step.Kind()}
	}
	p := plan.Plan{Target: of.Launch.GroupARN, Steps: change.Steps{step}, FactsDigest: (change.Mark{}).Token(fmt.Sprint(of.Launch.Desired))}
	p.Digest = (change.Mark{}).Token(p.Target, fmt.Sprint(p.Steps.Effects()), p.FactsDigest)
	return []plan.Proposal{{Finding: of.About(access.Principal{ARN: s.principal}), Plan: p, Because: []string{"it has too few"}}}
}

// kinds is the table with the new row.
func kinds() apply.Table { return append(table.Kinds(), apply.Of("ResizeGroup", resizing{})) }

func (s *shop) fixer(change ...func(*remediation.Fixer)) *remediation.Fixer {
	return s.mover.fixer(append([]func(*remediation.Fixer){s.writing(session{groups: s}), func(x *remediation.Fixer) {
		x.Kinds, x.Plan = kinds(), s.planned
	}}, change...)...)
}

// sends has the shop diagnosed, and returns the message as it comes out of the queue.
func (s *shop) sends(t *testing.T) remediation.Message {
	t.Helper()
	if r := s.diagnose(t, &s.fixer().Looker); r.Outcome != outcome.Sent || r.Because[0] != "it has too few" {
		t.Fatalf("%s %s", r.Outcome, r.Reason)
	}
	text, err := s.sent[0].Body()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := remediation.ReadMessage([]byte(text), table.Kinds().Kinds()); !errors.Is(err, remediation.ErrMessage) || !errors.Is(err, change.ErrUnknownKind) {
		t.Errorf("who doesn't know the kind reads the message: %v", err)
	}
	m, err := remediation.ReadMessage([]byte(text), kinds().Kinds())
	if err != nil {
		t.Fatal(err)
	}
	m.Delivery = remediation.Delivery{Sent: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), Receives: 1}
	s.records, s.sent = nil, nil
	return m
}

// read is a record as it comes out of the log.
func (s *shop) read(t *testing.T, r record.Record) record.Record {
	t.Helper()
	r.Schema = record.Schema
	text, err := r.Line()
	if err != nil {
		t.Fatal(err)
	}
	// Who doesn't know the kind reads the rest, and doesn't act by it.
	old, ok, err := record.Parse(text, table.Kinds().Kinds())
	if err != nil || !ok || old.RemediationID != r.RemediationID || len(old.Undo) != len(r.Undo) {
		t.Errorf("%+v, %v", old, err)
	}
	if _, err := s.fixer(func(x *remediation.Fixer) { x.Kinds = table.Kinds() }).Undo(t.Context(), old); !errors.Is(err, change.ErrUnknownKind) {
		t.Errorf("undone by who doesn't know the kind: %v", err)
	}
	got, ok, err := record.Parse(text, kinds().Kinds())
	if err != nil || !ok {
		t.Fatal(err)
	}
	return got
}

// A new kind is a type, a doer and a row: the loop carries it from the message to
// the undo, and knows nothing of it.
func TestANewKind(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	m := s.sends(t)
	s.before["Update"] = func() {
		if len(s.records) != 1 || s.records[0].Phase != record.Intent {
			t.Errorf("written before the intent was on record: %v", outcomes(s.records))
		}
	}
	r, err := s.fixer().Remediate(t.Context(), m)
	if err != nil || r.Outcome != outcome.Fixed || s.updates != 1 || s.launch.Desired != 4 || r.Proof.EqualReads != 3 {
		t.Fatalf("%s %s, %d updates, %v", r.Outcome, r.Reason, s.updates, err)
	}
	if got := strings.Join(outcomes(s.records), " "); got != "intent: outcome:fixed" {
		t.Error(got)
	}
	if o := s.opened[0]; o.Action != "autoscaling:UpdateAutoScalingGroup" || o.Target != groupARN || o.Name != "keymend-"+r.RemediationID || o.Role != permission.GroupWriter {
		t.Errorf("%+v", o)
	}
	delete(s.before, "Update")
	for _, of := range s.records {
		got := s.read(t, of)
		want := resize{groupARN, "web-prod", 2, 4, ownRole}
		if len(got.Steps) != 1 || got.Steps[0] != change.Step(want) || got.Undo[0] != want.Undo(change.Mark{}, change.Result{})[0] || len(got.Writes) != 1 || got.Plan.Digest != m.Digest {
			t.Errorf("%s: %+v", of.Phase, got)
		}
	}
	s.explained(t, s.records[0])
	r = s.read(t, r)
	s.records = nil
	if all, _, err := s.fixer().Preview(t.Context(), r); err != nil || len(all) != 1 || all[0].Says[0] != "2 instances instead of 4" || s.updates != 1 {
		t.Errorf("%+v, %v", all, err)
	}
	u, err := s.fixer().Undo(t.Context(), r)
	if err != nil || u.Outcome != outcome.Undone || s.launch.Desired != 2 || s.updates != 2 {
		t.Errorf("%s %s, %v: %d", u.Outcome, u.Reason, err, s.launch.Desired)
	}
	if u, err = s.fixer().Undo(t.Context(), r); err != nil || !strings.Contains(u.Reason, "gone already") || s.updates != 2 {
		t.Errorf("once more: %s %s, %v", u.Outcome, u.Reason, err)
	}
}

// explained holds the write to its intent, as CloudTrail shows it.
func (s *shop) explained(t *testing.T, intent record.Record) {
	t.Helper()
	intent.Schema = record.Schema
	text, err := intent.Line()
	if err != nil {
		t.Fatal(err)
	}
	records := len(s.records)
	for group, want := range map[string]int{"web-prod": 0, "db-prod": 1} {
		x := s.fixer(roles, reading(func(r *readers) {
			r.intents = func(context.Context, string, time.Time, time.Time) ([]string, error) {
				return []string{string(text)}, nil
			}
		}))
		err := x.Explain(t.Context(), signal.OwnWrite{
			Event: signal.Event{Account: accountID, Region: region}, Action: "autoscaling:UpdateAutoScalingGroup",
			Role: "arn:aws:iam::111122223333:role/keymend-group-writer", Session: intent.Session, Target: group,
		}, remediation.Delivery{})
		if got := len(s.records) - records; err != nil || got != want {
			t.Errorf("%s: %d records, %v", group, got, err)
		}
		s.records = s.records[:records]
	}
}

// The guard holds a new kind to its claim, and to nothing else.
func TestANewKindIsJudgedByItsClaim(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*shop, *remediation.Fixer)
		want   guard.Reason
		says   outcome.Outcome
	}{
		"the operator's word": {func(*shop, *remediation.Fixer) {}, guard.RoleBySettings, outcome.Fixed},
		"another role":        {func(s *shop, _ *remediation.Fixer) { s.principal = slr + "_evil" }, guard.WrongPrincipal, outcome.Refused},
		"no claim":            {func(s *shop, _ *remediation.Fixer) { s.zero = true }, guard.WrongTarget, outcome.Refused},
		"not by the settings": {func(_ *shop, x *remediation.Fixer) { x.Settings.Dedicated = "" }, guard.WrongPrincipal, outcome.Refused},
		"ignored":             {func(s *shop, _ *remediation.Fixer) { s.launch.Tags = map[string]string{"keymend": "ignore"} }, guard.GroupIgnored, outcome.Refused},
		"to be approved":      {func(_ *shop, x *remediation.Fixer) { x.Settings.Mode = settings.Propose }, guard.OnlyProposing, outcome.Proposed},
		"switched off":        {func(s *shop, _ *remediation.Fixer) { s.sw = guard.SwitchOff }, guard.SwitchedOff, outcome.Proposed},
		"only looking":        {func(_ *shop, x *remediation.Fixer) { x.Settings.Mode = "" }, guard.OnlyObserving, outcome.Observed},
	} {
		s := newShop(t)
		m := s.sends(t)
		x := s.fixer()
		tc.change(s, x)
		d, err := x.Looker.Diagnose(t.Context(), failure())
		if err != nil || len(d) != 1 || d[0].Verdict.Reason != tc.want {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
		r, err := x.Remediate(t.Context(), m)
		if err != nil || r.Outcome != tc.says || (s.updates == 1) != (tc.says == outcome.Fixed) {
			// Where the claim is another one, so is the plan: then the message's is overtaken.
			t.Errorf("%s: %s %s, %v, %d updates", name, r.Outcome, r.Reason, err, s.updates)
		}
	}
}

// Wherever the function ends, the next delivery goes on to the same end, by one
// write, and what stands can be taken back.
func TestANewKindSurvivesAKill(t *testing.T) {
	t.Parallel()
	killed := errors.New("killed")
	for end, want := range map[string]outcome.Outcome{"before the write": outcome.Fixed, "after the write": outcome.Stands, "before the intent": outcome.Fixed} {
		s := newShop(t)
		m := s.sends(t)
		switch end {
		case "before the write":
			s.fail["Update"] = killed
		case "after the write":
			s.noteErr = killedAtTheOutcome
		case "before the intent":
			s.noteErr = func(record.Record) error { return killed }
		}
		if _, err := s.fixer().Remediate(t.Context(), m); err == nil {
			t.Fatalf("%s: it went on", end)
		}
		delete(s.fail, "Update")
		s.noteErr, m.Delivery.Receives = nil, 2
		r, err := s.fixer().Remediate(t.Context(), m)
		if err != nil || r.Outcome != want || s.updates != 1 || len(r.Undo) != 1 || r.RemediationID != plan.RemediationID(m.Digest) || r.Proof.EqualReads != 3 {
			t.Errorf("%s: %s %s, %v, %d updates", end, r.Outcome, r.Reason, err, s.updates)
		}
		if u, err := s.fixer().Undo(t.Context(), s.read(t, r)); err != nil || u.Outcome != outcome.Undone || s.launch.Desired != 2 {
			t.Errorf("%s: %s %s, %v", end, u.Outcome, u.Reason, err)
		}
	}
}
