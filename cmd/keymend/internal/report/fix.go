package report

import (
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
	default:
		k.done(p)
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
	what := describe(k.Finding.Plan)
	if g.Asked {
		p.Row(screen.Bad, "REFUSED", k.why())
		p.Row(screen.Bold, "", "what would have been done: "+what)
	} else {
		p.Row(screen.Bold, "FIX", fmt.Sprintf("now        `keymend diagnose %s --apply`     %s", g.Head.Group, what))
		if v := k.Finding.Verdict; v != nil && !v.Allowed && k.Finding.Outcome != audit.Observed {
			p.Row(screen.Bold, "", "           "+v.Text)
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

// describe says in a few words what a plan writes.
func describe(p *plan.Plan) string {
	if p == nil {
		return "nothing"
	}
	text := ""
	for _, step := range p.Steps {
		if text != "" {
			text += ", "
		}
		switch s := step.(type) {
		case plan.EditKeyPolicy:
			text += fmt.Sprintf("%d statements added", len(s.Added))
		case plan.CreateGrant:
			text += "1 grant (" + s.Why + ")"
		}
	}
	return text
}

// done shows the write and its proof.
func (k Key) done(p *screen.Page) {
	r := *k.Result
	ink, label := screen.Good, "FIXED"
	if r.Outcome != audit.Fixed && r.Outcome != audit.InService {
		ink, label = screen.Bad, "FAILED"
	}
	p.Row(ink, label, describe(k.Finding.Plan)+": "+audit.Outcomes()[k.Outcome()])
	if r.Reason != "" {
		p.Row(screen.Bold, "WHY", r.Reason)
	}
	if proof := r.Proof; proof != nil {
		p.Row(screen.Bold, "PROOF", fmt.Sprintf("evaluates as %s, %d equal reads", proof.Decision, proof.EqualReads))
	}
	if label == "FIXED" {
		p.Row(screen.Bold, "NEXT", "the group launches at its next try by itself; `keymend diagnose "+r.Group+"` tells")
	}
	if len(r.Undo) > 0 {
		p.Row(screen.Bold, "UNDO", "`keymend undo "+r.RemediationID+"`")
	}
}
