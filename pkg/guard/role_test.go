package guard_test

import (
	"testing"

	"keymend/pkg/access"
	"keymend/pkg/change"
	"keymend/pkg/guard"
	"keymend/pkg/kind/grant"
	"keymend/pkg/kind/group"
	"keymend/pkg/kind/role"
	"keymend/pkg/plan"
	"keymend/pkg/settings"
)

const (
	ownRole  = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_payments"
	spotRole = "arn:aws:iam::111122223333:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot"
	ownGroup = "arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:0a1b:autoScalingGroupName/web-prod"
)

// alone is the plan of one step.
func alone(s change.Step) plan.Plan { return plan.Plan{Target: s.At().Target, Steps: change.Steps{s}} }

// moving is the input about a group, and no key, that everything speaks for.
func moving() guard.Input {
	return guard.Input{
		Mode: settings.Enforce, Switch: guard.SwitchOn, Dedicated: ownRole,
		Finding: plan.Finding{Account: account, Principal: access.Principal{ARN: ownRole}},
	}
}

// A plan that makes a role or moves a group is carried out for exactly the role
// that the settings name.
func TestJudgeRole(t *testing.T) {
	t.Parallel()
	makes := alone(role.Ensure{Role: ownRole, Suffix: "payments"})
	moves := alone(group.Update{Group: ownGroup, Name: "web-prod", Before: "b", After: ownRole})
	other := alone(group.Update{Group: ownGroup, Name: "web-prod", Before: "b", After: ownRole + "2"})
	theirs := alone(group.Update{Group: "arn:aws:autoscaling:eu-west-1:444455556666:autoScalingGroup:0a1b:autoScalingGroupName/web-prod", Name: "web-prod", After: ownRole})
	elsewhere := moves
	elsewhere.Target = ownRole
	mixed := makes
	mixed.Steps = append(change.Steps{grant.Create{Key: "k", Principal: ownRole}}, mixed.Steps...)
	for name, tc := range map[string]struct {
		plan   plan.Plan
		change func(*guard.Input)
		want   guard.Reason
	}{
		"makes":                   {makes, nil, guard.RoleBySettings},
		"moves":                   {moves, nil, guard.RoleBySettings},
		"no switch":               {moves, func(in *guard.Input) { in.Switch = guard.SwitchNone }, guard.RoleBySettings},
		"no steps":                {plan.Plan{Target: ownGroup}, nil, guard.NothingToApply},
		"another role":            {other, nil, guard.WrongPrincipal},
		"the settings name none":  {moves, func(in *guard.Input) { in.Dedicated = "" }, guard.WrongPrincipal},
		"a role of no service":    {moves, func(in *guard.Input) { in.Dedicated = "arn:aws:iam::111122223333:role/admin" }, guard.WrongPrincipal},
		"another account's group": {theirs, nil, guard.WrongTarget},
		"another target":          {elsewhere, nil, guard.WrongTarget},
		"a step on a key":         {mixed, nil, guard.WrongTarget},
		"ignored":                 {moves, func(in *guard.Input) { in.GroupTags = map[string]string{"Keymend": " Ignore"} }, guard.GroupIgnored},
		"observe":                 {moves, func(in *guard.Input) { in.Mode = settings.Observe }, guard.OnlyObserving},
		"propose":                 {moves, func(in *guard.Input) { in.Mode = settings.Propose }, guard.OnlyProposing},
		"switch off":              {moves, func(in *guard.Input) { in.Switch = guard.SwitchOff }, guard.SwitchedOff},
		"switch unknown":          {moves, func(in *guard.Input) { in.Switch = 9 }, guard.SwitchedOff},
	} {
		in := moving()
		if tc.change != nil {
			tc.change(&in)
		}
		v := guard.Judge(in, tc.plan)
		proposed := tc.want == guard.OnlyProposing || tc.want == guard.SwitchedOff
		if v.Reason != tc.want || v.Allowed != (tc.want == guard.RoleBySettings) || v.Propose != proposed || v.Try {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

// The Spot role is anybody's whose launch asks as it, and nobody else's.
func TestSpotRole(t *testing.T) {
	t.Parallel()
	p := plan.Plan{Target: keyARN, Steps: change.Steps{grant.Create{Key: keyARN, Principal: spotRole}}}
	in := permitted()
	in.Finding.Principal.ARN, in.Also = spotRole, []string{spotRole}
	if v := guard.Judge(in, p); !v.Allowed {
		t.Errorf("%+v", v)
	}
	alone := in
	alone.Also = nil
	abroad, elsewhere := in, "arn:aws:iam::444455556666:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot"
	abroad.Finding.Principal.ARN, abroad.Also = elsewhere, []string{elsewhere}
	other, fleet := in, "arn:aws:iam::111122223333:role/aws-service-role/spotfleet.amazonaws.com/AWSServiceRoleForEC2SpotFleet"
	other.Finding.Principal.ARN, other.Also = fleet, []string{fleet}
	for name, in := range map[string]guard.Input{"the launch doesn't ask as it": alone, "another account's": abroad, "another service's": other} {
		if v := guard.Judge(in, p); v.Reason != guard.WrongPrincipal {
			t.Errorf("%s: %+v", name, v)
		}
	}
}
