package guard

import (
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/arn"
	"keymend/pkg/owncopy"
	"keymend/pkg/owncopy/pipeline"
	"keymend/pkg/plan"
)

// copying says whether steps to a copy may be taken. The first row that fits
// counts:
//
//	a step is in another account than the group's, under another key than the
//	settings', or about a key that isn't the finding's or wasn't looked at
//	                                                       → no, and no proposal
//	keymend=ignore on a key that the data lies under, or on the copy key
//	                                                       → no, and no proposal
//	mode observe                                           → no, and no proposal
//	a key of an account that isn't in the settings' list   → proposal
//	tags not readable, no keymend=remediate, another tag keymend, or no tag
//	keymend-copy with this account, on any key that the data lies under
//	                                                       → proposal
//	mode propose; switch off, or not readable              → proposal
//	else                                                   → yes
//
// All keys count, also those of volumes that the launch doesn't take: EC2 copies
// an image whole. Consent is asked for at every step, not once: who takes it back
// stops what goes on. To clear a failed copy of Keymend's own away asks for none.
func (in Input) copying(p plan.Plan) (Reason, string) {
	keys, clearing := in.keysOf(p)
	permission, consent := Consented, "Keymend's own copy is cleared away"
	if !clearing {
		permission, consent = in.agreed(keys)
	}
	switch {
	case keys == nil:
		return WrongTarget, consent
	case ignores(in.CopyKey.Tags) || slices.ContainsFunc(keys, func(k pipeline.Key) bool { return ignores(k.Tags) }):
		return KeyIgnored, consent
	case in.Mode != Propose && in.Mode != Enforce:
		return OnlyObserving, consent
	case permission == Consented:
		permission = in.held()
	}
	return permission, consent
}

// held says what stands against what all owners agree to.
func (in Input) held() Reason {
	switch {
	case in.Mode == Propose:
		return OnlyProposing
	case in.Switch != SwitchNone && in.Switch != SwitchOn:
		return SwitchedOff
	}
	return Consented
}

// keysOf returns the keys that the plan's steps take data or volumes away from,
// nil where a step isn't what Keymend may do here; and whether the plan only
// clears away.
func (in Input) keysOf(p plan.Plan) (keys []pipeline.Key, clearing bool) {
	clearing = arn.Account(p.Target) == in.Account
	for _, step := range p.Steps {
		arns, under := in.about(step)
		if _, removes := step.(owncopy.RemoveCopy); !removes {
			clearing = false
		}
		if arn.Account(p.Target) != in.Account || !in.mayStep(step, arns, under) {
			return nil, clearing
		}
		for _, arn := range arns {
			at := slices.IndexFunc(in.Sources, func(k pipeline.Key) bool { return k.ARN == arn })
			if at < 0 {
				return nil, clearing
			}
			keys = append(keys, in.Sources[at])
		}
	}
	return keys, clearing
}

// about returns the keys that a step is about, the finding's first, and the one
// that the copies lie under.
func (in Input) about(step plan.Step) (arns []string, under string) {
	switch s := step.(type) {
	case owncopy.Copying:
		return append([]string{s.Key}, s.Keys...), s.CopyKey
	case owncopy.NewTemplateVersion:
		return []string{s.Key}, s.CopyKey
	case owncopy.SetDefaultVersion:
		return []string{s.Key}, in.CopyKey.ARN
	case owncopy.RemoveCopy:
		return []string{s.Key}, s.CopyKey
	}
	return []string{""}, ""
}

// mayStep: it is in the group's account, under the settings' key, which is that
// account's, and about the finding's key.
func (in Input) mayStep(step plan.Step, arns []string, under string) bool {
	return step.Account() == in.Account && under != "" && under == in.CopyKey.ARN &&
		arn.Account(under) == in.Account && arn.Account(arns[0]) == in.KeyAccount
}

// agreed says whether the owners of all keys agree, and what the first that
// doesn't lacks.
func (in Input) agreed(keys []pipeline.Key) (Reason, string) {
	for _, k := range keys {
		owner := arn.Account(k.ARN)
		switch {
		case k.ARN == in.CopyKey.ARN, k.Managed && owner == in.Account:
			continue // the data stays where it is, or under what lets the whole account in
		case owner != in.Account && !slices.Contains(in.Accounts, owner):
			return ForeignKey, "account " + owner + " isn't in the setting accounts"
		}
		if lacks := in.lacks(k); lacks != "" {
			return CopyNotConsented, k.ARN + ": " + lacks
		}
	}
	return Consented, "tags " + Tag + "=" + TagRemediate + " and " + TagCopy + " with " + in.Account + " on every key that the data lies under"
}

// lacks says what a key's owner would have to say, and doesn't.
func (in Input) lacks(k pipeline.Key) string {
	switch odd := oddOf(k.Tags); {
	case k.Unreadable != "":
		return "the key's tags couldn't be read: " + k.Unreadable
	case odd != "":
		return fmt.Sprintf("tag %s on the key is no consent", odd)
	case k.Tags[Tag] != TagRemediate:
		return "the key has no tag " + Tag
	case !slices.Contains(strings.Fields(k.Tags[TagCopy]), in.Account):
		return "tag " + TagCopy + " doesn't name " + in.Account
	}
	return ""
}

// unlisted is the account that the settings would have to name.
func (in Input) unlisted(p plan.Plan) string {
	if p.Copies() {
		keys, _ := in.keysOf(p)
		for _, k := range keys {
			if owner := arn.Account(k.ARN); owner != in.Account && !slices.Contains(in.Accounts, owner) {
				return owner
			}
		}
	}
	return in.KeyAccount
}

// agree is what the owner of each key that lacks consent runs. Accounts that the
// owner named before stay named.
func (in Input) agree(p plan.Plan) string {
	keys, _ := in.keysOf(p)
	var commands []string
	for _, k := range keys {
		if in.lacks(k) == "" || k.ARN == in.CopyKey.ARN || k.Managed {
			continue
		}
		accounts := strings.Fields(k.Tags[TagCopy])
		if !slices.Contains(accounts, in.Account) {
			accounts = append(accounts, in.Account)
		}
		command := ", account " + arn.Account(k.ARN) + ": `" + EnrolCommand(k.ARN, Named{TagCopy, accounts}) + "`"
		if !slices.Contains(commands, command) {
			commands = append(commands, command)
		}
	}
	return strings.Join(commands, "")
}
