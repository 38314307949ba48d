// Package past shows what is on record: of all changes a line each, and of one all there is.
package past

import (
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/history/archive"
	"keymend/pkg/outcome"
	"keymend/pkg/quote"
	"keymend/pkg/record"
)

// A List is what is on record, newest first.
type List struct {
	Entries       []archive.Entry
	More          int    // that aren't shown
	About         string // the group or key that was asked for; "" = any
	ByKey         bool   // it is a key
	Since, Oldest time.Time
	Sources       []Source
	Place         report.Place
	From          []string // flags by which the records were found
	Now           time.Time
}

// A Source is where records were read, or were to be.
type Source struct {
	Name   string
	Unread string // why it wasn't read; "" = it was
	Bad    int    // records in it that can't be read
}

// Says says what couldn't be read there; "" = all was.
func (s Source) Says() string {
	switch {
	case s.Unread != "":
		return s.Name + ": " + s.Unread
	case s.Bad > 0:
		return s.Name + ": " + screen.Count(s.Bad, "record") + " can't be read: cut off, or no JSON"
	}
	return ""
}

// The columns of a row: when, what it is about, the change, how it stands, id.
const (
	whenWide, aboutWide, changeWide, standWide, idWide = 16, 16, 12, 13, 18
	neverEnded                                         = 15 * time.Minute // longer than a function runs
)

// Show writes a row for each entry, what there is to do, and what was read.
func (h List) Show(p *screen.Page) {
	if at := h.only(); h.Place.Account == "" { // a file says nothing of its reader
		h.Place.Account, h.Place.Region = at.Account, at.Region
	}
	h.head(p)
	if len(h.Entries) > 0 {
		p.Blank()
	}
	for _, e := range h.Entries {
		h.row(p, e)
	}
	if h.More > 0 {
		p.Text(screen.Doubt, fmt.Sprintf("… and %d more, older: --limit %d shows them", h.More, len(h.Entries)+h.More))
	}
	p.Blank()
	h.next(p)
	read(p, h.Sources)
}

// only is the one account and Region that all rows are of; empty where there are several.
func (h List) only() report.Place {
	var at report.Place
	for i, e := range h.Entries {
		r := e.Last()
		if i > 0 && (r.Account != at.Account || r.Region != at.Region) {
			return report.Place{}
		}
		at = report.Place{Account: r.Account, Region: r.Region}
	}
	return at
}

func (h List) head(p *screen.Page) {
	what := "changes and proposals"
	if h.About != "" {
		what += " for " + h.About
	}
	switch {
	case len(h.Entries) == 0:
		p.Sentence(screen.Plain, "Nothing is on record of "+what+" since "+h.Since.Local().Format(time.DateOnly)+".")
		if !h.Oldest.IsZero() {
			p.Sentence(screen.Plain, "There are other records: --all shows findings without a change, --since goes further back.")
		}
		return
	default:
		if at := h.Place; at.Account != "" {
			what += " on record in " + at.Account + " " + at.Region
		}
		p.Sentence(screen.Plain, strings.ToUpper(what[:1])+what[1:]+" since "+h.Since.Local().Format(time.DateOnly)+", newest first. The oldest record that was read is of "+h.Oldest.Local().Format(time.DateOnly)+".")
	}
}

// row writes an entry on a line; a name that is too long for its column has one before.
func (h List) row(p *screen.Page, e archive.Entry) {
	r := e.Last()
	head := column(r.Time.Local().Format("2006-01-02 15:04"), whenWide)[0] + "  "
	about, rest := h.about(e), h.says(e)
	if utf8.RuneCountInString(e.ID) <= idWide {
		rest += " " + e.ID
	}
	if names := column(about, screen.Usual-len(head)); len(names) > 1 || utf8.RuneCountInString(quote.Line(about)) > aboutWide {
		for _, name := range names {
			p.Text(inkOf(e), strings.TrimRight(head+name, " "))
			head = strings.Repeat(" ", len(head))
		}
		about = ""
	}
	p.Text(inkOf(e), strings.TrimRight(head+column(about, aboutWide)[0]+" "+rest, " "))
	var more []string
	if utf8.RuneCountInString(e.ID) > idWide {
		more = append(more, e.ID)
	}
	for _, text := range append(more, screen.NonEmpty(h.elsewhere(r))...) {
		p.Text(screen.Plain, strings.Repeat(" ", len(head))+quote.Line(text))
	}
}

// about is what tells the row from others: the key where a group was asked for.
func (h List) about(e archive.Entry) string {
	r := e.Change()
	if r.Group != "" && (h.ByKey || h.About == "") {
		return r.Group
	}
	if r.Alias != "" {
		return strings.TrimPrefix(r.Alias, "alias/")
	}
	if _, id, found := strings.Cut(r.Key, ":key/"); found {
		return "key " + id
	}
	return r.Group
}

