package report

import (
	"cmp"
	"fmt"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/access"
	"keymend/pkg/audit"
	"keymend/pkg/plan"
)

// fix says what can be done about the key, or what was.
func (g Group) fix(p *screen.Page, k Key) {
	switch o := k.Outcome(); o {
	case audit.NoFix, audit.NotPermitted, audit.SettingsInvalid, audit.CauseElsewhere, audit.Ignored:
		k.noFix(p, o)
	case audit.Refused:
		p.Row(screen.Bad, "REFUSED", k.why())
	case audit.Fixable, audit.Observed, audit.Proposed, audit.Sent:
		g.proposal(p, k)
	case audit.NothingToDo:
		p.Row(screen.Good, "ALLOWED", k.why())
		if g.status().word == "KEYS OPEN" {
			p.Row(screen.Bold, "NEXT", "no key stands in the way any more; the group launches at its next try by itself")
		}
	default:
		g.done(p, k)
	}
}

func (k Key) noFix(p *screen.Page, o audit.Outcome) {
	if k.Finding.Plan != nil && k.Finding.Plan.NoFix != nil && o == audit.NoFix {
		p.Row(screen.Bad, "NO FIX", k.Finding.Plan.NoFix.Text)
		p.Row(screen.Bold, "REMEDY", nonEmpty(k.Finding.Plan.NoFix.Remedy)...)
		return
	}
	p.Row(screen.Bold, "WHY", k.why())
}

// why is the record's own reason, or what its outcome means.
func (k Key) why() string {
	r := k.Finding
	if k.Result != nil {
		r = *k.Result
	}
	switch {
	case r.Reason != "":
		return r.Reason
	case r.Verdict != nil && r.Verdict.Text != "":
		return r.Verdict.Text
	}
	return audit.Outcomes()[k.Outcome()]
}

// proposal: the fix now, and for good where the policy is kept as code.
func (g Group) proposal(p *screen.Page, k Key) {
	what, why := describe(k.Finding.Plan)
	if g.Asked {
		p.Row(screen.Bad, "REFUSED", k.why(), "what would have been done: "+what)
	} else {
		p.Whole(screen.Bold, "FIX", fmt.Sprintf("now        keymend diagnose %s --apply     %s", g.Head.Group, what))
		p.Row(screen.Bold, "", nonEmpty(why)...)
		if v := k.Finding.Verdict; v != nil && !v.Allowed {
			p.Row(screen.Doubt, "", v.Text)
		}
	}
	k.forGood(p)
}

func (k Key) forGood(p *screen.Page) {
	code := plan.Code(plan.Finding{Principal: access.Principal{ARN: k.Finding.Principal}})
	if code == "" {
		return
	}
	p.Row(screen.Bold, "", "for good   the same as code, for the owner of the policy:")
	p.Raw(code)
}

// describe says in a few words what a plan writes, and why that where it is a
// grant. A plan has one step.
func describe(p *plan.Plan) (what, why string) {
	if p == nil || len(p.Steps) == 0 {
		return "nothing", ""
	}
	switch s := p.Steps[0].(type) {
	case plan.EditKeyPolicy:
		what = fmt.Sprintf("%d statements added", len(s.Added))
	case plan.CreateGrant:
		what, why = "1 grant", "a grant because: "+s.Why
	}
	return what, why
}

// done shows the write and its proof.
func (g Group) done(p *screen.Page, k Key) {
	r := *k.Result
	ink, label := screen.Good, "FIXED"
	if r.Outcome != audit.Fixed && r.Outcome != audit.InService {
		ink, label = screen.Bad, "FAILED"
	}
	what, why := describe(cmp.Or(r.Plan, k.Finding.Plan)) // the plan may have changed on the way
	p.Row(ink, label, what+": "+audit.Outcomes()[k.Outcome()])
	p.Row(screen.Bold, "", nonEmpty(why)...)
	if r.Reason != "" {
		p.Row(screen.Bold, "WHY", r.Reason)
	}
	if proof := r.Proof; proof != nil {
		p.Row(screen.Bold, "PROOF", fmt.Sprintf("evaluates as %s, %d equal reads", proof.Decision, proof.EqualReads))
	}
	if label == "FIXED" && r.Suspended == "" {
		p.Row(screen.Bold, "NEXT", "the group launches at its next try by itself; `keymend diagnose "+r.Group+"` tells")
	}
	if len(r.Undo) > 0 {
		p.Whole(screen.Bold, "UNDO", "keymend undo "+r.RemediationID+" --file "+g.File)
	}
}
