package applytest

import (
	"slices"

	"keymend/pkg/account"
	"keymend/pkg/apply"
)

// refused: each call is refused, and from a write on all others. An error says so,
// and what was done stays as it would be had the process ended there.
func (s suite) refused() {
	w, e := s.fresh()
	_, _ = s.table.Do(s.ctx, e, s.c.Step)
	whole := w.Lines()
	for _, at := range w.Calls {
		when := at.Action + " of " + at.Target + " is refused"
		w, e := s.fresh()
		w.Answer = func(c Call) Fault {
			if c.N == at.N || at.Writes && c.Writes && c.N > at.N {
				return Fault{Before: Denied(c.Action)}
			}
			return Fault{}
		}
		_, err := s.table.Do(s.ctx, e, s.c.Step)
		w.Answer = nil
		if err == nil && !slices.Equal(whole, w.Lines()) {
			s.Errorf("%s: nothing says so", when)
		}
		if !at.Writes {
			continue
		}
		if !account.AccessDenied(err) {
			s.Errorf("%s: the error says something else: %v", when, err)
		}
		until, started := s.fresh()
		s.dies(until, started, at.N, Fault{Before: killedError{}})
		s.same(when, until.Lines(), w)
		s.stands(when, e, apply.Absent)
	}
}

// unknown: where a read behind Stands fails or is refused, nothing is claimed,
// neither that the step stands nor that it doesn't.
func (s suite) unknown() {
	for when, world := range map[string]func() (*World, apply.Env){
		"before": s.fresh,
		"after":  func() (*World, apply.Env) { w, e, _ := s.done(); return w, e },
	} {
		w, e := world()
		w.Calls = nil
		_, _, _ = s.table.Stands(s.ctx, e, s.c.Step)
		if len(w.Calls) == 0 {
			s.Errorf("%s: Stands reads nothing", when)
		}
		for _, at := range w.Calls {
			if at.Writes {
				s.Errorf("%s: Stands makes a call that may change something: %s", when, at.Action)
			}
			for how, failure := range map[string]error{"is refused": Denied(at.Action), "fails": refusal("ThrottlingException", "Rate exceeded")} {
				w, e := world()
				w.Calls = nil
				w.Answer = func(c Call) Fault {
					if c.N == at.N {
						return Fault{Before: failure}
					}
					return Fault{}
				}
				if result, standing, _ := s.table.Stands(s.ctx, e, s.c.Step); standing != apply.Unknown {
					s.Errorf("%s, and %s %s: Stands says %s, %+v", when, at.Action, how, said(standing), result)
				}
			}
		}
	}
}
