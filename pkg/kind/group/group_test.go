package group_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"keymend/pkg/change"
	"keymend/pkg/kind/group"
	"keymend/pkg/outcome"
	"keymend/pkg/permission"
)

const (
	arn = "arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:0a1b:autoScalingGroupName/web-prod"
	slr = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
)

func step() group.Update {
	return group.Update{Group: arn, Name: "web-prod", Before: slr, After: slr + "_payments"}
}

// What version 1 wrote is read, and is written as it was.
func TestWire(t *testing.T) {
	t.Parallel()
	text := `[{"type":"UpdateGroup","group":"g","name":"n","before":"b","after":"a"}]`
	var steps change.Steps
	if err := json.Unmarshal([]byte(text), &steps); err != nil {
		t.Fatal(err)
	}
	got, err := change.Kinds{change.Of[group.Update]("UpdateGroup")}.Read(steps)
	if diff := cmp.Diff(change.Steps{group.Update{Group: "g", Name: "n", Before: "b", After: "a"}}, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if back, err := got.MarshalJSON(); err != nil || string(back) != text {
		t.Errorf("%s, %v", back, err)
	}
}

// The role is passed to the group: the session may pass that one, and no other.
func TestWrites(t *testing.T) {
	t.Parallel()
	s := step()
	if at := s.At(); at != (change.Place{Account: "111122223333", Target: arn}) {
		t.Errorf("%+v", at)
	}
	want := []change.Call{{Role: permission.GroupWriter, Account: "111122223333", Action: "autoscaling:UpdateAutoScalingGroup", Target: arn, Shown: "web-prod", Pass: slr + "_payments"}}
	if diff := cmp.Diff(want, s.Calls()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(change.Claim{Consent: change.Operator, Principal: slr + "_payments", Back: true}, s.Claim()); diff != "" {
		t.Error(diff)
	}
	if what := s.Words().What; what != "the group launches as AWSServiceRoleForAutoScaling_payments instead of AWSServiceRoleForAutoScaling" {
		t.Error(what)
	}
	if end := s.End(change.Result{}); end != (change.End{Outcome: outcome.Fixed, Last: true}) {
		t.Errorf("%+v", end)
	}
}

// The way back exchanges the roles, before and after the write; so the way back from
// that is the step itself.
func TestUndo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String()
		s := group.Update{Group: text.Draw(t, "group"), Name: text.Draw(t, "name"), Before: text.Draw(t, "before"), After: text.Draw(t, "after")}
		done := change.Result{Changed: rapid.Bool().Draw(t, "changed"), ID: text.Draw(t, "id")}
		back := s.Undo(change.Mark{Remediation: "r-1"}, done)
		want := change.Steps{group.Update{Group: s.Group, Name: s.Name, Before: s.After, After: s.Before}}
		if diff := cmp.Diff(want, back); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(change.Steps{s}, back[0].Undo(change.Mark{Remediation: "r-2"}, done)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// Both roles and the group count; the name is in its ARN.
func TestEffect(t *testing.T) {
	t.Parallel()
	s := step()
	for name, other := range map[string]struct {
		step change.Step
		same bool
	}{
		"itself":          {step(), true},
		"without a name":  {group.Update{Group: arn, Before: s.Before, After: s.After}, true},
		"another group":   {group.Update{Group: arn + "2", Before: s.Before, After: s.After}, false},
		"the way back":    {group.Update{Group: arn, Before: s.After, After: s.Before}, false},
		"to another role": {group.Update{Group: arn, Before: s.Before, After: s.After + "2"}, false},
	} {
		if reflect.DeepEqual(s.Effect(), other.step.Effect()) != other.same {
			t.Errorf("%s: %v", name, !other.same)
		}
	}
}
