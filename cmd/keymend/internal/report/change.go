package report

import (
	"cmp"
	"slices"
	"strings"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/access"
	"keymend/pkg/arn"
	"keymend/pkg/change"
	"keymend/pkg/guard"
	"keymend/pkg/plan"
	"keymend/pkg/record"
	"keymend/pkg/slr"
)

// change says what would be written, as a summary: a policy's text is shown only where
// it was asked for.
func (g Group) change(p *screen.Page, k Key, when string) {
	r := k.Finding
	of := planOf(r)
	what := added(of)
	if of.Opens() {
		what += ", for " + arn.Last(r.Principal)
	}
	p.Row(screen.Bold, "change", when+what)
	p.Row(screen.Bold, "", k.plainly(because(of)))
	if n := r.OthersAffected; n > 0 {
		p.Row(screen.Doubt, "", "it changes the access of "+screen.Count(n, "other principal")+", too")
	}
	if r.Key != "" && of.ForOwner == nil && !of.Copies() {
		g.code(p, "as code", plan.Finding{Principal: access.Principal{ARN: r.Principal}}.Code())
	}
}

// code shows a policy's text where it was asked for, else the command that prints it.
func (g Group) code(p *screen.Page, label, text string) {
	switch {
	case text == "":
	case g.ShowPolicy:
		if label != "" { // else the line above says what it is
			p.Row(screen.Bold, label, "for the owner of the policy:")
		}
		p.Raw(text)
	default:
		p.Whole(screen.Bold, label, g.Place.Keymend("export", g.Head.Group, g.Flags...))
	}
}

// added is what a plan writes, as a summary of the difference.
func added(p plan.Plan) string {
	what := describe(p)
	if len(p.Steps) == 0 || what[0] < '1' || what[0] > '9' || p.Steps[0].Claim().Closes {
		return what
	}
	return "+ " + strings.ReplaceAll(what, " added", "")
}

// risk says who may then use the key, and for whose word --apply stands.
func (g Group) risk(p *screen.Page, k Key) {
	r := k.Finding
	var says []string
	if planOf(r).Opens() && r.Key != "" {
		says = risks(r)
	}
	p.Row(screen.Doubt, "risk", append(says, word(r, "is"))...)
}

// risks say who may use the key once a plan has opened it.
func risks(r record.Record) []string {
	out := []string{whoThen(r.Principal, r.Account)}
	if edits(planOf(r)) {
		out = append(out, "and whoever an administrator of account "+r.Account+" lets use it by an IAM policy")
	}
	return out
}

// whoThen says who may use a key through a role that it is open to.
func whoThen(role, account string) string {
	switch name := arn.Last(role); {
	case slr.IsSpot(role, account):
		return "whoever may request Spot instances in " + account + " can then use this key through the role"
	case name != slr.Name:
		return "whoever may pass " + name + " to an Auto Scaling group in " + account + " can then use this key through it"
	}
	return "whoever may create Auto Scaling groups in " + account + " can then use this key through the role"
}

// edits reports whether a plan writes a statement that lets an account's root in.
func edits(p plan.Plan) bool {
	return slices.ContainsFunc(p.Steps, func(s change.Step) bool { return strings.Contains(s.Words().Which, "KeymendUseBy") })
}

// describe says in a few words what a plan writes. Where it has two steps, they are in
// two accounts.
func describe(p plan.Plan) string {
	if len(p.Steps) == 0 {
		return "nothing"
	}
	var all []string
	for _, step := range p.Steps {
		where := ""
		if len(p.Steps) > 1 && !p.Copies() {
			where = " in account " + step.At().Account
		}
		all = append(all, step.Words().What+where)
	}
	return strings.Join(all, ", ")
}

// because says why a plan writes that, where it doesn't go without saying.
func because(p plan.Plan) string {
	why := ""
	for _, step := range p.Steps {
		why = cmp.Or(step.Words().Why, why)
	}
	return why
}

// planOf is a record's plan; an empty one where it has none.
func planOf(r record.Record) plan.Plan {
	if r.Plan == nil {
		return plan.Plan{}
	}
	return *r.Plan
}

// noFix says why there is no fix; empty where there is one.
func (k Key) noFix() plan.NoFix {
	if of := planOf(k.Finding).NoFix; of != nil {
		return *of
	}
	return plan.NoFix{}
}

// plan is the key's as it was carried out, or else as it was found: it may have changed
// on the way.
func (k Key) plan() plan.Plan {
	if k.Result != nil && k.Result.Plan != nil {
		return *k.Result.Plan
	}
	return planOf(k.Finding)
}

// judged reports whether a record's verdict is for a reason.
func judged(r record.Record, reason guard.Reason) bool {
	return r.Verdict != nil && r.Verdict.Reason == reason
}
