package report

import (
	"cmp"
	"strings"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/access"
	"keymend/pkg/guard"
	"keymend/pkg/outcome"
	"keymend/pkg/plan"
	"keymend/pkg/quote"
)

// fix says what can be done about the key, or what was.
func (g Group) fix(p *screen.Page, k Key) {
	switch o := k.Outcome(); o {
	case outcome.NoFix, outcome.NotPermitted, outcome.SettingsInvalid, outcome.CauseElsewhere, outcome.NotKMS, outcome.Ignored:
		g.noFix(p, k)
	case outcome.Waiting:
		g.waits(p, k)
	case outcome.Refused:
		p.Row(screen.Bad, "REFUSED", k.why())
		g.Place.run(p, "", k.Finding.Run)
	case outcome.Fixable, outcome.Observed, outcome.Proposed, outcome.Sent, outcome.TakenAway, outcome.Braked:
		g.proposal(p, k)
	case outcome.Copying, outcome.Moved, outcome.HandedOver:
		g.copying(p, k)
	case outcome.NothingToDo:
		if k.Finding.Decision == access.Allowed {
			p.Row(screen.Good, "ALLOWED", k.why())
		} else {
			p.Row(screen.Doubt, "UNKNOWN", k.why())
		}
		g.next(p)
	default:
		g.done(p, k)
	}
}

// next says how a group goes on that lacks instances though every key is open.
func (g Group) next(p *screen.Page) {
	switch {
	case g.status().word != "KEYS OPEN":
	case g.History.Failed > 0:
		p.Row(screen.Bold, "NEXT", "no key stands in the way any more: the failure shown is taken for one from before. The group tries again by itself, usually within minutes; where that fails with the same text, the cause lies elsewhere")
	default:
		p.Row(screen.Bold, "NEXT", "no key stands in the way; the group launches at its next try by itself")
	}
}

func (g Group) noFix(p *screen.Page, k Key) {
	of := k.Finding.Plan
	if of == nil || of.NoFix == nil || k.Outcome() != outcome.NoFix {
		p.Row(screen.Bold, "WHY", k.why())
		g.Place.run(p, "", k.Finding.Run)
		return
	}
	p.Row(screen.Bad, "NO FIX", of.NoFix.Text)
	if of.ForOwner == nil {
		p.Row(screen.Bold, "REMEDY", nonEmpty(of.NoFix.Remedy)...)
	}
	g.Place.run(p, "", k.Finding.Run)
	g.halves(p, k)
}

// why is the record's own reason, without what people would have to run, or what its
// outcome means.
func (k Key) why() string {
	switch r := k.last(); {
	case r.Outcome == outcome.Proposed && r.Plan != nil && r.Plan.ForOwner != nil && r.Verdict != nil:
		return r.Verdict.Text // what the owner does by hand is shown by itself
	case r.Reason != "":
		return strings.TrimSuffix(r.Reason, quote.Told(r.Run))
	case r.Verdict != nil && r.Verdict.Text != "":
		return r.Verdict.Text
	}
	return outcome.Meanings()[k.Outcome()]
}

// proposal: the fix now, and for good where the policy is kept as code.
func (g Group) proposal(p *screen.Page, k Key) {
	what, why := describe(k.Finding.Plan)
	when := "now: "
	switch {
	case g.Asked:
		p.Row(screen.Bad, "REFUSED", k.why())
		g.switchOn(p, k)
		g.Place.run(p, "", k.Finding.Run)
		p.Row(screen.Bold, "", "what would have been done: "+what)
	case k.refused():
		p.Row(screen.Doubt, "FIRST", k.Finding.Verdict.Text)
		g.switchOn(p, k)
		g.Place.run(p, "", k.Finding.Run)
		when = "then: "
		fallthrough
	default:
		if k.Finding.Plan != nil && k.Finding.Plan.Doubt != "" {
			p.Row(screen.Doubt, "DOUBT", "the fix opens the key for certain, but may not be needed: "+k.Finding.Plan.Doubt)
		}
		if when == "now: " { // else it stands above
			g.Place.run(p, "ASK", k.Finding.Run)
		}
		p.Row(screen.Bold, "FIX", when+what)
		p.Whole(screen.Bold, "", g.again())
		p.Row(screen.Bold, "", nonEmpty(why)...)
		if v := k.Finding.Verdict; v != nil && v.Reason == guard.PersonDecided {
			p.Row(screen.Doubt, "", word(k.Finding.Plan, "is"))
		}
	}
	g.forGood(p, k)
}

