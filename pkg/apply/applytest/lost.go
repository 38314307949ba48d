package applytest

import (
	"errors"
	"fmt"
	"slices"

	"keymend/pkg/apply"
	"keymend/pkg/change"
)

// ways are what may come instead of a write's answer.
func ways() map[string]Fault {
	return map[string]Fault{
		"is throttled":            {Before: refusal("ThrottlingException", "Rate exceeded")},
		"fails":                   {Before: refusal("InternalFailure", "An internal error occurred.")},
		"fails after its effect":  {After: refusal("InternalFailure", "An internal error occurred.")},
		"is carried out, unheard": {After: errors.New("connection reset by peer")},
	}
}

// lost: at each write the answer is a throttling, a fault or none, before its effect or
// after, and nobody or a person acts in between. The step ends as if all had gone well;
// nothing is done twice, and what the person did stays.
func (s suite) lost() {
	w, e := s.fresh()
	before := w.Lines()
	if _, err := s.table.Do(s.ctx, e, s.c.Step); err != nil {
		s.Errorf("Do: %v", err)
	}
	want := w.Lines()
	writes := slices.DeleteFunc(w.Calls, func(c Call) bool { return !c.Writes || c.Action == "open" })
	if len(writes) == 0 {
		s.Errorf("it makes no call that changes something")
	}
	for _, at := range writes {
		for how, f := range ways() {
			when := at.Action + " of " + at.Target + " " + how
			w, result, err := s.without(at, f, nil)
			if err != nil || !result.Changed {
				s.Errorf("%s: %+v, %v", when, result, err)
			}
			if s.same(when, want, w); !s.c.Final {
				s.back(when+", and taken back", w, result)
				s.same(when+", and taken back", before, w)
			}
			for _, act := range s.c.Acts {
				if act.After == (f.After != nil) && len(writes) == 1 {
					s.between(fmt.Sprintf("%s, and %s", when, act.Name), at, f, act)
				}
			}
		}
	}
}

// without carries the step out with one call's answer lost. A person acts while it
// waits then.
func (s suite) without(at Call, f Fault, act func(*World)) (*World, change.Result, error) {
	w, e := s.fresh()
	hit := false
	w.Answer = func(c Call) Fault {
		if hit || c.N != at.N {
			return Fault{}
		}
		hit = true
		return f
	}
	w.Waits = func() {
		if hit && act != nil {
			act(w)
			act = nil
		}
	}
	result, err := s.table.Do(s.ctx, e, s.c.Step)
	w.Answer, w.Waits = nil, nil
	return w, result, err
}

// between: it ends as where the person acts between two deliveries.
func (s suite) between(when string, at Call, f Fault, act Act) {
	want, e := s.fresh()
	if act.After {
		_, _ = s.table.Do(s.ctx, e, s.c.Step)
	}
	act.Do(want)
	_, wantErr := s.again(e)
	w, _, err := s.without(at, f, act.Do)
	if (err == nil) != (wantErr == nil) || errors.Is(wantErr, apply.ErrSuperseded) != errors.Is(err, apply.ErrSuperseded) {
		s.Errorf("%s: %v, want %v", when, err, wantErr)
	}
	s.same(when, want.Lines(), w)
}
