package report

import (
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/outcome"
)

// copying shows where a copy of one's own stands, and who goes on.
func (g Group) copying(p *screen.Page, k Key) {
	switch k.Outcome() {
	case outcome.HandedOver:
		p.Row(screen.Doubt, "YOURS", k.why())
	case outcome.Moved:
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
