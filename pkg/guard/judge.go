package guard

import (
	"fmt"
	"regexp"
	"strings"

	"keymend/pkg/plan"
)

// Judge decides on a plan. The first row that fits counts:
//
//	the plan has no steps                              → no
//	a step names another principal, target or type     → no, and no proposal
//	tag keymend=ignore                                 → no, and no proposal
//	mode observe                                       → no, and no proposal
//	the tags couldn't be read                          → no, and no proposal: one may be keymend=ignore
//	key of another account                             → proposal
//	neither tag keymend=remediate, nor a person who asked, nor scope all
//	without any other tag keymend                      → proposal
//	mode propose                                       → proposal
//	switch off, or not readable                        → proposal
//	else                                               → yes
func Judge(in Input, p plan.Plan) Verdict {
	reason, consent := in.judge(p)
	v := Verdict{Reason: reason, Text: in.text(reason, p), Consent: consent}
	switch reason {
	case Consented, ScopeAll, PersonDecided:
		v.Allowed = true
	case NotConsented, ForeignKey, OnlyProposing, SwitchedOff:
		v.Propose = true
	default: // neither
	}
	return v
}

func (in Input) judge(p plan.Plan) (Reason, string) {
	permission, consent := in.consent()
	for _, refusal := range []func(plan.Plan) Reason{in.planFits, in.forbidden} {
		if reason := refusal(p); reason != "" {
			return reason, consent
		}
	}
	switch {
	case permission == NotConsented || permission == ForeignKey:
		return permission, consent
	case in.Mode == Propose:
		return OnlyProposing, consent
	case in.Switch != SwitchNone && in.Switch != SwitchOn:
		return SwitchedOff, consent
	}
	return permission, consent
}

// planFits: the plan is one that Keymend may carry out at all.
func (in Input) planFits(p plan.Plan) Reason {
	switch {
	case p.NoFix != nil || len(p.Steps) == 0:
		return NothingToApply
	case !in.principalFits():
		return WrongPrincipal
	}
	return in.stepsFit(p)
}

// forbidden: what stands even against a proposal.
func (in Input) forbidden(plan.Plan) Reason {
	switch {
	case in.ignored():
		return KeyIgnored
	case in.Mode != Propose && in.Mode != Enforce:
		return OnlyObserving
	case in.TagsUnreadable != "":
		return TagsNotReadable
	}
	return ""
}

// consent says by what the key may be opened, and where that stands.
func (in Input) consent() (Reason, string) {
	odd := in.oddTag()
	switch {
	case in.TagsUnreadable != "":
		return NotConsented, "the key's tags couldn't be read: " + in.TagsUnreadable
	case !in.OwnKey:
		return ForeignKey, "the key belongs to another account"
	case odd == "" && in.KeyTags[Tag] == TagRemediate:
		return Consented, "tag " + Tag + "=" + TagRemediate + " on the key"
	case in.PersonAsked:
		return PersonDecided, "a person asked for it, with their own credentials"
	case odd != "":
		return NotConsented, fmt.Sprintf("tag %s on the key is no consent", odd)
	case in.Scope == "all":
		return ScopeAll, "scope: all"
	}
	return NotConsented, "the key has no tag " + Tag
}

// principalFits reports whether the principal is an Auto Scaling service-linked
// role of the group's account.
func (in Input) principalFits() bool {
	ok, err := regexp.MatchString(`^arn:aws[a-z-]*:iam::`+regexp.QuoteMeta(in.Account)+
		`:role/aws-service-role/autoscaling\.amazonaws\.com/AWSServiceRoleForAutoScaling(_[\w+=,.@-]{1,35})?$`, in.Principal)
	return err == nil && ok && len(in.Account) == 12
}

// stepsFit: every step is of a known type, on the plan's target, for the
// principal. A step that opens the key to anyone else is never let through.
func (in Input) stepsFit(p plan.Plan) Reason {
	for _, step := range p.Steps {
		var key, principal string
		switch s := step.(type) {
		case plan.EditKeyPolicy:
			key, principal = s.Key, s.Principal
		case plan.CreateGrant:
			key, principal = s.Key, s.Principal
		}
		if principal != in.Principal {
			return WrongPrincipal
		}
		if key == "" || key != p.Target {
			return WrongTarget
		}
	}
	return ""
}

func (in Input) text(r Reason, p plan.Plan) string {
	text := Explain(r)
	switch r {
	case NotConsented:
		return text + " To enrol it: " + EnrolCommand(p.Target)
	case WrongPrincipal:
		return text + " This one is " + in.Principal + "."
	case TagsNotReadable:
		return text + " " + in.TagsUnreadable
	case SwitchedOff:
		return strings.TrimSpace(text + " " + in.SwitchText)
	case NothingToApply:
		if p.NoFix != nil {
			return p.NoFix.Text
		}
	default: // the sentence says it all
	}
	return text
}
