package guard

import (
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/arn"
	"keymend/pkg/change"
	"keymend/pkg/launch"
	"keymend/pkg/plan"
	"keymend/pkg/quote"
	"keymend/pkg/settings"
	"keymend/pkg/settings/variable"
	"keymend/pkg/slr"
	"keymend/pkg/tag"
)

// Judge decides on a plan. The first row that fits counts:
//
//	the plan has no steps                              → no
//	a step names another principal, target or key, or isn't one for plans
//	                                                   → no, and no proposal
//	tag keymend=ignore on a key, or on the group that is changed
//	                                                   → no, and no proposal
//	mode observe, of the settings or a brake           → no, and no proposal
//	the own key's tags couldn't be read                → no, and no proposal: one may be keymend=ignore
//	a consent is missing                               → proposal; see consent
//	mode propose, of either, and nobody who may approved the plan → proposal; see Approval
//	switch off, or not readable                        → proposal
//	somebody took away what Keymend wrote; see takenAway
//	                                                   → proposal
//	too many changes within the hour, or they can't be counted; see braked
//	                                                   → proposal
//	access may be there, and no person asked or approved → proposal
//	else                                               → yes; or a trial, where that tells whether the key's owner agrees
func Judge(in Input, p plan.Plan) Verdict {
	in = in.braking()
	reason, consent := in.judge(p)
	v := Verdict{Reason: reason, Text: in.text(reason, p), Consent: consent, Run: in.run(reason, p)}
	if reason == TakenAway {
		v.Gone = in.Past.Gone.Remediation
	}
	v.Enrolled, _ = tag.Enrolled(in.Finding.Tags)
	switch reason {
	case Consented, ScopeAll, PersonDecided, HalfGiven, RoleBySettings, ResumeBySettings:
		v.Allowed = true
	case HalfNotSeen:
		v.Try = true
	case NotConsented, ForeignKey, ConsentElsewhere, CopyNotConsented, CopyNotSeen, OnlyProposing, ApprovalExpired, OwnApproval, SwitchedOff, TakenAway, Braked, MayNotBeNeeded, TooManyMissing:
		v.Propose = true
	default: // neither
	}
	return v
}

func (in Input) judge(p plan.Plan) (Reason, string) {
	permission, consent := in.consent(p)
	wrong := in.wrong(p)
	switch {
	case p.NoFix != nil || len(p.Steps) == 0:
		return NothingToApply, consent
	case wrong != "":
		return wrong, consent
	case in.ignored(p):
		return in.ignoredBy(p), consent
	case in.Mode != settings.Propose && in.Mode != settings.Enforce:
		return OnlyObserving, consent
	case in.Finding.TagsUnreadable != "" && in.Finding.OwnKey():
		return TagsNotReadable, consent
	case slices.Contains([]Reason{NotConsented, ForeignKey, ConsentElsewhere, CopyNotConsented, CopyNotSeen, TooManyMissing}, permission):
		return permission, consent
	case in.Mode == settings.Propose && in.Approval.against(p) != "":
		return in.Approval.against(p), consent
	case in.Switch != SwitchNone && in.Switch != SwitchOn:
		return SwitchedOff, consent
	case in.held(p) != "":
		return in.held(p), consent
	}
	return permission, consent
}

// held says why what is consented to waits for a person who asks; "" = it doesn't.
func (in Input) held(p plan.Plan) Reason {
	switch {
	case in.PersonAsked:
	case in.takenAway():
		return TakenAway
	case in.braked(p) != "":
		return Braked
	case p.Doubt != "" && in.Approval.against(p) != "":
		return MayNotBeNeeded
	}
	return ""
}

