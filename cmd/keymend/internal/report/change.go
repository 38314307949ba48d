package report

import (
	"cmp"
	"slices"
	"strings"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/access"
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
	what := added(r.Plan)
	if r.Plan != nil && r.Plan.Opens() {
		what += ", for " + roleName(r.Principal)
	}
	p.Row(screen.Bold, "change", when+what)
	p.Row(screen.Bold, "", nonEmpty(k.plainly(because(r.Plan)))...)
	if n := r.OthersAffected; n > 0 {
		p.Row(screen.Doubt, "", "it changes the access of "+screen.Count(n, "other principal")+", too")
	}
	if r.Key != "" && (r.Plan == nil || r.Plan.ForOwner == nil && !r.Plan.Copies()) {
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
func added(p *plan.Plan) string {
	what := describe(p)
	if p == nil || len(p.Steps) == 0 || what[0] < '1' || what[0] > '9' || p.Steps[0].Claim().Closes {
		return what
	}
	return "+ " + strings.ReplaceAll(what, " added", "")
}

// risk says who may then use the key, and for whose word --apply stands.
func (g Group) risk(p *screen.Page, k Key) {
	r := k.Finding
	var says []string
	if r.Plan != nil && r.Plan.Opens() && r.Key != "" {
		says = risks(r)
	}
	if v := r.Verdict; v != nil && v.Reason == guard.PersonDecided {
		says = append(says, word(r.Plan, "is"))
	}
	p.Row(screen.Doubt, "risk", says...)
}

// risks say who may use the key once a plan has opened it.
func risks(r record.Record) []string {
	out := []string{whoThen(r.Principal, r.Account)}
	if edits(r.Plan) {
		out = append(out, "and whoever an administrator of account "+r.Account+" lets use it by an IAM policy")
	}
	return out
}

// whoThen says who may use a key through a role that it is open to.
func whoThen(role, account string) string {
	switch name := roleName(role); {
	case slr.IsSpot(role, account):
		return "whoever may request Spot instances in " + account + " can then use this key through the role"
	case name != "AWSServiceRoleForAutoScaling":
		return "whoever may pass " + name + " to an Auto Scaling group in " + account + " can then use this key through it"
	}
	return "whoever may create Auto Scaling groups in " + account + " can then use this key through the role"
}

// edits reports whether a plan writes a statement that lets an account's root in.
func edits(p *plan.Plan) bool {
	return slices.ContainsFunc(p.Steps, func(s change.Step) bool { return strings.Contains(s.Words().Which, "KeymendUseBy") })
}

// describe says in a few words what a plan writes. Where it has two steps, they are in
// two accounts.
func describe(p *plan.Plan) string {
	if p == nil || len(p.Steps) == 0 {
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
func because(p *plan.Plan) string {
	why := ""
	if p != nil {
		for _, step := range p.Steps {
			why = cmp.Or(step.Words().Why, why)
		}
	}
	return why
}

// plan is the key's as it was carried out, or else as it was found: it may have changed
// on the way.
func (k Key) plan() *plan.Plan {
	if k.Result != nil {
		return cmp.Or(k.Result.Plan, k.Finding.Plan)
	}
	return k.Finding.Plan
}
