package guard_test

import (
	"testing"

	"keymend/pkg/guard"
	"keymend/pkg/plan"
	"keymend/pkg/settings"
)

// sealed is a plan with a digest.
func sealed() plan.Plan {
	p := edit()
	p.Digest = "d"
	return p
}

// An approval is one person's word for one plan, and takes no other wall down.
func TestApproval(t *testing.T) {
	t.Parallel()
	alice := guard.Approval{By: "alice", Digest: "d", Makers: []string{"arn:aws:iam::" + account + ":user/ops/bob", "arn:aws:sts::" + account + ":assumed-role/ci/alice-ci"}}
	for name, tc := range map[string]struct {
		since func(in *guard.Input, p *plan.Plan)
		want  guard.Reason
	}{
		"it counts":               {func(*guard.Input, *plan.Plan) {}, guard.Consented},
		"access may be there":     {func(_ *guard.Input, p *plan.Plan) { p.Doubt = "who knows" }, guard.Consented},
		"… and the mode enforces": {func(in *guard.Input, p *plan.Plan) { in.Mode, p.Doubt = settings.Enforce, "who knows" }, guard.Consented},
		"nobody approved":         {func(in *guard.Input, _ *plan.Plan) { in.Approval = guard.Approval{Digest: "d"} }, guard.OnlyProposing},
		"another plan":            {func(_ *guard.Input, p *plan.Plan) { p.Digest = "e" }, guard.OnlyProposing},
		"a plan without a digest": {func(in *guard.Input, p *plan.Plan) { p.Digest, in.Approval.Digest = "", "" }, guard.OnlyProposing},
		"too late":                {func(in *guard.Input, _ *plan.Plan) { in.Approval.Late = true }, guard.ApprovalExpired},
		"the group's maker":       {func(in *guard.Input, _ *plan.Plan) { in.Approval.By = "Bob" }, guard.OwnApproval},
		"the maker, and access in doubt": {func(in *guard.Input, p *plan.Plan) {
			in.Mode, in.Approval.By, p.Doubt = settings.Enforce, "bob", "who knows"
		}, guard.MayNotBeNeeded},
		"observe":                      {func(in *guard.Input, _ *plan.Plan) { in.Mode = settings.Observe }, guard.OnlyObserving},
		"the switch":                   {func(in *guard.Input, _ *plan.Plan) { in.Switch = guard.SwitchOff }, guard.SwitchedOff},
		"the key isn't enrolled":       {func(in *guard.Input, _ *plan.Plan) { in.Finding.Tags = nil }, guard.NotConsented},
		"the key's owner said no":      {func(in *guard.Input, _ *plan.Plan) { in.Finding.Tags = map[string]string{"keymend": "ignore"} }, guard.KeyIgnored},
		"the key's tags can't be read": {func(in *guard.Input, _ *plan.Plan) { in.Finding.TagsUnreadable = "AccessDenied" }, guard.TagsNotReadable},
		"a role that isn't Auto Scaling's": {func(in *guard.Input, _ *plan.Plan) {
			in.Finding.Principal.ARN = "arn:aws:iam::" + account + ":role/admin"
		}, guard.WrongPrincipal},
	} {
		in, p := permitted(), sealed()
		in.Mode, in.Approval = settings.Propose, alice
		tc.since(&in, &p)
		if v := guard.Judge(in, p); v.Reason != tc.want || v.Allowed != (tc.want == guard.Consented) {
			t.Errorf("%s: %+v", name, v)
		}
	}
}