// switchOn shows what turns on the switch that stops all writes.
func (g Group) switchOn(p *screen.Page, k Key) {
	if v := k.last().Verdict; v != nil && v.Reason == guard.SwitchedOff && g.TurnOn.Command != "" {
		p.Row(screen.Bold, "", "to let Keymend write:")
		p.Whole(screen.Bold, "", g.Place.AWS(g.TurnOn))
	}
}

func (g Group) forGood(p *screen.Page, k Key) {
	if g.halves(p, k) || k.Finding.Key == "" || k.Finding.Plan != nil && k.Finding.Plan.Copies() {
		return
	}
	code := plan.Finding{Principal: access.Principal{ARN: k.Finding.Principal}}.Code()
	if code == "" {
		return
	}
	p.Row(screen.Bold, "", "for good: the same as code, for the owner of the policy")
	p.Raw(code)
}

// halves shows how both halves of the fix for another account's key stand, and
// what its owner does; false where the key is the group's account's.
func (g Group) halves(p *screen.Page, k Key) bool {
	if k.Finding.Plan == nil || k.Finding.Plan.ForOwner == nil {
		return false
	}
	owner := k.Finding.Plan.ForOwner
	if owner.Command == "" {
		keeper(p, *owner)
		return true
	}
	p.Row(screen.Bold, "HALVES", "account "+owner.Account+", the key policy: "+halfWords(k.Finding.Plan.Half),
		"account "+k.Finding.Account+", the grant: "+grantWords(k.Finding.Plan))
	if len(owner.Statements) > 0 {
		p.Row(screen.Bold, "BY HAND", "account "+owner.Account+", the key's owner, adds to the key policy:")
		p.Raw(indented(owner.Statements))
	}
	if k.Finding.Key == "" {
		g.hidden(p, *owner)
		return true
	}
	p.Row(screen.Bold, "THEN", "Keymend creates the grant by itself when the group next fails, or someone of account "+k.Finding.Account+" does:")
	p.Whole(screen.Bold, "", g.Place.AWS(quote.Task{Account: k.Finding.Account, Command: owner.Command}))
	return true
}

func halfWords(h plan.Half) string {
	return map[plan.Half]string{
		plan.HalfMissing: "doesn't let the grant be created",
		plan.HalfGiven:   "lets the grant be created",
		plan.HalfOpen:    "lets the grant be created, by a statement that wasn't written for it",
		plan.HalfUnknown: "can't be told from here",
	}[h]
}

func grantWords(p *plan.Plan) string {
	switch {
	case p.NoFix != nil && p.NoFix.Reason == plan.KeyHidden:
		return "can't be told from here"
	case p.NoFix != nil && p.NoFix.Reason == plan.NotKnown:
		return "stands"
	case p.Half == plan.HalfMissing:
		return "missing, and comes after"
	}
	return "missing"
}

// describe says in a few words what a plan writes, and why that. Where it has two
// steps, they are in two accounts.
func describe(p *plan.Plan) (what, why string) {
	if p == nil || len(p.Steps) == 0 {
		return "nothing", ""
	}
	var all []string
	for _, step := range p.Steps {
		where := ""
		if len(p.Steps) > 1 && !p.Copies() {
			where = " in account " + step.At().Account
		}
		words := step.Words()
		all, why = append(all, words.What+where), cmp.Or(words.Why, why)
	}
	return strings.Join(all, ", "), why
}

// done shows the write and its proof.
func (g Group) done(p *screen.Page, k Key) {
	r := *k.Result
	ink, label := screen.Good, "FIXED"
	if r.Outcome != outcome.Fixed && r.Outcome != outcome.InService && r.Outcome != outcome.Stands {
		ink, label = screen.Bad, "FAILED"
	}
	what, why := describe(cmp.Or(r.Plan, k.Finding.Plan)) // the plan may have changed on the way
	meaning := outcome.Meanings()[k.Outcome()]
	if label == "FIXED" { // how it was proven, PROOF says
		meaning = "the change stands"
	}
	p.Row(ink, label, what+": "+meaning)
	p.Row(screen.Bold, "", nonEmpty(why)...)
	p.Row(screen.Bold, "WHY", nonEmpty(r.Reason)...)
	if v := r.Verdict; v != nil && v.Reason == guard.PersonDecided {
		p.Row(screen.Doubt, "CONSENT", word(cmp.Or(r.Plan, k.Finding.Plan), "was"))
	}
	proof(p, &r)
	if label == "FIXED" && launchesNext(&r) {
		p.Row(screen.Bold, "NEXT", "the group launches at its next try by itself; to see whether it did:")
		p.Whole(screen.Bold, "", g.look())
	}
	k.bridges(p, r.Bridges)
	g.undo(p, r)
}
