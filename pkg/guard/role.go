package guard

import (
	"keymend/pkg/arn"
	"keymend/pkg/plan"
)

// JudgeRole decides on a plan that makes the role which the settings name, or has
// a group launch as it. The first row that fits counts:
//
//	the plan has no steps                          → no
//	a step is about another role, group or account → no, and no proposal
//	tag keymend=ignore on the group                → no, and no proposal
//	mode observe                                   → no, and no proposal
//	mode propose                                   → proposal
//	switch off, or not readable                    → proposal
//	else                                           → yes: the setting is the account's word
//
// The keys' owners aren't asked: no key is opened by it.
func JudgeRole(in Input, p plan.Plan) Verdict {
	v := Verdict{Reason: in.judgeRole(p), Consent: "setting serviceLinkedRole"}
	v.Text = in.text(v.Reason, p)
	v.Allowed = v.Reason == RoleBySettings
	v.Propose = v.Reason == OnlyProposing || v.Reason == SwitchedOff
	return v
}

func (in Input) judgeRole(p plan.Plan) Reason {
	wrong := in.roleStepsFit(p)
	switch {
	case p.NoFix != nil || len(p.Steps) == 0:
		return NothingToApply
	case wrong != "":
		return wrong
	case ignores(in.GroupTags):
		return GroupIgnored
	case in.Mode != Propose && in.Mode != Enforce:
		return OnlyObserving
	case in.Mode == Propose:
		return OnlyProposing
	case in.Switch != SwitchNone && in.Switch != SwitchOn:
		return SwitchedOff
	}
	return RoleBySettings
}

// roleStepsFit: each step is about the one role that the settings name, and
// about the plan's target.
func (in Input) roleStepsFit(p plan.Plan) Reason {
	if in.Principal = in.Dedicated; in.Dedicated == "" || !in.principalFits() {
		return WrongPrincipal
	}
	for _, step := range p.Steps {
		var target, role string
		switch s := step.(type) {
		case plan.EnsureServiceLinkedRole:
			target, role = s.Role, s.Role
		case plan.UpdateGroup:
			target, role = s.Group, s.After
		}
		if role != in.Dedicated {
			return WrongPrincipal
		}
		if target != p.Target || arn.Account(target) != in.Account {
			return WrongTarget
		}
	}
	return ""
}
