package keypolicy

import (
	"fmt"
	"slices"
)

// Restore brings back what lost, somebody's edit of a policy, said, and what wrote, which
// was written over it, doesn't: into d, the policy as it is by now. It adds statements
// that wrote and d lack, and takes out statements that the edit had taken out and that
// wrote put back. Keymend's own statements stay as they are. Added and Removed are the
// statements' texts; both are empty where nothing is lost.
func (d *Document) Restore(wrote, lost *Document) (Edit, error) {
	e := editor{now: d}
	out := Edit{Before: d.raw, Added: foreign(lost, wrote, d), Removed: foreign(wrote, lost)}
	out.Removed = slices.DeleteFunc(out.Removed, func(text string) bool { return e.position(text) < 0 })
	for _, text := range out.Removed {
		if err := e.drop(e.position(text)); err != nil {
			return Edit{}, fmt.Errorf("take statement out: %w", err)
		}
	}
	for _, text := range out.Added {
		if err := e.append(text); err != nil {
			return Edit{}, fmt.Errorf("put statement back: %w", err)
		}
	}
	out.After = e.now.raw
	return out, nil
}

// foreign returns the texts of the statements of d that aren't Keymend's, and that none
// of the others has.
func foreign(d *Document, others ...*Document) []string {
	var out []string
	for i, s := range d.statements {
		there := slices.ContainsFunc(others, func(o *Document) bool { return o.has(s) })
		if !there && !Owned(s) {
			out = append(out, d.layout.statements[i].of(d.raw))
		}
	}
	return out
}

// Lacks returns the texts of the statements of another document that this one doesn't
// have, by what they mean.
func (d *Document) Lacks(o *Document) []string {
	var out []string
	for i, s := range o.statements {
		if !d.has(s) {
			out = append(out, o.layout.statements[i].of(o.raw))
		}
	}
	return out
}

func (d *Document) has(s Statement) bool {
	return slices.ContainsFunc(d.statements, func(o Statement) bool { return o.canonical() == s.canonical() })
}

// position finds a statement of another document by its meaning; -1 = it isn't there.
func (e *editor) position(text string) int {
	of, err := Parse(`{"Statement":[` + text + `]}`)
	if err != nil {
		return -1
	}
	return slices.IndexFunc(e.now.statements, func(s Statement) bool { return s.canonical() == of.statements[0].canonical() })
}
