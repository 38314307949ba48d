package report

import (
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/outcome"
)

// done shows the write and its proof, what comes next, and how it is taken back.
func (g Group) done(p *screen.Page, k Key) {
	r := *k.Result
	r.Plan = new(k.plan())
	stands := r.Outcome == outcome.Fixed || r.Outcome == outcome.InService || r.Outcome == outcome.Stands
	ink, label, meaning := screen.Bad, "failed", outcome.Meanings()[k.Outcome()]
	if stands { // how it was proven, the proof says
		ink, label, meaning = screen.Good, "changed", "the change stands"
	}
	p.Row(ink, label, describe(*r.Plan)+": "+meaning)
	p.Row(screen.Bold, "", k.plainly(because(*r.Plan)))
	if n := k.Finding.OthersAffected; n > 0 {
		p.Row(screen.Doubt, "", "it changed the access of "+screen.Count(n, "other principal")+", too")
	}
	p.Row(screen.Bold, "note", k.plainly(r.Reason))
	p.Row(screen.Doubt, "consent", word(r, "was"))
	proof(p, &r)
	if stands && launchesNext(&r) {
		p.Row(screen.Bold, "next", "Auto Scaling launches again by itself, usually within minutes. To see whether it did:")
		p.Whole(screen.Bold, "", g.look("--wait"))
	}
	k.standIns(p, r.Bridges)
	g.undo(p, r)
}