// consent says by whose word the plan may be carried out, and where that stands.
//
//	to open or close a key of the own account     → its owner's: see ownKey
//	to open a key of another account              → its owner's: see across
//	to give a group the settings' role            → the setting is the account's word; no key is opened by it
//	to let a group launch again                   → the setting is; only so many instances may be missing
//	to copy                                       → the owners' of all keys that the data lies under, or a person's: see agreed
//	to clear away a failed copy of Keymend's own  → nobody's
func (in Input) consent(p plan.Plan) (Reason, string) {
	switch whose(p) {
	case change.Operator:
		return RoleBySettings, "setting serviceLinkedRole"
	case change.ResumeAllowed:
		if in.Missing > in.Resume {
			return TooManyMissing, fmt.Sprintf("%d instances are missing, and the setting resumeSuspended is %d", in.Missing, in.Resume)
		}
		return ResumeBySettings, "setting resumeSuspended"
	case change.OwnCopyOnly:
		return Consented, "Keymend's own copy is cleared away"
	case change.DataOwners:
		return in.agreed(in.keysOf(p))
	case change.KeyOwner, change.Nobody:
	}
	if in.Finding.OwnKey() {
		return in.ownKey()
	}
	return in.across(p)
}

// whose is the consent that the plan's steps need; of several the widest.
func whose(p plan.Plan) change.Consent {
	out := change.Nobody
	for i, step := range p.Steps {
		if c := step.Claim().Consent; i == 0 || out == change.OwnCopyOnly {
			out = c
		}
	}
	return out
}

// ownKey says by what a key of the own account may be opened.
func (in Input) ownKey() (Reason, string) {
	odd := tag.Odd(in.Finding.Tags)
	_, enrolled := tag.Enrolled(in.Finding.Tags)
	switch {
	case in.Finding.TagsUnreadable != "":
		return NotConsented, "the key's tags couldn't be read: " + in.Finding.TagsUnreadable
	case odd == "" && enrolled:
		return Consented, "tag " + tag.Keymend + "=" + in.Finding.Tags[tag.Keymend] + " on the key"
	case in.PersonAsked:
		return PersonDecided, "a person asked for it, with their own credentials"
	case odd != "":
		return NotConsented, "tag " + odd + " on the key is no consent"
	case in.Scope == settings.AllKeys:
		return ScopeAll, "scope: all"
	}
	return NotConsented, "the key has no tag " + tag.Keymend
}

// wrong says what of the plan isn't Keymend's to do; "" = nothing. A step that opens
// a key to anyone but the finding's role is never let through; of another account's
// key the policy is edited for the root of the group's account, and for nobody else.
func (in Input) wrong(p plan.Plan) Reason {
	for _, step := range p.Steps {
		c, at := step.Claim(), step.At()
		reason := WrongTarget
		switch c.Consent {
		case change.KeyOwner:
			reason = in.wrongKey(c)
		case change.Operator:
			reason = in.wrongRole(c, at)
		case change.ResumeAllowed:
			reason = in.wrongResume(at)
		case change.DataOwners, change.OwnCopyOnly:
			reason = in.wrongCopy(c, at)
		case change.Nobody:
		}
		if reason == "" && (at.Target != p.Target || c.Consent != whose(p) && c.Consent != change.OwnCopyOnly) {
			reason = WrongTarget
		}
		if reason != "" {
			return reason
		}
	}
	return ""
}

func (in Input) wrongResume(at change.Place) Reason {
	group := in.Finding.Group
	if in.Resume > 0 && at.Account == in.Finding.Account && group != "" && strings.HasSuffix(at.Target, ":autoScalingGroupName/"+group) {
		return ""
	}
	return WrongTarget
}

func (in Input) wrongKey(c change.Claim) Reason {
	f := in.Finding
	want := f.Principal.ARN
	if c.Edits && !f.OwnKey() {
		want = arn.Root(arn.Partition(c.Key), f.Account)
	}
	switch {
	case !slr.Is(f.Principal.ARN, f.Account) && !(slr.IsSpot(f.Principal.ARN, f.Account) && slices.Contains(in.Also, f.Principal.ARN)):
		return WrongPrincipal
	case c.Principal != want:
		return WrongPrincipal
	case c.Key == "" || c.Key != f.Facts.Key.ARN || f.KeyAccount() == "":
		return WrongTarget
	}
	return ""
}

