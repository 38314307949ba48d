package group_test

import (
	"reflect"
	"testing"

	"keymend/pkg/change"
	"keymend/pkg/kind/group"
)

// A step is about the group that its ARN and its name name alike, and no other.
func TestAt(t *testing.T) {
	t.Parallel()
	want := change.Place{Account: "111122223333", Target: arn}
	for name, at := range map[string]change.Place{"web-prod": want, "prod": {}, "": {}} {
		for _, s := range (change.Steps{group.Update{Group: arn, Name: name}, group.Resume{Group: arn, Name: name}, group.Suspend{Group: arn, Name: name}}) {
			if got := s.At(); got != at {
				t.Errorf("%s of %q: %+v", s.Kind(), name, got)
			}
		}
	}
}

// What is resumed may be stopped again by an undo only; why it was stopped is part of
// what the step comes to.
func TestResume(t *testing.T) {
	t.Parallel()
	s := group.Resume{Group: arn, Name: "web-prod", Reason: "Administratively suspended"}
	back := s.Undo(change.Mark{}, change.Result{})
	if want := (change.Steps{group.Suspend{Group: arn, Name: "web-prod"}}); !reflect.DeepEqual(back, want) {
		t.Errorf("%+v", back)
	}
	if s.Claim().Back || !back[0].Claim().Back || back[0].Claim().Consent != change.Nobody || len(back[0].Undo(change.Mark{}, change.Result{})) > 0 {
		t.Errorf("%+v, %+v", s.Claim(), back[0].Claim())
	}
	other := s
	if other.Reason = "another"; (change.Steps{s}).Same(change.Steps{other}) || (change.Steps{s}).Same(back) {
		t.Error("another stop is another change")
	}
	if a, b := s.Calls()[0], back[0].Calls()[0]; a.Action != "autoscaling:ResumeProcesses" || b.Action != "autoscaling:SuspendProcesses" || a.Target != arn || b.Target != arn || a.Shown != "web-prod" || b.Shown != "web-prod" {
		t.Errorf("%+v, %+v", a, b)
	}
}
