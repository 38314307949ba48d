package applytest

import (
	"errors"
	"slices"
	"time"

	"keymend/pkg/apply"
)

// person: what a person does meanwhile is neither claimed nor written over.
func (s suite) person() {
	if s.c.Does == nil {
		s.Errorf("the case doesn't say how a person does the same")
		return
	}
	w, e := s.fresh()
	w.later()
	s.does("a person did the same", w, e, !s.c.Marked)
	w, e = s.fresh()
	w.Now = e.By.Sent.Add(-time.Hour)
	s.does("a person had done the same before the message was sent", w, e, !s.c.Marked && !s.c.Dated)
	if s.c.Undoes != nil {
		s.undoes()
	}
	for _, a := range s.c.Acts {
		s.act(a)
	}
}

// does: by whom can't be told, or by somebody else. Nothing is left to do. It is claimed
// only where it may be this remediation's.
func (s suite) does(when string, w *World, e apply.Env, maybe bool) {
	s.c.Does(w)
	w.later()
	if found := s.stands(when, e, apply.There); found.Changed && !maybe {
		s.Errorf("%s: Stands says that this remediation may have written it: %+v", when, found)
	}
	s.unmoved(when, w, e, "")
}

// undoes: the world is as it was, so the step may be carried out again. Where AWS
// makes it once for an occasion, what the person took away stays away until the
// next.
func (s suite) undoes() {
	const when = "a person took it back"
	before, _ := s.fresh()
	w, e, _ := s.done()
	want := w.Lines()
	s.c.Undoes(w)
	if !s.same("the case's Undoes", before.Lines(), w) {
		return
	}
	s.stands(when, e, apply.Absent)
	_, err := s.table.Do(s.ctx, e, s.c.Step)
	if s.c.Once {
		s.same(when, before.Lines(), w)
		e.By.Occasion = "later"
		_, err = s.table.Do(s.ctx, e, s.c.Step)
	}
	if err != nil {
		s.Errorf("%s, and it is carried out again: %v", when, err)
	}
	s.same(when, want, w)
}

// act: what a person made stays, and what is carried out is wanted.
func (s suite) act(a Act) {
	w, e := s.fresh()
	if a.After {
		w, e, _ = s.done()
	}
	before := w.Lines()
	a.Do(w)
	w.later()
	after := w.Lines()
	s.stands(a.Name, e, a.Stands)
	_, err := s.table.Do(s.ctx, e, s.c.Step)
	if (err == nil) != (a.Err == nil) || !errors.Is(err, a.Err) {
		s.Errorf("%s: Do: %v, want %v", a.Name, err, a.Err)
	}
	now := w.Lines()
	s.stays(a.Name, before, after, now)
	if (a.Err != nil || a.Stands != apply.Absent) && !slices.Equal(after, now) {
		s.Errorf("%s: nothing was to be written: %s", a.Name, difference(after, now))
	}
	if !a.After || s.c.Final {
		return
	}
	w, _, result := s.done()
	before = w.Lines()
	a.Do(w)
	after = w.Lines()
	s.back(a.Name+", and it is taken back", w, result)
	s.stays(a.Name+", and it is taken back", before, after, w.Lines())
}

// stays complains where what a person made between before and after isn't there by
// now.
func (s suite) stays(when string, before, after, now []string) {
	if lost := without(without(after, before), now); len(lost) > 0 {
		s.Errorf("%s: written over: %q", when, lost)
	}
}
