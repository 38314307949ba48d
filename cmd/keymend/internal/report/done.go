package report

import (
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/guard"
	"keymend/pkg/outcome"
)

// done shows the write and its proof, what comes next, and how it is taken back.
func (g Group) done(p *screen.Page, k Key) {
	r := *k.Result
	stands := r.Outcome == outcome.Fixed || r.Outcome == outcome.InService || r.Outcome == outcome.Stands
	ink, label, meaning := screen.Bad, "failed", outcome.Meanings()[k.Outcome()]
	if stands { // how it was proven, the proof says
		ink, label, meaning = screen.Good, "changed", "the change stands"
	}
	p.Row(ink, label, describe(k.plan())+": "+meaning)
	p.Row(screen.Bold, "", nonEmpty(k.plainly(because(k.plan())))...)
	if n := k.Finding.OthersAffected; n > 0 {
		p.Row(screen.Doubt, "", "it changed the access of "+screen.Count(n, "other principal")+", too")
	}
	p.Row(screen.Bold, "note", nonEmpty(k.plainly(r.Reason))...)
	if v := r.Verdict; v != nil && v.Reason == guard.PersonDecided {
		p.Row(screen.Doubt, "consent", word(k.plan(), "was"))
	}
	proof(p, &r)
	if stands && launchesNext(&r) {
		p.Row(screen.Bold, "next", "Auto Scaling launches again by itself, usually within minutes. To see whether it did:")
		p.Whole(screen.Bold, "", g.look("--wait"))
	}
	k.standIns(p, r.Bridges)
	g.undo(p, r)
}
