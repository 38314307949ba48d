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
		p.Row(screen.Bold, "NEXT", "`keymend diagnose "+g.Head.Group+"` tells what the launch needs of the own key")
	default:
		p.Row(screen.Doubt, "COPYING", k.why())
		p.Row(screen.Bold, "NEXT", "`keymend diagnose "+g.Head.Group+"` goes on once it is ready")
	}
	if k.Result != nil && len(k.Result.Undo) > 0 {
		p.Whole(screen.Bold, "UNDO", "keymend undo "+k.Result.RemediationID+" --file "+g.File)
	}
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
