package report

import (
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/guard"
	"keymend/pkg/outcome"
	"keymend/pkg/plan"
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
	if r := k.Result; r != nil && r.Verdict != nil && r.Verdict.Reason == guard.PersonDecided {
		p.Row(screen.Doubt, "CONSENT", word(r.Plan, "was"))
	}
	if k.Result != nil && len(k.Result.Undo) > 0 {
		p.Whole(screen.Bold, "UNDO", "keymend undo "+k.Result.RemediationID+" --file "+g.File)
	}
}

// again is how a person goes on.
func (g Group) again() string { return "`keymend diagnose " + g.Head.Group + g.told() + " --apply`" }

// word says what a person's --apply stands in for.
func word(p *plan.Plan, is string) string {
	if p != nil && p.Copies() {
		return "--apply " + is + " your word that the data's owner agrees: the copy stays, whatever becomes of the owner's key"
	}
	return "its owner hasn't enrolled the key: --apply " + is + " your word for it"
}
