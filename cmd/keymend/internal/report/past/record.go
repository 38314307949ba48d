package past

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/access"
	"keymend/pkg/guard"
	"keymend/pkg/history/archive"
	"keymend/pkg/outcome"
	"keymend/pkg/quote"
	"keymend/pkg/record"
)

// A Record is all that is on record about a change or a finding.
type Record struct {
	archive.Entry
	Others   []archive.Entry // changes for the same finding
	Sources  []Source
	Place    report.Place
	From     []string // flags by which undo finds the records
	Policies bool     // the whole documents are asked for
	Now      time.Time
}

// Show writes it on the page: what and how it stands, who, when, why, what changed, what
// was seen after it, and what takes it back.
func (s Record) Show(p *screen.Page) {
	r := s.Change()
	s.head(p, r)
	p.Blank()
	s.who(p, r)
	s.when(p)
	p.Blank()
	s.why(p, r)
	p.Blank()
	s.changed(p, r)
	s.proof(p, r)
	p.Blank()
	s.back(p)
	read(p, s.Sources)
}

func (s Record) head(p *screen.Page, r record.Record) {
	group := ""
	if r.Group != "" {
		group = " for " + r.Group
	}
	p.Sentence(screen.Plain, s.ID+group+": "+s.standing())
	p.Sentence(screen.Plain, screen.Joined(" ", r.Account, r.Region)+" · "+says(r))
	if r.Hub != "" {
		p.Sentence(screen.Plain, "by the organization's hub in "+r.Hub)
	}
}

// says is what a record's steps change, in words.
func says(r record.Record) string {
	var out []string
	for _, step := range r.Steps {
		w := step.Words()
		out = append(out, strings.TrimSpace(w.What+" "+parens(w.Which)))
	}
	if len(out) == 0 {
		return "no change is on record"
	}
	return strings.Join(out, "; ")
}

func parens(text string) string {
	if text == "" {
		return ""
	}
	return "(" + text + ")"
}

// standing says in a sentence how it stands.
func (s Record) standing() string {
	last := s.Last()
	switch s.Standing() {
	case archive.Proposed:
		return "it is proposed, and waits for a person"
	case archive.Sent:
		return "it was sent to be carried out, and nothing is on record of that yet"
	case archive.Begun:
		return "it was begun, and nothing is on record of how it ended; it may stand"
	case archive.Written:
		return "it is written, and isn't proven (" + plain(string(last.Outcome)) + ")"
	case archive.Proven:
		return "it is written, and was seen to stand; no launch is on record since"
	case archive.InService:
		return "it is written, and the group launched"
	case archive.Undone:
		return "it was taken back by Keymend"
	case archive.PartlyUndone:
		return "a part of it was taken back by Keymend"
	case archive.TakenAway:
		return "somebody else took it away"
	case archive.Superseded:
		return "the facts changed first; it wasn't carried out"
	case archive.Found, archive.Stuck:
	}
	return plain(string(last.Outcome)) + ". " + outcome.Meanings()[last.Outcome]
}

func (s Record) who(p *screen.Page, r record.Record) {
	switch unattended := r.RequestID != ""; {
	case !s.Wrote() && unattended:
		p.Row(screen.Bold, "who", "found by Keymend's functions (mode "+string(r.Mode)+")")
	case !s.Wrote():
		p.Row(screen.Bold, "who", "found by "+cmp.Or(r.Caller, "a person")+" at a terminal")
	case r.Approver != "":
		p.Row(screen.Bold, "who", "approved by "+r.Approver+", carried out by Keymend's functions (mode "+string(r.Mode)+")")
	case unattended:
		p.Row(screen.Bold, "who", "Keymend's functions, unattended (mode "+string(r.Mode)+")")
	case r.Caller != "":
		p.Row(screen.Bold, "who", r.Caller+", at a terminal (--apply)")
	default: // of an earlier version
		p.Row(screen.Bold, "who", "a person at a terminal (--apply); no record names them, CloudTrail does")
	}
	p.Row(screen.Bold, "ticket", r.Ticket)
	consent := r.Consent
	if v := r.Verdict; v != nil && v.Reason == guard.PersonDecided {
		consent = cmp.Or(v.Text, consent)
	}
	p.Row(screen.Bold, "consent", cmp.Or(consent, "not on record"))
	switch session := s.session(); {
	case !s.Wrote():
	case session == "":
		p.Row(screen.Doubt, "session", "not on record")
	case r.RequestID != "":
		p.Row(screen.Bold, "session", session+" (by that name CloudTrail shows the writes)")
	default:
		p.Row(screen.Bold, "session", "the person's own, or "+session+" where they took a role of Keymend's")
	}
	p.Row(screen.Bold, "version", cmp.Or(r.Version, "not on record"))
	p.Row(screen.Bold, "settings", cmp.Or(r.Settings, "not on record"))
}

