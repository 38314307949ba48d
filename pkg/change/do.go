package change

import (
	"fmt"
	"reflect"
	"slices"

	"keymend/pkg/access"
	"keymend/pkg/outcome"
)

// Simulate returns a key's facts as they will be once the steps are carried out.
func Simulate(f access.Facts, steps Steps) (access.Facts, error) {
	for _, step := range steps {
		s, ok := step.(simulator)
		if !ok { // who may use a key stays as it is
			continue
		}
		var err error
		if f, err = s.Simulate(f); err != nil {
			return f, fmt.Errorf("simulate %s: %w", step.Kind(), err)
		}
	}
	return f, nil
}

// End says what the steps come to once they are carried out, by the last of them; done
// is what came of that one.
func (s Steps) End(done Result) End {
	if last, ok := s[len(s)-1].(Ender); ok {
		return last.End(done)
	}
	return End{Outcome: outcome.Fixed}
}

// Short returns the steps without the policies that they carry.
func (s Steps) Short() Steps {
	out := slices.Clone(s)
	for i, step := range s {
		if d, ok := step.(documented); ok {
			out[i] = d.Short()
		}
	}
	return out
}

// Documents returns the policy before and after the steps; "" where they edit none.
func (s Steps) Documents() (before, after string) {
	for _, step := range s {
		if d, ok := step.(documented); ok {
			return d.Documents()
		}
	}
	return "", ""
}

// Undo returns what takes the steps back, the last one first. done is what came of
// them, as far as they were carried out: a step that wrote nothing isn't taken
// back. With whole, the steps that aren't carried out yet count, too.
func (s Steps) Undo(by Mark, done []Result, whole bool) Steps {
	var out Steps
	for i, step := range slices.Backward(s) {
		switch {
		case i < len(done) && done[i].Changed:
			out = append(out, step.Undo(by, done[i])...)
		case i >= len(done) && whole:
			out = append(out, step.Undo(by, Result{})...)
		}
	}
	return out
}

// Calls returns the calls of all steps, in order.
func (s Steps) Calls() []Call {
	var out []Call
	for _, step := range s {
		out = append(out, step.Calls()...)
	}
	return out
}

// Effects returns what the steps come to.
func (s Steps) Effects() []any {
	out := make([]any, 0, len(s))
	for _, step := range s {
		out = append(out, step.Effect())
	}
	return out
}

// Same reports whether other steps come to the same, in the same order.
func (s Steps) Same(o Steps) bool { return reflect.DeepEqual(s.Effects(), o.Effects()) }

// Only reports whether every step's claim is as wanted; false where there is none.
func (s Steps) Only(wanted func(Claim) bool) bool {
	return len(s) > 0 && !slices.ContainsFunc(s, func(step Step) bool { return !wanted(step.Claim()) })
}