func (in Input) wrongRole(c change.Claim, at change.Place) Reason {
	switch {
	case in.Dedicated == "" || !slr.Is(in.Dedicated, in.Finding.Account) || c.Principal != in.Dedicated:
		return WrongPrincipal
	case at.Account != in.Finding.Account:
		return WrongTarget
	}
	return ""
}

// wrongCopy: a copy is made in the group's account, under the settings' key, which
// is that account's, and about the finding's key and others that were looked at.
func (in Input) wrongCopy(c change.Claim, at change.Place) Reason {
	under := in.copyKey().ARN
	for _, key := range append([]string{c.Key}, c.Keys...) {
		if !slices.ContainsFunc(in.sources(), func(k copyKey) bool { return k.ARN == key }) {
			return WrongTarget
		}
	}
	if at.Account != in.Finding.Account || arn.Account(at.Target) != in.Finding.Account || under == "" || c.Under != "" && c.Under != under ||
		arn.Account(under) != in.Finding.Account || arn.Account(c.Key) != in.Finding.KeyAccount() {
		return WrongTarget
	}
	return ""
}

// ignored reports whether an owner forbids even a proposal.
func (in Input) ignored(p plan.Plan) bool {
	switch whose(p) {
	case change.Operator, change.ResumeAllowed:
		return tag.Ignores(in.GroupTags)
	case change.DataOwners, change.OwnCopyOnly:
		return tag.Ignores(in.copyKey().Tags) || slices.ContainsFunc(in.keysOf(p), func(k copyKey) bool { return tag.Ignores(k.Tags) })
	case change.KeyOwner, change.Nobody:
	}
	return tag.Ignores(in.Finding.Tags)
}

func (in Input) ignoredBy(p plan.Plan) Reason {
	if who := whose(p); who == change.Operator || who == change.ResumeAllowed {
		return GroupIgnored
	}
	return KeyIgnored
}

// run is what the owners of the keys would have to do, who haven't consented, or whoever
// approves.
func (in Input) run(r Reason, p plan.Plan) []quote.Task {
	switch r { //nolint:exhaustive // the others aren't for want of an owner's word
	case CopyNotConsented, CopyNotSeen:
		return in.agree(p)
	case NotConsented, ConsentElsewhere:
		return in.enrol(p.Target, "")
	case TakenAway:
		return in.enrol(in.Finding.Facts.Key.ARN, in.anew())
	case TooManyMissing:
		return []quote.Task{launch.Resume(in.Finding.Account, in.Finding.Region, in.Finding.Group)}
	case OnlyProposing, ApprovalExpired, OwnApproval, MayNotBeNeeded:
		return in.approve(p)
	}
	return nil
}

func (in Input) text(r Reason, p plan.Plan) string {
	text := Explain(r)
	switch r {
	case CopyNotSeen:
		return text + " The owner lets Keymend read the key's tags (docs/deploy.md), and sets these if they aren't set; accounts that " + tag.Copy + " names have to stay in it."
	case NotConsented, ConsentElsewhere:
		return text + in.unasked() + in.crowded()
	case ForeignKey:
		return text + " To allow it, whoever runs Keymend in account " + in.Finding.Account + " adds " + in.unlisted(p) +
			" to the setting accounts; at a terminal that is --accounts, or " + variable.Accounts + ", with a comma between accounts."
	case WrongPrincipal:
		return text + " This one is " + in.Finding.Principal.ARN + "."
	case TagsNotReadable:
		return text + " " + in.Finding.TagsUnreadable
	case TakenAway:
		return text + in.removed(p)
	case Braked:
		return text + " " + in.braked(p)
	case MayNotBeNeeded:
		return text + " " + p.Doubt
	case OwnApproval:
		return text + " " + in.Approval.By + " can't: " + in.Approval.maker() + " did."
	case OnlyObserving, OnlyProposing:
		return strings.TrimSpace(text + " " + in.modeText)
	case SwitchedOff:
		return strings.TrimSpace(text + " " + in.SwitchText)
	case Consented, HalfGiven:
		return text + in.outlived()
	case NothingToApply:
		if p.NoFix != nil {
			return p.NoFix.Text
		}
	default: // the sentence says it all
	}
	return text
}
