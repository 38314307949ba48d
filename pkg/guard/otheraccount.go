package guard

import (
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/arn"
	"keymend/pkg/change"
	"keymend/pkg/plan"
	"keymend/pkg/quote"
	"keymend/pkg/tag"
)

// across says by what a key of another account may be opened for this one. The
// first row that fits counts; a person who asks is of this account, and stands
// for nobody there:
//
//	the account isn't in the settings' list, and there is no organization
//	                                                   → ForeignKey
//	tags not readable: in an organization              → NotConsented
//	  else the key policy lets this account create the grant
//	                                                   → HalfGiven
//	  whether it does can't be told                    → HalfNotSeen
//	  it doesn't                                       → NotConsented
//	tag keymend-accounts without this account, and in an organization another word than
//	organization                                       → ConsentElsewhere
//	tag keymend with another value than remediate      → NotConsented
//	tag keymend=remediate, and keymend-accounts with this account, or that word
//	                                                   → Consented
//	the key policy lets this account create the grant, by the statements that
//	Keymend reports to owners, which its owner added   → HalfGiven
//	else                                               → NotConsented
//
// HalfGiven is consent to the grant alone: it writes nothing in the key's
// account, and its owner's policy was written for it. An image or snapshot that the
// owner shared is no consent: whoever may share one need have no right on the key.
func (in Input) across(p plan.Plan) (Reason, string) {
	accounts, odd := in.named()
	switch {
	case !in.reaches(in.Finding.KeyAccount()):
		return ForeignKey, "account " + in.Finding.KeyAccount() + " isn't in the setting accounts"
	case in.Finding.TagsUnreadable != "":
		return in.unseen(p)
	case accounts != nil && !in.meant(accounts):
		return ConsentElsewhere, "tag " + tag.Accounts + " names " + strings.Join(accounts, ", ") + in.organization(accounts)
	case odd != "":
		return NotConsented, fmt.Sprintf("tag %s on the key is no consent", odd)
	}
	return in.enrolled(accounts != nil, p)
}

// enrolled: no tag speaks against it.
func (in Input) enrolled(named bool, p plan.Plan) (Reason, string) {
	_, tagged := tag.Enrolled(in.Finding.Tags)
	switch {
	case tagged && named:
		return Consented, fmt.Sprintf("tags %s=%s and %s with %s on the key", tag.Keymend, in.Finding.Tags[tag.Keymend], tag.Accounts, in.by())
	case halfGiven(p):
		return HalfGiven, "the owner added the statements by which account " + in.Finding.Account + " creates the grant"
	case tagged:
		return NotConsented, fmt.Sprintf("tag %s=%s is on the key, but nothing names account %s", tag.Keymend, in.Finding.Tags[tag.Keymend], in.Finding.Account)
	}
	return NotConsented, "the key has no tag " + tag.Keymend
}

// unseen: where the key's account isn't onboarded, its key policy is all that
// speaks for its owner. Whoever runs Keymend named that account, knowing that; nobody
// named the accounts of an organization: an owner's no may be what can't be seen.
func (in Input) unseen(p plan.Plan) (Reason, string) {
	why := "the key's tags couldn't be read: " + in.Finding.TagsUnreadable
	switch {
	case in.Organization:
	case halfGiven(p):
		return HalfGiven, "KMS would let account " + in.Finding.Account + " create the grant; " + why
	case p.Half == plan.HalfUnknown && onlyGrants(p):
		return HalfNotSeen, why
	}
	return NotConsented, why
}

func halfGiven(p plan.Plan) bool { return p.Half == plan.HalfGiven && onlyGrants(p) }

func onlyGrants(p plan.Plan) bool {
	return p.Steps.Only(func(c change.Claim) bool { return c.Consent == change.KeyOwner && !c.Edits && !c.Closes })
}

