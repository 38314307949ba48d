// Package enrol says what a key's owner does so that Keymend may open it, by what the key
// is and how it is tagged now.
//
// The package is pure: no I/O, no clock, no SDK.
package enrol

import (
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/arn"
	"keymend/pkg/guard"
	"keymend/pkg/quote"
	"keymend/pkg/slr"
	"keymend/pkg/tag"
)

// Schema is that of an enrolment as JSON; docs/schemas/enroll.schema.json has it.
const Schema = "keymend.enroll/1"

// Facts are what was asked for, and what was read of the key.
type Facts struct {
	Key  string   // ARN
	For  []string // other accounts whose groups it is for
	Copy bool     // they may copy, too
	Day  string   // as in tag.Enrolled

	Unread string // why nothing was looked up; "" = it was
	Caller string // account of the credentials
	access.Facts
	Alias    string
	Tags     map[string]string
	TagsFrom string // why tags weren't read; "" = they were
}

// A Tagged is what a key's tags say.
type Tagged struct {
	Since    string   `json:"since,omitempty"` // the day, where the tag has one
	Accounts []string `json:"accounts"`        // others that it is for
	Copies   []string `json:"copies"`          // that may copy, too
}

// An Enrolment is what there is, and what the owner does.
type Enrolment struct {
	Schema      string   `json:"schema"`
	Key         string   `json:"key"`
	Alias       string   `json:"alias,omitempty"`
	Account     string   `json:"account"` // the key's
	Region      string   `json:"region"`
	State       string   `json:"state,omitempty"` // as KMS has it
	MultiRegion string   `json:"multiRegion,omitempty"`
	Enrolled    *Tagged  `json:"enrolled,omitempty"` // now
	Ignored     bool     `json:"ignored"`            // the owner forbids even proposals
	Odd         string   `json:"odd,omitempty"`      // tags that are no consent to the letter
	OpenTo      []string `json:"openTo"`             // service-linked roles that may use it now
	CouldNotSee []string `json:"couldNotSee"`
	Refused     string   `json:"refused,omitempty"` // why it can't be enrolled
	Mend        []string `json:"mend"`              // commands that mend what stands in the way
	Then        Tagged   `json:"then"`              // what the tags say after the command
	Changes     bool     `json:"changes"`           // the command does
	Command     string   `json:"command,omitempty"` // of the key's account
	Stop        string   `json:"stop,omitempty"`    // so that nothing more is opened

	Do, End quote.Task `json:"-"` // Command and Stop, before they are placed
}

// Of holds a key to what was asked for.
func Of(f Facts) Enrolment {
	e := Enrolment{
		Schema: Schema, Key: f.Key, Alias: f.Alias, Account: arn.Account(f.Key), Region: arn.Region(f.Key), State: f.Facts.Key.State, MultiRegion: f.Facts.Key.MultiRegionType,
		OpenTo: []string{}, CouldNotSee: []string{}, Mend: []string{}, Then: Tagged{Since: f.Day, Accounts: slices.Clone(f.For), Copies: []string{}},
	}
	if f.Copy {
		e.Then.Copies = slices.Clone(f.For)
	}
	e.see(f)
	e.tagged(f)
	e.OpenTo = append(e.OpenTo, openTo(f)...)
	e.refuse(f)
	if e.Refused == "" {
		e.commands(f)
	}
	return e
}

// see says what wasn't seen.
func (e *Enrolment) see(f Facts) {
	switch {
	case f.Unread != "":
		e.CouldNotSee = append(e.CouldNotSee, "what the key is now: "+f.Unread)
	case f.Caller != e.Account:
		e.CouldNotSee = append(e.CouldNotSee, "the key's tags: it is account "+e.Account+"'s, and these credentials are of "+f.Caller)
	case f.TagsFrom != "":
		e.CouldNotSee = append(e.CouldNotSee, "the key's tags: "+f.TagsFrom)
	}
	if f.Unread != "" {
		return
	}
	if f.PolicyUnreadable != "" && f.Caller == e.Account {
		e.CouldNotSee = append(e.CouldNotSee, "the key's policy: "+f.PolicyUnreadable)
	}
	e.CouldNotSee = append(e.CouldNotSee, f.CouldNotSee...)
}

