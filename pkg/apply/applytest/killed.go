package applytest

import (
	"keymend/pkg/apply"
	"keymend/pkg/change"
)

// killed: the process ends at each call, before the call takes effect and after.
// The next delivery looks first. It ends as if nothing had happened, and what it
// says is enough to take everything back.
func (s suite) killed() {
	w, _, first := s.done()
	want := w.Lines()
	_, ends := s.c.Step.(change.Ender) // which names what was made
	w, e := s.fresh()
	before := w.Lines()
	_, _ = s.table.Do(s.ctx, e, s.c.Step)
	for _, at := range w.Calls {
		for when, f := range map[string]Fault{" before ": {Before: killedError{}}, " after ": {After: killedError{}}} {
			when = "killed" + when + at.Action + " of " + at.Target
			w, e := s.fresh()
			if !s.dies(w, e, at.N, f) {
				s.Errorf("%s: it lived on", when)
			}
			w.later()
			result, err := s.again(e)
			if err != nil {
				s.Errorf("%s, the next delivery: %v", when, err)
			}
			s.same(when, want, w)
			if result.ID != first.ID && (ends || result.ID != "" && first.ID != "") {
				s.Errorf("%s: the next delivery says %q, want %q", when, result.ID, first.ID)
			}
			if s.c.Final {
				continue
			}
			if !result.Changed {
				s.Errorf("%s: the next delivery says that nothing was changed: the undo is lost", when)
			}
			s.back(when+", and taken back", w, result)
			s.same(when+", and taken back", before, w)
		}
	}
}

// dies carries the step out until the process ends at a call, and reports whether
// it did.
func (s suite) dies(w *World, e apply.Env, at int, f Fault) (dead bool) {
	defer func() {
		w.Answer = nil
		switch r := recover().(type) {
		case nil:
		case killedError:
			dead = true
		default:
			panic(r)
		}
	}()
	w.Answer = func(c Call) Fault {
		if c.N == at {
			return f
		}
		return Fault{}
	}
	_, _ = s.table.Do(s.ctx, e, s.c.Step)
	return false
}

// back takes the step back, by what is known of it.
func (s suite) back(when string, w *World, known change.Result) {
	e := w.Env()
	for _, step := range s.wire(s.c.Step.Undo(e.By, known)) {
		result, err := s.table.Do(s.ctx, e, step)
		if err != nil && !harmless(err) {
			s.Errorf("%s: %s: %v", when, step.Kind(), err)
		}
		e.Before = append(e.Before, result)
	}
}
