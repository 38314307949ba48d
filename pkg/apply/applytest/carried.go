package applytest

import (
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"keymend/pkg/apply"
	"keymend/pkg/change"
)

// carried: the step isn't there before, and is after; it makes the calls that it
// says.
func (s suite) carried() {
	w, e := s.fresh()
	before := w.Lines()
	s.stands("before", e, apply.Absent)
	w.Calls = nil
	result, err := s.table.Do(s.ctx, e, s.c.Step)
	if err != nil || !result.Changed {
		s.Errorf("Do: %+v, %v", result, err)
	}
	if slices.Equal(before, w.Lines()) {
		s.Errorf("Do changed nothing")
	}
	s.sessions(w.Calls)
	found := s.stands("after", e, s.c.made())
	if !s.c.Final && !found.Changed {
		s.Errorf("Stands doesn't say that this remediation may have written it: %+v; its undo would be lost", found)
	}
	if result.ID != "" && found.ID != "" && found.ID != result.ID {
		s.Errorf("Do made %q, Stands found %q", result.ID, found.ID)
	}
}

// sessions: each call that may change something has a session of its own, which is
// one that the step says, for a target that IAM knows.
func (s suite) sessions(calls []Call) {
	var opened []change.Call
	left := 0
	for _, c := range calls {
		if call, ok := c.Input.(change.Call); ok {
			opened, left = append(opened, call), 1
			continue
		}
		if !c.Writes {
			continue
		}
		if last := len(opened) - 1; left == 0 || opened[last].Action != c.Action || opened[last].Target != c.Target {
			s.Errorf("%s of %s isn't what a session was opened for", c.Action, c.Target)
		}
		left = 0
	}
	known := s.c.Step.Calls()
	if len(known) > len(opened) || len(known) > 0 && !reflect.DeepEqual(known, opened[:len(known)]) {
		s.Errorf("the step says %+v, and opened %+v", known, opened)
	}
	for _, c := range opened {
		if c.Account != s.c.Step.At().Account {
			s.Errorf("%s is made in account %s, the step's is %s", c.Action, c.Account, s.c.Step.At().Account)
		}
		if !strings.HasPrefix(cmp.Or(c.ARN, c.Target), "arn:") && len(c.Keys) == 0 {
			s.Errorf("%s of %s: its session can't be narrowed to that, which is no ARN", c.Action, c.Target)
		}
	}
}

// preview: without writing it says what would be done, and where the step stands,
// nothing.
func (s suite) preview() {
	w, e := s.fresh()
	before := w.Lines()
	says, err := s.table.Preview(s.ctx, e, s.c.Step)
	if err != nil || len(says.Says) == 0 && says.Before == says.After {
		s.Errorf("Preview says nothing: %+v, %v", says, err)
	}
	s.same("Preview", before, w)
	_, e, _ = s.done()
	says, err = s.table.Preview(s.ctx, e, s.c.Step)
	if err != nil || len(says.Says) > 0 || says.Before != says.After {
		s.Errorf("it stands, and Preview says: %+v, %v", says, err)
	}
}

// twice: the second time nothing changes, and what is claimed Stands says, too.
func (s suite) twice() {
	w, e, first := s.done()
	s.unmoved("done again", w, e, first.ID)
}

// unmoved carries the step out where it stands already.
func (s suite) unmoved(when string, w *World, e apply.Env, id string) {
	want := w.Lines()
	found, standing, err := s.table.Stands(s.ctx, e, s.c.Step)
	if err != nil {
		s.Errorf("%s: Stands: %v", when, err)
	}
	result, err := s.table.Do(s.ctx, e, s.c.Step)
	if err != nil {
		s.Errorf("%s: Do: %v", when, err)
	}
	s.same(when, want, w)
	if result.Changed && !found.Changed {
		s.Errorf("%s: Do says that it wrote, Stands (%s) that it can't have: its undo would take away what isn't its own", when, said(standing))
	}
	if id != "" && result.ID != "" && result.ID != id {
		s.Errorf("%s: Do says %q, want %q", when, result.ID, id)
	}
}

// json: the step and its undo come back from the wire as they were.
func (s suite) json() {
	undo := s.c.Step.Undo(change.Mark{Remediation: Remediation}, change.Result{})
	s.wire(append(change.Steps{s.c.Step}, undo...))
}

// wire sends steps over the wire, and returns what arrives.
func (s suite) wire(steps change.Steps) change.Steps {
	text, err := json.Marshal(steps)
	if err != nil {
		s.Errorf("write %+v: %v", steps, err)
		return steps
	}
	var unread change.Steps
	if err := json.Unmarshal(text, &unread); err != nil {
		s.Errorf("read %s: %v", text, err)
		return steps
	}
	got, err := s.table.Kinds().Read(unread)
	if err != nil || !reflect.DeepEqual(got, steps) {
		s.Errorf("%s came back as %+v, want %+v; error %v", text, got, steps, err)
		return steps
	}
	return got
}
