package role_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/change"
	"keymend/pkg/kind/role"
	"keymend/pkg/permission"
)

const own = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_payments"

func kinds() change.Kinds {
	return change.Kinds{change.Of[role.Ensure]("EnsureServiceLinkedRole"), change.Of[role.Delete]("DeleteServiceLinkedRole")}
}

// What version 1 wrote is read, and is written as it was.
func TestWire(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]change.Step{
		`[{"type":"EnsureServiceLinkedRole","role":"r","suffix":"s"}]`: role.Ensure{Role: "r", Suffix: "s"},
		`[{"type":"DeleteServiceLinkedRole","role":"r"}]`:              role.Delete{Role: "r"},
	} {
		var steps change.Steps
		if err := json.Unmarshal([]byte(text), &steps); err != nil {
			t.Fatal(err)
		}
		got, err := kinds().Read(steps)
		if diff := cmp.Diff(change.Steps{want}, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", text, err, diff)
		}
		if back, err := got.MarshalJSON(); err != nil || string(back) != text {
			t.Errorf("%s, %v", back, err)
		}
	}
}

// Making the role is by the settings' word; deleting it is no plan's.
func TestWrites(t *testing.T) {
	t.Parallel()
	ensure := role.Ensure{Role: own, Suffix: "payments"}
	for action, tc := range map[string]struct {
		step  change.Step
		claim change.Claim
		what  string
	}{
		"iam:CreateServiceLinkedRole": {ensure, change.Claim{Consent: change.Operator, Principal: own}, "role AWSServiceRoleForAutoScaling_payments made"},
		"iam:DeleteServiceLinkedRole": {role.Delete{Role: own}, change.Claim{Back: true}, "role AWSServiceRoleForAutoScaling_payments deleted"},
	} {
		if at := tc.step.At(); at != (change.Place{Account: "111122223333", Target: own}) {
			t.Errorf("%s at %+v", action, at)
		}
		want := []change.Call{{Role: permission.GroupWriter, Account: "111122223333", Action: action, Target: own}}
		if diff := cmp.Diff(want, tc.step.Calls()); diff != "" {
			t.Errorf("%s: %s", action, diff)
		}
		if diff := cmp.Diff(tc.claim, tc.step.Claim()); diff != "" {
			t.Errorf("%s: %s", action, diff)
		}
		if got := tc.step.Words().What; got != tc.what {
			t.Errorf("%s: %s", action, got)
		}
	}
}

func TestUndo(t *testing.T) {
	t.Parallel()
	for name, done := range map[string]change.Result{"before": {}, "after": {Changed: true, ID: own}} {
		got := role.Ensure{Role: own, Suffix: "payments"}.Undo(change.Mark{}, done)
		if diff := cmp.Diff(change.Steps{role.Delete{Role: own}}, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if back := got[0].Undo(change.Mark{}, done); back != nil {
			t.Errorf("%s: %+v", name, back)
		}
	}
}

func TestEffect(t *testing.T) {
	t.Parallel()
	made := role.Ensure{Role: own}
	if !reflect.DeepEqual(made.Effect(), role.Ensure{Role: own, Suffix: "payments"}.Effect()) || reflect.DeepEqual(made.Effect(), role.Ensure{Role: own + "2"}.Effect()) {
		t.Error("the role is all that counts")
	}
	if (change.Steps{made}).Same(change.Steps{role.Delete{Role: own}}) {
		t.Error("to make a role and to delete it is one change")
	}
}
