package guard

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"keymend/pkg/plan"
	"keymend/pkg/tag"
)

// Past is what the log tells of changes that were begun unattended, as far as it bears
// on a plan. Its zero value holds nothing back.
type Past struct {
	Read   bool     // it was read, or couldn't be
	Begun  []Change // within the last hour, each once
	Unread string   // why the log can't be read; "" = it can
	Today  string   // the day by AWS's clock, as tag.Enrolled has it
	Gone   *Removal // what was written for the finding, and isn't there any more; nil = nothing
	Dead   string   // what was written for the finding's role before it was deleted and made anew; "" = nothing
}

// A Change is one that was begun.
type Change struct{ Remediation, Account, Region string }

// A Removal says that what Keymend wrote was taken away.
type Removal struct {
	Remediation string
	Written     time.Time // by AWS's clock
	Enrolled    string    // the day in the key's tag when it was written; "" = there was none
	What        string
	By          string   // "" = not known
	Grants      []string // ids of the grants that were written
}

// takenAway reports whether what the plan would write was taken away. The owner's
// word starts anew: an enrolment of a later day than the one by
// which it was written, and of no earlier day than that on which it was.
func (in Input) takenAway() bool {
	gone := in.Past.Gone
	if gone == nil {
		return false
	}
	day, _ := tag.Enrolled(in.Finding.Tags)
	return day <= gone.Enrolled || day < gone.Written.UTC().Format(time.DateOnly)
}

// braked says why no other change may be begun; "" = one may. What was begun already
// goes on.
func (in Input) braked(p plan.Plan) string {
	begun := slices.ContainsFunc(in.Past.Begun, func(c Change) bool { return c.Remediation == plan.RemediationID(p.Digest) })
	here, account := 0, 0
	for _, c := range in.Past.Begun {
		if c.Account != in.Finding.Account {
			continue
		}
		account++
		if c.Region == in.Finding.Region {
			here++
		}
	}
	switch {
	case begun || !in.Past.Read:
	case in.Past.Unread != "":
		return "What was begun within the last hour can't be read: " + in.Past.Unread
	case here >= in.MaxHere:
		return fmt.Sprintf("Account %s, %s: the setting maxChangesAnHour allows %d.", in.Finding.Account, in.Finding.Region, in.MaxHere)
	case len(in.Past.Begun) >= in.MaxInAll:
		return fmt.Sprintf("The setting maxChangesAnHourInAll allows %d.", in.MaxInAll)
	case account >= in.maxOfOne():
		return fmt.Sprintf("Account %s: of the %d that the setting maxChangesAnHourInAll allows an organization, one account may have %d.", in.Finding.Account, in.MaxInAll, in.maxOfOne())
	}
	return ""
}

// maxOfOne is how many changes one account may have begun: in an organization half of
// all, so that no member's storm holds up every other.
func (in Input) maxOfOne() int {
	if in.Organization {
		return (in.MaxInAll + 1) / 2 //nolint:mnd // half, and one at least where any may be
	}
	return in.MaxInAll
}

// outlived says what was written for an earlier role of the same name: IAM gives it
// another id when it is made anew, and KMS knows it by that.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
func (in Input) outlived() string {
	if in.Past.Dead == "" {
		return ""
	}
	return " " + in.Past.Dead + " is dead: the role was deleted since, and made anew."
}

// removed says what was taken away, and has the permanent fix as code.
func (in Input) removed(p plan.Plan) string {
	gone := in.Past.Gone
	text := " " + gone.What + ", written " + gone.Written.UTC().Format(time.RFC3339)
	if gone.By != "" {
		text += "; since then: " + gone.By
	}
	text += ". It is written again once a person applies it, or once the key's owner enrols it anew, with a later day in the tag."
	if p.ForOwner == nil && in.Finding.OwnKey() {
		text += " The permanent fix, in the code that the policy comes from: " + strings.Join(strings.Fields(in.Finding.Code()), " ")
	}
	return text
}

// anew is the day with which the owner would enrol the key anew.
func (in Input) anew() string {
	day := max(in.Past.Today, in.Past.Gone.Written.UTC().Format(time.DateOnly))
	if before, err := time.Parse(time.DateOnly, in.Past.Gone.Enrolled); err == nil && day <= in.Past.Gone.Enrolled {
		return before.AddDate(0, 0, 1).Format(time.DateOnly)
	}
	return day
}
