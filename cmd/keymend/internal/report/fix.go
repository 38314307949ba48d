package report

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/access"
	"keymend/pkg/arn"
	"keymend/pkg/guard"
	"keymend/pkg/outcome"
	"keymend/pkg/quote"
)

// fix says what can be done about the key, or what was.
func (g Group) fix(p *screen.Page, k Key) {
	switch {
	case k.is(outcome.NoFix, outcome.NotPermitted, outcome.SettingsInvalid, outcome.CauseElsewhere, outcome.NotKMS, outcome.Ignored):
		g.unfixed(p, k)
	case k.is(outcome.Waiting):
		g.waits(p, k)
	case k.is(outcome.Refused):
		p.Row(screen.Bad, "refused", k.plainly(k.reason()))
		g.Place.run(p, "", k.Finding.Run)
	case k.is(outcome.Of(outcome.StateProposed)...):
		g.proposal(p, k)
	case k.is(outcome.Copying, outcome.Moved, outcome.HandedOver):
		g.copying(p, k)
	case k.is(outcome.NothingToDo):
		if k.Finding.Decision == access.Allowed {
			p.Row(screen.Good, "allowed", k.plainly(k.reason()))
		} else {
			p.Row(screen.Doubt, "unknown", k.plainly(k.reason()))
		}
		g.next(p)
	default:
		g.done(p, k)
	}
}

// next says how a group goes on that lacks instances though every key is open.
func (g Group) next(p *screen.Page) {
	switch {
	case g.status().says != saysOpen:
	case g.History.Failed > 0:
		p.Row(screen.Bold, "next", "The group tries again by itself. Where that fails with the same text, the cause lies elsewhere.")
	default:
		p.Row(screen.Bold, "next", "No key stands in the way: the group launches at its next try by itself.")
	}
}

func (g Group) unfixed(p *screen.Page, k Key) {
	of := k.noFix()
	if of.Reason == "" || k.Outcome() != outcome.NoFix {
		p.Row(screen.Bold, "cause", k.plainly(k.reason()))
		g.Place.run(p, "do", k.Finding.Run)
		return
	}
	text := briefly(k.plainly(of.Text))
	if _, why, ok := strings.Cut(text, ": "); ok && k.unusable() {
		text = why // in which state it is, the first line says
	}
	p.Row(screen.Bad, "cause", text)
	label := "do"
	if planOf(k.Finding).ForOwner == nil && of.Remedy != "" {
		remedy(p, of.Remedy)
		label = ""
	}
	g.Place.run(p, label, k.Finding.Run)
	g.owners(p, k)
}

// remedy writes what a person does; a condition that they add can be copied.
func remedy(p *screen.Page, text string) {
	const name = `"ArnNotLike": `
	before, rest, ok := strings.Cut(text, name)
	read := json.NewDecoder(strings.NewReader(rest))
	var value json.RawMessage
	if !ok || read.Decode(&value) != nil {
		p.Row(screen.Bold, "do", text)
		return
	}
	var lines bytes.Buffer
	_ = json.Indent(&lines, value, "", "  ") // it was just read
	p.Row(screen.Bold, "do", strings.TrimSpace(before))
	p.Raw(name + lines.String())
	p.Row(screen.Bold, "", strings.TrimLeft(rest[read.InputOffset():], ". "))
}

// plainly is a text with short names for what the screen names in full: the key, and
// service-linked roles of the group's account.
func (k Key) plainly(text string) string {
	r := k.Finding
	if r.Key != "" {
		text = strings.ReplaceAll(text, r.Key, "the key")
	}
	for _, partition := range []string{"aws", "aws-us-gov", "aws-cn"} {
		for _, service := range []string{"autoscaling.amazonaws.com", "spot.amazonaws.com"} {
			text = strings.ReplaceAll(text, "arn:"+partition+":iam::"+r.Account+":role/aws-service-role/"+service+"/", "")
		}
	}
	return text
}

// reason is the record's own, without what people would have to run, or what its outcome
// means.
func (k Key) reason() string {
	switch r := k.last(); {
	case r.Outcome == outcome.Proposed && planOf(r).ForOwner != nil && r.Verdict != nil:
		return r.Verdict.Text // what the owner does by hand is shown by itself
	case r.Reason != "":
		return strings.TrimSuffix(r.Reason, quote.Told(r.Run))
	case r.Verdict != nil && r.Verdict.Text != "":
		return r.Verdict.Text
	}
	return outcome.Meanings()[k.Outcome()]
}

// proposal says what would be changed, whom that lets in, and what to do now.
func (g Group) proposal(p *screen.Page, k Key) {
	if g.Asked {
		g.refusal(p, k)
		g.change(p, k, "would have been: ")
		g.owners(p, k)
		return
	}
	if doubt := planOf(k.Finding).Doubt; doubt != "" {
		p.Row(screen.Doubt, "doubt", "the change opens the key for certain, but may not be needed: "+doubt)
	}
	g.change(p, k, "")
	g.risk(p, k)
	if k.refused() {
		p.Row(screen.Doubt, "first", k.Finding.Verdict.Text)
		g.switchOn(p, k)
		g.Place.run(p, "", k.Finding.Run)
		g.then(p, k)
	} else {
		g.Place.run(p, "ask", k.Finding.Run)
		p.Whole(screen.Good, "do", g.again())
	}
	g.owners(p, k)
}

// refusal says why the fix was refused, and what to do.
func (g Group) refusal(p *screen.Page, k Key) {
	p.Row(screen.Bad, "refused", k.plainly(k.reason()))
	g.switchOn(p, k)
	g.Place.run(p, "", k.Finding.Run)
}

// then shows the command that comes after another. A person names the accounts that may be
// read and opened themselves.
func (g Group) then(p *screen.Page, k Key) {
	owner := arn.Account(k.Finding.Key)
	if k.Finding.Verdict.Reason != guard.ForeignKey || owner == "" || slices.ContainsFunc(g.Flags, func(f string) bool { return strings.HasPrefix(f, "--accounts=") }) {
		p.Whole(screen.Bold, "then", g.again())
		return
	}
	p.Row(screen.Bold, "", "to have it read, and to name it to --apply:")
	p.Whole(screen.Bold, "", g.look("--accounts="+owner))
}

// switchOn shows what turns on the switch that stops all writes.
func (g Group) switchOn(p *screen.Page, k Key) {
	if judged(k.last(), guard.SwitchedOff) && g.TurnOn.Command != "" {
		p.Row(screen.Bold, "", "to let Keymend write:")
		p.Whole(screen.Bold, "", g.Place.AWS(g.TurnOn))
	}
}
