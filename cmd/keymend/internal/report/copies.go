package report

import (
	"fmt"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/audit"
	"keymend/pkg/owncopy"
	"keymend/pkg/plan"
)

// copying shows where a copy of one's own stands, and who goes on.
func (g Group) copying(p *screen.Page, k Key) {
	switch k.Outcome() {
	case audit.HandedOver:
		p.Row(screen.Doubt, "YOURS", k.why())
	case audit.Moved:
		p.Row(screen.Good, "MOVED", k.why())
		p.Row(screen.Bold, "NEXT", g.again()+" opens the key that the copy lies under, where it isn't open")
	default:
		p.Row(screen.Doubt, "COPYING", k.why())
		p.Row(screen.Bold, "NEXT", g.again()+" goes on once it is ready")
	}
	if k.Result != nil && len(k.Result.Undo) > 0 {
		p.Whole(screen.Bold, "UNDO", "keymend undo "+k.Result.RemediationID+" --file "+g.File)
	}
}

// again is how a person goes on.
func (g Group) again() string { return "`keymend diagnose " + g.Head.Group + " --apply`" }

// clearing reports whether what was left of a failed copy was taken away.
func (k Key) clearing() bool {
	r := k.Result
	if r.Phase != audit.Result || r.Outcome != audit.Failed || r.Plan == nil || len(r.Plan.Steps) != 1 {
		return false
	}
	_, clears := r.Plan.Steps[0].(owncopy.RemoveCopy)
	return clears
}

// described says in a few words what a step to a copy writes; "" = it is none.
func described(step plan.Step) string {
	switch s := step.(type) {
	case owncopy.Copying:
		return "1 copy of " + s.Source
	case owncopy.RemoveCopy:
		return "the copy of " + s.Source + " that failed taken away"
	case owncopy.NewTemplateVersion:
		return fmt.Sprintf("1 version of %s made of version %d", s.Template, s.From)
	case owncopy.SetDefaultVersion:
		return "the default version of " + s.Template + " moved"
	}
	return ""
}
