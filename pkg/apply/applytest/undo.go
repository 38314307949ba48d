package applytest

import (
	"errors"

	"keymend/pkg/apply"
	"keymend/pkg/change"
)

// undo: by what is known before the step is carried out, and by what is known
// after, it is taken back to the world as it was. Twice is once, and where the step
// was never carried out nothing happens.
func (s suite) undo() {
	w, _, result := s.done()
	for when, known := range map[string]change.Result{"taken back by the intent": {}, "taken back by the outcome": result} {
		steps := s.c.Step.Undo(w.Env().By, known)
		if s.c.Final {
			if len(steps) > 0 {
				s.Errorf("%s: it has an undo: %+v", when, steps)
			}
			continue
		}
		if len(steps) == 0 {
			s.Errorf("%s: it has no undo", when)
			continue
		}
		before, _ := s.fresh()
		w, _, _ := s.done()
		s.back(when, w, known)
		s.same(when, before.Lines(), w)
		w.later()
		s.back(when+", again", w, known)
		s.same(when+", again", before.Lines(), w)
		w, _ = s.fresh()
		s.back(when+", never carried out", w, known)
		s.same(when+", never carried out", before.Lines(), w)
	}
}

// harmless: somebody chose something else since, or uses what was made. It stays.
func harmless(err error) bool {
	return errors.Is(err, apply.ErrSuperseded) || errors.Is(err, apply.ErrInUse)
}
