package guard

import (
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/plan"
)

// across says by what a key of another account may be opened for this one. The
// first row that fits counts; a person who asks is of this account, and stands
// for nobody there:
//
//	the account isn't in the settings' list            → ForeignKey
//	tags not readable: the key policy lets this account create the grant
//	                                                   → HalfGiven
//	  whether it does can't be told                    → HalfNotSeen
//	  it doesn't                                       → NotConsented
//	tag keymend-accounts without this account          → ConsentElsewhere
//	tag keymend with another value than remediate      → NotConsented
//	tag keymend=remediate, and keymend-accounts with this account, or an image
//	or snapshot under the key shared with it           → Consented
//	the key policy lets this account create the grant, by the statements that
//	Keymend reports to owners, which its owner added   → HalfGiven
//	else                                               → NotConsented
//
// HalfGiven is consent to the grant alone: it writes nothing in the key's
// account, and its owner's policy was written for it.
func (in Input) across(p plan.Plan) (Reason, string) {
	accounts, odd := in.named()
	switch {
	case !slices.Contains(in.Accounts, in.KeyAccount):
		return ForeignKey, "account " + in.KeyAccount + " isn't in the setting accounts"
	case in.TagsUnreadable != "":
		return in.unseen(p)
	case accounts != nil && !slices.Contains(accounts, in.Account):
		return ConsentElsewhere, "tag " + TagAccounts + " names " + strings.Join(accounts, ", ")
	case odd != "":
		return NotConsented, fmt.Sprintf("tag %s on the key is no consent", odd)
	}
	return in.enrolled(accounts != nil, p)
}

// enrolled: no tag speaks against it.
func (in Input) enrolled(named bool, p plan.Plan) (Reason, string) {
	tagged := in.KeyTags[Tag] == TagRemediate
	switch {
	case tagged && named:
		return Consented, fmt.Sprintf("tags %s=%s and %s with %s on the key", Tag, TagRemediate, TagAccounts, in.Account)
	case tagged && slices.Contains(in.SharedBy, in.KeyAccount):
		return Consented, fmt.Sprintf("tag %s=%s on the key, and its owner shared with %s what is encrypted under it", Tag, TagRemediate, in.Account)
	case halfGiven(p):
		return HalfGiven, "the owner added the statements by which account " + in.Account + " creates the grant"
	case tagged:
		return NotConsented, fmt.Sprintf("tag %s=%s is on the key, but nothing names account %s", Tag, TagRemediate, in.Account)
	}
	return NotConsented, "the key has no tag " + Tag
}

// unseen: where the key's account isn't onboarded, its key policy is all that
// speaks for its owner.
func (in Input) unseen(p plan.Plan) (Reason, string) {
	why := "the key's tags couldn't be read: " + in.TagsUnreadable
	switch {
	case halfGiven(p):
		return HalfGiven, "KMS would let account " + in.Account + " create the grant; " + why
	case p.Half == plan.HalfUnknown && onlyGrants(p):
		return HalfNotSeen, why
	}
	return NotConsented, why
}

func halfGiven(p plan.Plan) bool { return p.Half == plan.HalfGiven && onlyGrants(p) }

func onlyGrants(p plan.Plan) bool {
	return !slices.ContainsFunc(p.Steps, func(s plan.Step) bool { _, ok := s.(plan.CreateGrant); return !ok })
}

// named returns the accounts that the owner named, nil where the tag is
// missing; and a tag of ours that is no consent to the letter, as "key=value".
func (in Input) named() (accounts []string, odd string) {
	odd = in.oddTag()
	for key, value := range in.KeyTags {
		switch {
		case key == TagAccounts:
			accounts = append([]string{}, strings.Fields(value)...)
		case strings.EqualFold(strings.TrimSpace(key), TagAccounts):
			odd = key + "=" + value
		}
	}
	return accounts, odd
}

// enrol says which tags the key's owner sets. What the owner named before stays
// named.
func (in Input) enrol(keyARN string) string {
	if in.OwnKey {
		return ": `" + EnrolCommand(keyARN) + "`"
	}
	accounts, _ := in.named()
	if !slices.Contains(accounts, in.Account) {
		accounts = append(accounts, in.Account)
	}
	return ", account " + in.KeyAccount + ": `" + EnrolCommand(keyARN, Named{TagAccounts, accounts}) + "`"
}
