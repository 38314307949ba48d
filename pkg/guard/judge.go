package guard

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"keymend/pkg/arn"
	"keymend/pkg/plan"
)

// Judge decides on a plan. The first row that fits counts:
//
//	the plan has no steps                              → no
//	a step names another principal, target or type     → no, and no proposal
//	tag keymend=ignore                                 → no, and no proposal
//	mode observe                                       → no, and no proposal
//	the tags couldn't be read                          → no, and no proposal: one may be keymend=ignore
//	key of another account                             → see across
//	steps to a copy                                    → see copying
//	neither tag keymend=remediate, nor a person who asked, nor scope all
//	without any other tag keymend                      → proposal
//	mode propose                                       → proposal
//	switch off, or not readable                        → proposal
//	else                                               → yes
func Judge(in Input, p plan.Plan) Verdict {
	reason, consent := in.judge(p)
	v := Verdict{Reason: reason, Text: in.text(reason, p), Consent: consent}
	switch reason {
	case Consented, ScopeAll, PersonDecided, HalfGiven:
		v.Allowed = true
	case HalfNotSeen:
		v.Try = true
	case NotConsented, ForeignKey, ConsentElsewhere, CopyNotConsented, OnlyProposing, SwitchedOff:
		v.Propose = true
	default: // neither
	}
	return v
}

func (in Input) judge(p plan.Plan) (Reason, string) {
	if p.Copies() {
		return in.copying(p)
	}
	permission, consent := in.consent(p)
	for _, refusal := range []func(plan.Plan) Reason{in.planFits, in.forbidden} {
		if reason := refusal(p); reason != "" {
			return reason, consent
		}
	}
	switch {
	case permission == NotConsented || permission == ForeignKey || permission == ConsentElsewhere:
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
	case in.TagsUnreadable != "" && in.OwnKey:
		return TagsNotReadable
	}
	return ""
}

// consent says by what the key may be opened, and where that stands.
func (in Input) consent(p plan.Plan) (Reason, string) {
	odd := in.oddTag()
	switch {
	case !in.OwnKey:
		return in.across(p)
	case in.TagsUnreadable != "":
		return NotConsented, "the key's tags couldn't be read: " + in.TagsUnreadable
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
// role of the group's account, or its Spot role where that launches.
func (in Input) principalFits() bool {
	ok, err := regexp.MatchString(`^arn:aws[a-z-]*:iam::`+regexp.QuoteMeta(in.Account)+
		`:role/aws-service-role/autoscaling\.amazonaws\.com/AWSServiceRoleForAutoScaling(_[\w+=,.@-]{1,35})?$`, in.Principal)
	return (err == nil && ok || in.spot()) && len(in.Account) == 12
}

// spot reports whether the principal is the account's Spot role, and the launch
// asks as that, too: Spot instances of a launch configuration.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/service-linked-roles-spot-instance-requests.html
func (in Input) spot() bool {
	ok, err := regexp.MatchString(`^arn:aws[a-z-]*:iam::`+regexp.QuoteMeta(in.Account)+
		`:role/aws-service-role/spot\.amazonaws\.com/AWSServiceRoleForEC2Spot$`, in.Principal)
	return err == nil && ok && slices.Contains(in.Also, in.Principal)
}

// stepsFit: every step is of a known type, on the plan's target, for the
// principal; of another account's key the policy is edited for the root of the
// group's account, and for nobody else. A step that opens the key to anyone else
// is never let through.
func (in Input) stepsFit(p plan.Plan) Reason {
	if !in.OwnKey && (in.KeyAccount == "" || arn.Account(p.Target) != in.KeyAccount) {
		return WrongTarget
	}
	for _, step := range p.Steps {
		key, principal := opens(step)
		want := in.Principal
		if _, edit := step.(plan.EditKeyPolicy); edit && !in.OwnKey {
			want = plan.RootARN(p.Target, in.Account)
		}
		if principal != want {
			return WrongPrincipal
		}
		if key == "" || key != p.Target {
			return WrongTarget
		}
	}
	return ""
}

// opens says which key a step opens, or closes, and for whom; nothing of a step
// that isn't about a key.
func opens(step plan.Step) (key, principal string) {
	switch s := step.(type) {
	case plan.EditKeyPolicy:
		return s.Key, s.Principal
	case plan.CreateGrant:
		return s.Key, s.Principal
	case plan.RetireGrant:
		return s.Grant.Key, s.Grant.Principal
	}
	return "", ""
}

func (in Input) text(r Reason, p plan.Plan) string {
	text := Explain(r)
	switch r {
	case CopyNotConsented:
		return text + " To let it be copied" + in.agree(p)
	case NotConsented, ConsentElsewhere:
		return text + " To enrol it" + in.enrol(p.Target)
	case ForeignKey:
		return text + " To allow it, whoever runs Keymend in account " + in.Account + " adds " + in.unlisted(p) + " to the setting accounts."
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
