package resume_test

import (
	"reflect"
	"testing"

	"keymend/pkg/change"
	"keymend/pkg/kind/resume"
)

const group = "arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:0a1b:autoScalingGroupName/web-prod"

// A step is about the group that its ARN and its name name alike, and no other.
func TestAt(t *testing.T) {
	t.Parallel()
	want := change.Place{Account: "111122223333", Target: group}
	for name, at := range map[string]change.Place{"web-prod": want, "prod": {}, "": {}} {
		if got := (resume.Resume{Group: group, Name: name}).At(); got != at {
			t.Errorf("%q: %+v", name, got)
		}
		if got := (resume.Suspend{Group: group, Name: name}).At(); got != at {
			t.Errorf("%q: %+v", name, got)
		}
	}
}

// What is resumed may be stopped again by an undo only; why it was stopped is part of
// what the step comes to.
func TestResume(t *testing.T) {
	t.Parallel()
	s := resume.Resume{Group: group, Name: "web-prod", Reason: "Administratively suspended"}
	back := s.Undo(change.Mark{}, change.Result{})
	if want := (change.Steps{resume.Suspend{Group: group, Name: "web-prod"}}); !reflect.DeepEqual(back, want) {
		t.Errorf("%+v", back)
	}
	if s.Claim().Back || !back[0].Claim().Back || back[0].Claim().Consent != change.Nobody || len(back[0].Undo(change.Mark{}, change.Result{})) > 0 {
		t.Errorf("%+v, %+v", s.Claim(), back[0].Claim())
	}
	other := s
	if other.Reason = "another"; change.Same(change.Steps{s}, change.Steps{other}) || change.Same(change.Steps{s}, back) {
		t.Error("another stop is another change")
	}
	if a, b := s.Calls()[0], back[0].Calls()[0]; a.Action != "autoscaling:ResumeProcesses" || b.Action != "autoscaling:SuspendProcesses" || a.Target != group || b.Target != group {
		t.Errorf("%+v, %+v", a, b)
	}
}