// session is the session's name in CloudTrail; "" = it isn't on record.
func (s Record) session() string {
	for _, r := range s.Records {
		if r.Session != "" {
			return r.Session
		}
	}
	return ""
}

// when lists what happened, with the time since the line above. Clocks may disagree, as a
// sandbox's do: then none is said.
func (s Record) when(p *screen.Page) {
	label, before := "when", time.Time{}
	line := func(at time.Time, what string) {
		passed := ""
		if d := at.Sub(before); !before.IsZero() && d >= 0 {
			passed = "(+" + screen.Lasting(d) + ") "
		}
		p.Row(screen.Bold, label, screen.Moment(at)+"  "+passed+what)
		label, before = "", at
	}
	r := s.Records[0]
	if at, err := time.Parse(time.RFC3339, r.Failed); err == nil {
		line(at, "a launch failed")
	} else {
		p.Row(screen.Bold, label, "no failed launch is on record")
		label = ""
	}
	for i, o := range s.Records {
		line(o.Time, happened(o, s.Takes(i)))
	}
	if s.Gone != nil {
		line(s.Gone.Time, "found: somebody took it away")
	}
}

func (s Record) why(p *screen.Page, r record.Record) {
	first := s.Records[0]
	p.Row(screen.Bold, "key", screen.Joined("  ", r.Alias, r.Key, r.KeyState))
	p.Row(screen.Bold, "from", first.Because...)
	p.Row(screen.Bold, "role", r.Principal[strings.LastIndexByte(r.Principal, '/')+1:])
	for _, d := range []access.Decision{access.Denied, access.Unknown} {
		if all := first.Missing[d]; len(all) > 0 {
			p.Row(screen.Bold, strings.ToLower(d.String()), strings.Join(all, ", "))
		}
	}
	p.Row(screen.Bold, "why", decided(first)...)
	p.Row(screen.Bold, "aws said", first.Message)
	last := s.Last()
	p.Row(screen.Bold, "reason", strings.Split(strings.TrimSuffix(last.Reason, quote.Told(last.Run)), "\n")...)
	s.tasks(p, last.Run)
}

// tasks writes commands, and whose they are where they are another account's.
func (s Record) tasks(p *screen.Page, all []quote.Task) {
	for i, t := range all {
		if t.Account != s.Place.Account && (i == 0 || all[i-1].Account != t.Account) {
			p.Row(screen.Bold, "do", "account "+t.Account+" runs:")
		}
		p.Whole(screen.Bold, "do", s.Place.AWS(t))
	}
}

// decided says which statements decided: those that look like access and aren't, or else
// each line of the decision's trace once.
func decided(r record.Record) []string {
	var out []string
	for _, miss := range r.NearMisses {
		out = append(out, miss.Text)
	}
	if len(out) > 0 {
		return out
	}
	for _, line := range r.Trace {
		_, says, _ := strings.Cut(line, ": ")
		if says != "" && !slices.Contains(out, says) {
			out = append(out, says)
		}
	}
	return out
}

// back says what takes the change back, or that it is gone.
func (s Record) back(p *screen.Page) {
	if g := s.Gone; g != nil {
		p.Row(screen.Bad, "gone", strings.Split(cmp.Or(g.Reason, "somebody took it away"), "\n")...)
	}
	if s.Next != "" {
		p.Row(screen.Bold, "later", "for the same finding "+s.Next+" was begun: "+s.Place.Keymend("show", s.Next, s.From...))
	}
	for _, o := range s.Others {
		if o.ID != s.Next {
			p.Row(screen.Bold, "also", "for the same finding: "+o.ID+", "+plain(string(o.Standing())))
		}
	}
	command := s.undoCommand()
	switch {
	case s.Standing() == archive.Undone:
		p.Row(screen.Bold, "undo", "it has been taken back")
	case s.Standing() == archive.Proposed && s.Last().Proposal != "":
		p.Whole(screen.Bold, "approve", s.Place.Keymend("approve", s.ID))
	case !s.Wrote():
		p.Row(screen.Bold, "undo", "nothing was written, by what is on record")
	case command == "":
		p.Row(screen.Doubt, "undo", "no record says what takes it back")
	default:
		if in := s.Last().Account; s.Place.Account != "" && in != s.Place.Account {
			p.Row(screen.Bold, "", "with credentials of account "+in+":")
		}
		p.Whole(screen.Bold, "undo", command)
	}
}

// undoCommand is the command that shows what takes the change back, and does it; "" =
// nothing is known to, or it is taken back already.
func (s Record) undoCommand() string {
	of, _ := s.Of()
	last, can := of.Undo()
	if !can || s.Standing() == archive.Undone {
		return ""
	}
	at := s.Place
	if at.Account != "" && last.Account != at.Account {
		at.Profile = "" // it is another's
	}
	at.Region = cmp.Or(at.Region, last.Region)
	return at.Keymend("undo", s.ID, s.From...)
}