// named returns the accounts that the owner named, nil where the tag is
// missing; and a tag of ours that is no consent to the letter, as "key=value".
func (in Input) named() (accounts []string, odd string) {
	odd = tag.Odd(in.Finding.Tags)
	for key, value := range in.Finding.Tags {
		switch {
		case key == tag.Accounts:
			accounts = append([]string{}, strings.Fields(value)...)
		case tag.Is(key, tag.Accounts):
			odd = key + "=" + value
		}
	}
	return accounts, odd
}

// reaches reports whether keys of another account may be opened at all.
func (in Input) reaches(account string) bool {
	return in.Organization || slices.Contains(in.Accounts, account)
}

// meant reports whether accounts that an owner names are, or have, the group's. The word
// for every account of an organization stands alone: so IAM reads it, too.
func (in Input) meant(accounts []string) bool {
	return in.Organization && slices.Equal(accounts, []string{tag.Organization}) || slices.Contains(accounts, in.Finding.Account)
}

// by is the word by which the owner means the group's account.
func (in Input) by() string {
	if accounts, _ := in.named(); !slices.Contains(accounts, in.Finding.Account) {
		return tag.Organization
	}
	return in.Finding.Account
}

// organization says why the word for every account of an organization is no consent.
func (in Input) organization(accounts []string) string {
	switch {
	case !slices.Contains(accounts, tag.Organization):
		return ""
	case in.Organization:
		return "; the word " + tag.Organization + " counts only where it stands alone"
	}
	return ", which counts only where the roles trust an organization's hub; these don't: the accounts are named by id"
}

// unasked says why an owner's word, in an organization, isn't known; "" = it is.
func (in Input) unasked() string {
	if !in.Organization || in.Finding.OwnKey() || in.Finding.TagsUnreadable == "" {
		return ""
	}
	return " Nor can it be seen whether the owner forbids it (" + in.Finding.TagsUnreadable + "): so nothing is written for it, whatever its policy lets account " + in.Finding.Account + " do."
}

// enrol says which tags the key's owner sets, with a day or "". What the owner named
// before stays named.
func (in Input) enrol(keyARN, day string) []quote.Task {
	if in.Finding.OwnKey() {
		return []quote.Task{EnrolFrom(keyARN, day)}
	}
	accounts, _ := in.named()
	if !slices.Contains(accounts, in.Finding.Account) {
		accounts = append(accounts, in.Finding.Account)
	}
	if len(strings.Join(accounts, " ")) > tag.Longest {
		return nil // see crowded
	}
	return []quote.Task{EnrolFrom(keyARN, day, Named{tag.Accounts, accounts})}
}

// crowded says that the owner's tag has no room for this account; "" = it has.
func (in Input) crowded() string {
	accounts, _ := in.named()
	named := strings.Join(append(accounts, in.Finding.Account), " ")
	if in.Finding.OwnKey() || slices.Contains(accounts, in.Finding.Account) || len(named) <= tag.Longest {
		return ""
	}
	return fmt.Sprintf(" Account %s: its tag %s has room for %d characters, which is 19 accounts, and would have %d; an account that needs the key no more has to go from it first.",
		in.Finding.KeyAccount(), tag.Accounts, tag.Longest, len(named))
}

// Named are the accounts that a tag lists, tag.Accounts or tag.Copy.
type Named struct {
	Tag      string
	Accounts []string
}

// Enrol is the one command by which a key's owner lets Keymend open it unattended; for
// other accounts, it names them, too.
func Enrol(keyARN string, others ...Named) quote.Task { return EnrolFrom(keyARN, "", others...) }

// EnrolFrom is Enrol with the day of the enrolment, as in tag.Enrolled; "" = without.
func EnrolFrom(keyARN, day string, others ...Named) quote.Task {
	value := strings.TrimSpace(tag.Remediate + " " + day)
	words := []string{"aws", "kms", "tag-resource", "--key-id", keyARN, "--tags", "TagKey=" + tag.Keymend + ",TagValue=" + value}
	for _, n := range others {
		words = append(words, "TagKey="+n.Tag+",TagValue="+strings.Join(n.Accounts, " "))
	}
	return quote.Task{Account: arn.Account(keyARN), Command: quote.Command(append(words, "--region", arn.Region(keyARN))...)}
}