// tagged reads the tags, and keeps the accounts that they name: a tag that is set anew
// loses those that it had.
func (e *Enrolment) tagged(f Facts) {
	e.Ignored, e.Odd = tag.Ignores(f.Tags), tag.Odd(f.Tags)
	now := Tagged{Accounts: strings.Fields(f.Tags[tag.Accounts]), Copies: strings.Fields(f.Tags[tag.Copy])}
	day, enrolled := tag.Enrolled(f.Tags)
	if enrolled {
		e.Enrolled = &Tagged{Since: day, Accounts: orEmpty(now.Accounts), Copies: orEmpty(now.Copies)}
	}
	e.Then.Accounts, e.Then.Copies = with(now.Accounts, e.Then.Accounts), with(now.Copies, e.Then.Copies)
	e.Changes = !enrolled || e.Ignored || len(e.Then.Accounts) != len(now.Accounts) || len(e.Then.Copies) != len(now.Copies)
}

// with adds accounts to those that a tag names. The word for all of an organization stands
// alone.
func with(had, more []string) []string {
	if slices.Equal(had, []string{tag.Organization}) {
		return had
	}
	out := orEmpty(slices.Clone(had))
	for _, a := range more {
		if !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// openTo are the default service-linked role, and those that the policy names, that may use
// the key as a launch does.
func openTo(f Facts) []string {
	account := arn.Account(f.Key)
	if f.Unread != "" || f.Policy == nil || f.Caller != account {
		return nil
	}
	roles := []string{slr.ARN(arn.Partition(f.Key), account, "")}
	for _, s := range f.Policy.Statements() {
		if s.Principal == nil {
			continue
		}
		for _, name := range s.Principal.AWS {
			if slr.Is(name, account) && !slices.Contains(roles, name) {
				roles = append(roles, name)
			}
		}
	}
	return slices.DeleteFunc(roles, func(role string) bool {
		p := access.Principal{ARN: role}
		return access.Decide(access.Evaluate(f.Facts, access.Request{Principal: p, Operations: slr.Operations(), Context: access.LaunchContext(p, f.Key)})) != access.Allowed
	})
}

// refuse says why a key can't be enrolled, and what mends that.
func (e *Enrolment) refuse(f Facts) {
	k := f.Facts.Key
	switch {
	case f.Unread != "":
	case k.Manager == "AWS":
		e.Refused = "it is AWS's own key: nobody else may change who uses it, or tag it; volumes that need no other key launch with it as it is"
	case k.Spec != "" && k.Spec != "SYMMETRIC_DEFAULT" || k.Usage != "" && k.Usage != "ENCRYPT_DECRYPT":
		e.Refused = fmt.Sprintf("it is of the kind %s for %s: EBS takes symmetric keys for ENCRYPT_DECRYPT only", k.Spec, k.Usage)
	case k.State == "PendingDeletion":
		e.Refused = "it is about to be deleted"
		e.Mend = append(e.Mend, e.command("cancel-key-deletion"), e.command("enable-key"))
	}
	if e.Refused == "" && k.State == "Disabled" {
		e.Mend = append(e.Mend, e.command("enable-key"))
	}
	for name, accounts := range map[string][]string{tag.Accounts: e.Then.Accounts, tag.Copy: e.Then.Copies} {
		if named := strings.Join(accounts, " "); len(named) > tag.Longest && e.Refused == "" {
			e.Refused = fmt.Sprintf("its tag %s would name %d accounts, and has room for %d characters, which is 19; an account that needs the key no more has to go from it first", name, len(accounts), tag.Longest)
		}
	}
}

func (e *Enrolment) command(verb string) string {
	return quote.Command("aws", "kms", verb, "--key-id", e.Key, "--region", e.Region)
}

// commands are the owner's.
func (e *Enrolment) commands(f Facts) {
	tags := []string{tag.Keymend}
	var named []guard.Named
	for _, n := range []guard.Named{{Tag: tag.Accounts, Accounts: e.Then.Accounts}, {Tag: tag.Copy, Accounts: e.Then.Copies}} {
		if len(n.Accounts) > 0 {
			named, tags = append(named, n), append(tags, n.Tag)
		}
	}
	e.Do = guard.EnrolFrom(e.Key, f.Day, named...)
	words := append(append([]string{"aws", "kms", "untag-resource", "--key-id", e.Key, "--tag-keys"}, tags...), "--region", e.Region)
	e.End = quote.Task{Account: e.Account, Command: quote.Command(words...)}
}

// Placed has the commands lead where this asks.
func (e Enrolment) Placed(at func(quote.Task) string) Enrolment {
	mend := []string{}
	for _, m := range e.Mend {
		mend = append(mend, at(quote.Task{Account: e.Account, Command: m}))
	}
	if e.Mend = mend; e.Refused == "" {
		e.Command, e.Stop = at(e.Do), at(e.End)
	}
	return e
}
