package report

import (
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/guard"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
)

// copying shows where a copy of one's own stands, and who goes on.
func (g Group) copying(p *screen.Page, k Key) {
	switch k.Outcome() {
	case outcome.HandedOver:
		p.Row(screen.Doubt, "do", k.reason())
		g.Place.run(p, "", k.last().Run)
	case outcome.Moved:
		p.Row(screen.Good, "moved", k.reason())
		p.Row(screen.Bold, "next", "to open the key that the copy lies under, where it isn't open:")
		p.Whole(screen.Bold, "", g.again())
	default:
		p.Row(screen.Doubt, "copying", k.reason())
		p.Row(screen.Bold, "next", "to go on once it is ready:")
		p.Whole(screen.Bold, "", g.again())
	}
	if r := k.Result; r != nil {
		p.Row(screen.Doubt, "consent", word(*r, "was"))
		g.undo(p, *r)
	}
}

// last is the record that says how it stands.
func (k Key) last() record.Record {
	if k.Result != nil {
		return *k.Result
	}
	return k.Finding
}

// again is how a person goes on.
func (g Group) again() string {
	flags := []string{"--apply"}
	if g.ToFile {
		flags = append(flags, option("--audit-file", g.File)...)
	}
	return g.look(flags...)
}

// look is how a person looks again.
func (g Group) look(flags ...string) string {
	return g.Place.Keymend("diagnose", g.Head.Group, append(flags, g.Flags...)...)
}

// undo shows how a change is taken back.
func (g Group) undo(p *screen.Page, r record.Record) {
	if len(r.Undo) > 0 {
		p.Whole(screen.Bold, "undo", g.Place.Undo(r.RemediationID, option("--file", g.File)...))
	}
}

// word says what a person's --apply stands in for; "" = nothing.
func word(r record.Record, is string) string {
	switch {
	case !judged(r, guard.PersonDecided):
		return ""
	case planOf(r).Copies():
		return "--apply " + is + " your word that the data's owner agrees: the copy stays, whatever becomes of the owner's key"
	}
	return "its owner hasn't enrolled the key: --apply " + is + " your word for it"
}