// says is what was changed, and how that stands.
func (h List) says(e archive.Entry) string {
	what := brief(e.Change())
	stand := h.standing(e)
	if what == "" { // nothing is known to be changed
		return column(stand, changeWide+1+standWide)[0]
	}
	return column(what, changeWide)[0] + " " + column(stand, standWide)[0]
}

func (h List) standing(e archive.Entry) string {
	switch s := e.Standing(); s {
	case archive.Found, archive.Stuck:
		return plain(string(e.Last().Outcome))
	case archive.Begun:
		if h.Now.Sub(e.Last().Time) > neverEnded {
			return "not heard of"
		}
		return string(s)
	default:
		return plain(string(s))
	}
}

// plain writes the dashes of a word as spaces.
func plain(word string) string { return strings.ReplaceAll(word, "-", " ") }

// brief is what a record's steps change, in a word or two; "" = it has none.
func brief(r record.Record) string {
	switch len(r.Steps) {
	case 0:
		return ""
	case 1:
		return r.Steps[0].Words().Brief
	}
	return screen.Count(len(r.Steps), "change")
}

// elsewhere is the account and Region of a row, where they aren't the caller's.
func (h List) elsewhere(r record.Record) string {
	if r.Account == "" || r.Account == h.Place.Account && r.Region == h.Place.Region {
		return ""
	}
	return strings.TrimSpace(r.Account + " " + r.Region)
}

// column cuts a text that others chose into pieces of a column's width.
func column(text string, wide int) []string {
	var out []string
	all := []rune(quote.Line(text))
	for len(all) > wide {
		out, all = append(out, string(all[:wide])), all[wide:]
	}
	return append(out, string(all)+strings.Repeat(" ", wide-len(all)))
}

func inkOf(e archive.Entry) screen.Ink {
	switch e.Standing() {
	case archive.InService, archive.Proven:
		return screen.Good
	case archive.Stuck, archive.TakenAway:
		return screen.Bad
	case archive.Begun, archive.Written, archive.Proposed, archive.PartlyUndone:
		return screen.Doubt
	case archive.Found, archive.Sent, archive.Undone, archive.Superseded:
	}
	return screen.Plain
}

// next says what there is to do about the rows.
func (h List) next(p *screen.Page) {
	some := func(s archive.Standing) *archive.Entry {
		for i, e := range h.Entries {
			if e.Standing() == s {
				return &h.Entries[i]
			}
		}
		return nil
	}
	if len(h.Entries) > 0 {
		p.Whole(screen.Bold, "one", h.Place.Keymend("show", h.Entries[0].ID, h.From...))
	}
	if e := some(archive.Proposed); e != nil && e.Last().Proposal != "" {
		p.Whole(screen.Bold, "approve", h.Place.Keymend("approve", e.ID))
	}
	if e := some(archive.Begun); e != nil && h.standing(*e) == "not heard of" {
		p.Row(screen.Doubt, "", "Not heard of: it was begun, and how it ended is on record nowhere. It may stand.")
	}
	if some(archive.TakenAway) != nil {
		p.Row(screen.Doubt, "", "Taken away: somebody else removed what Keymend had added. It isn't written again unattended.")
	}
}

// read says what was read, and what wasn't.
func read(p *screen.Page, all []Source) {
	var names []string
	for _, s := range all {
		if s.Unread == "" {
			names = append(names, s.Name)
		}
	}
	p.Row(screen.Bold, "read", names...)
	for _, s := range all {
		if says := s.Says(); says != "" {
			p.Row(screen.Doubt, "not read", says)
		}
	}
}

// happened says what a record tells, in a few words.
func happened(r record.Record, undoing bool) string {
	what := plain(string(r.Outcome))
	switch {
	case r.Phase == record.Intent && undoing:
		return "about to be taken back, by " + cmp.Or(r.Caller, "a person") + " at a terminal"
	case r.Phase == record.Intent:
		return "about to be written"
	case r.Phase == record.Finding && r.Outcome == outcome.Sent:
		return "found, and sent to be carried out"
	case r.Phase == record.Finding:
		return "found: " + what
	case r.Phase == record.Result && r.Outcome == outcome.Fixed:
		return "written, and seen to stand (fixed)"
	case r.Phase == record.Proof && r.Outcome == outcome.Waiting:
		return "the key is open; Auto Scaling hasn't tried since"
	case r.Phase == record.Proof && r.Outcome == outcome.Recovered:
		return "the group launched, or lacks nothing (recovered)"
	}
	return what
}
