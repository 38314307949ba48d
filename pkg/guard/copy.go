package guard

import (
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/arn"
	"keymend/pkg/plan"
	"keymend/pkg/plan/copies"
	"keymend/pkg/quote"
	"keymend/pkg/tag"
)

// copyKey is short for a key of a case of copies.
type copyKey = copies.Key

// keysOf returns the keys that the plan's steps take data or volumes away from, as
// far as they were looked at.
func (in Input) keysOf(p plan.Plan) []copyKey {
	var out []copyKey
	for _, step := range p.Steps {
		c := step.Claim()
		for _, key := range append([]string{c.Key}, c.Keys...) {
			at := slices.IndexFunc(in.sources(), func(k copyKey) bool { return k.ARN == key })
			if at >= 0 {
				out = append(out, in.sources()[at])
			}
		}
	}
	return out
}

// agreed says by whose word a copy may be made: the owners' of all keys that the
// data lies under, or a person's at a terminal, who may copy what AWS lets their own
// credentials copy. What keeps the first key from it says why not.
//
// All keys count, also those of volumes that the launch doesn't take: EC2 copies
// an image whole. Consent is asked for at every step, not once: an owner who takes
// it back stops what goes on.
func (in Input) agreed(keys []copyKey) (Reason, string) {
	reason, says := Consented, "tags "+tag.Keymend+"="+tag.Remediate+" and "+tag.Copy+" with "+in.Finding.Account+" on every key that the data lies under"
	for _, k := range keys {
		why, lacks := in.against(k)
		own := arn.Account(k.ARN) == in.Finding.Account
		switch {
		case why == "":
		case in.PersonAsked && in.OwnCalls && !(own && why == CopyNotSeen): // what can't be read there may be keymend=ignore
			reason, says = PersonDecided, "a person asked for it, with their own credentials, though "+lacks
		default:
			return why, lacks
		}
	}
	return reason, says
}

// against says why a key's owner isn't known to agree to a copy; "" = the owner
// does. The first row that fits counts:
//
//	a key of an account that isn't in the settings' list   → ForeignKey
//	tags that can't be read                                → CopyNotSeen
//	no keymend=remediate, another tag keymend, or no tag keymend-copy with this
//	account                                                → CopyNotConsented
func (in Input) against(k copyKey) (Reason, string) {
	owner, lacks := arn.Account(k.ARN), in.lacks(k)
	switch {
	case k.ARN == in.copyKey().ARN, k.Managed && owner == in.Finding.Account:
		return "", "" // the data stays where it is, or under what lets the whole account in
	case owner != in.Finding.Account && !in.reaches(owner):
		return ForeignKey, "account " + owner + " isn't in the setting accounts"
	case k.Unreadable != "":
		return CopyNotSeen, k.ARN + ": " + lacks
	case lacks != "":
		return CopyNotConsented, k.ARN + ": " + lacks
	}
	return "", ""
}

// lacks says what a key's owner would have to say, and doesn't.
func (in Input) lacks(k copyKey) string {
	_, enrolled := tag.Enrolled(k.Tags)
	switch odd := tag.Odd(k.Tags); {
	case k.Unreadable != "":
		return "the key's tags couldn't be read: " + k.Unreadable
	case odd != "":
		return fmt.Sprintf("tag %s on the key is no consent", odd)
	case !enrolled:
		return "the key has no tag " + tag.Keymend
	case !slices.Contains(strings.Fields(k.Tags[tag.Copy]), in.Finding.Account):
		return "tag " + tag.Copy + " doesn't name " + in.Finding.Account
	}
	return ""
}

// unlisted is the account that the settings would have to name.
func (in Input) unlisted(p plan.Plan) string {
	if p.Copies() {
		keys := in.keysOf(p)
		for _, k := range keys {
			if owner := arn.Account(k.ARN); owner != in.Finding.Account && !slices.Contains(in.Accounts, owner) {
				return owner
			}
		}
	}
	return in.Finding.KeyAccount()
}

// agree is what the owner of each key that lacks consent runs. Accounts that the
// owner named before stay named.
func (in Input) agree(p plan.Plan) []quote.Task {
	keys := in.keysOf(p)
	var out []quote.Task
	for _, k := range keys {
		if in.lacks(k) == "" || k.ARN == in.copyKey().ARN || k.Managed {
			continue
		}
		accounts := strings.Fields(k.Tags[tag.Copy])
		if !slices.Contains(accounts, in.Finding.Account) {
			accounts = append(accounts, in.Finding.Account)
		}
		if task := Enrol(k.ARN, Named{tag.Copy, accounts}); !slices.Contains(out, task) {
			out = append(out, task)
		}
	}
	return out
}
