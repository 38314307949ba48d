package report

import (
	"cmp"
	"strings"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/enrol"
	"keymend/pkg/tag"
)

// An Enrolment is what the owner of a key does so that Keymend may open it.
type Enrolment struct {
	enrol.Enrolment
	Place Place // where it was asked for
}

// Code returns the exit code: 4 where the key can't be enrolled.
func (e Enrolment) Code() Code {
	if e.Refused != "" {
		return NotOurs
	}
	return Healed
}

// Lines are what is written as JSON.
func (e Enrolment) Lines() []any { return []any{e.Enrolment} }

// Show writes it on the page: how it stands in a sentence, what is there, what the owner
// does, and what that opens.
func (e Enrolment) Show(p *screen.Page) {
	p.Sentence(screen.Plain, e.sentence())
	p.Blank()
	e.now(p)
	if e.Refused != "" {
		return
	}
	p.Blank()
	e.do(p)
	e.opens(p)
	p.Blank()
	p.Row(screen.Bold, "stop", "so that nothing more is opened:")
	p.Whole(screen.Bold, "", e.Stop)
	p.Row(screen.Plain, "", "so that nothing is proposed either, tag it "+tag.Keymend+"="+tag.Ignore,
		"what was opened until then stays, until it is undone (keymend undo)")
}

func (e Enrolment) sentence() string {
	name := cmp.Or(e.Alias, e.Key)
	switch {
	case e.Refused != "":
		return name + " can't be enrolled: " + e.Refused + "."
	case e.Ignored:
		return name + " isn't to be touched: its tag says " + tag.Keymend + "=" + tag.Ignore + ", so that Keymend doesn't even propose to open it."
	case e.Enrolled != nil:
		return name + " is enrolled" + since(e.Enrolled.Since) + alsoFor(e.Enrolled.Accounts) + ": Keymend opens it where a group needs it."
	case e.Account != e.Place.Account:
		return "The key is account " + e.Account + "'s, and these credentials are of " + e.Place.Account + ": its owner enrolls it so:"
	case e.State == "":
		return "Whether the key is enrolled can't be told; its owner enrolls it so:"
	}
	return name + " isn't enrolled: Keymend proposes what would open it, and opens nothing."
}

func since(day string) string {
	if day == "" {
		return ""
	}
	return " since " + day
}

func alsoFor(accounts []string) string {
	if len(accounts) == 0 {
		return ""
	}
	return ", for account " + strings.Join(accounts, ", ") + " too"
}

// now writes what is there.
func (e Enrolment) now(p *screen.Page) {
	is := strings.ToLower(e.State)
	if e.MultiRegion == "REPLICA" {
		is += ", a replica: its tags and its policy are its own, each Region's key is enrolled by itself"
	}
	p.Row(screen.Bold, "key", e.Key)
	p.Row(screen.Plain, "", is)
	if len(e.OpenTo) > 0 {
		p.Row(screen.Plain, "open", "to "+strings.Join(e.OpenTo, " and ")+" already")
	}
	if e.Odd != "" && !e.Ignored {
		p.Row(screen.Doubt, "tags", e.Odd+" is no enrolment to the letter, and counts as none")
	}
	for _, what := range e.CouldNotSee {
		p.Row(screen.Doubt, "not seen", what)
	}
	for i, m := range e.Mend {
		if i == 0 {
			p.Row(screen.Bad, "mend", "while it is "+is+", nothing launches with it, whoever may use it; account "+e.Account+" runs:")
		}
		p.Whole(screen.Bold, "", m)
	}
}

// do writes the owner's command.
func (e Enrolment) do(p *screen.Page) {
	says := "account " + e.Account + " runs:"
	if !e.Changes {
		says = "nothing; with a later day Keymend writes again what somebody took away since. Then account " + e.Account + " runs:"
	}
	p.Row(screen.Bold, "do", says)
	p.Whole(screen.Bold, "", e.Command)
	if len(e.CouldNotSee) > 0 && e.State == "" || e.Account != e.Place.Account {
		p.Row(screen.Doubt, "", "other accounts that its tag "+tag.Accounts+" names already have to be in it: it is set as a whole")
	}
}

// opens says what that opens, and to whom.
func (e Enrolment) opens(p *screen.Page) {
	p.Row(screen.Bold, "opens", "the key to the service-linked role of a group that can't launch without it, in account "+e.Account+": Auto Scaling's, and EC2 Spot's where that launches; to nobody else")
	if named := strings.Join(e.Then.Accounts, ", "); named == tag.Organization {
		p.Row(screen.Bold, "", "in every account of the organization: to each one's root, so that Keymend can make a grant to such a role there")
	} else if named != "" {
		p.Row(screen.Bold, "", "in account "+named+": to that account's root, so that its Keymend can make a grant to such a role; docs/security.md says what that opens. Keymend there has to name "+e.Account+" in its setting accounts, and "+e.Account+" has to let it in (groupAccounts)")
	}
	if len(e.Then.Copies) > 0 {
		p.Row(screen.Doubt, "", "and what lies under the key may be copied under a key of theirs: it is theirs for good then (docs/copies.md)")
	}
	if e.Changes {
		p.Row(screen.Bold, "again", "with a later day in the tag Keymend writes again what somebody took away since")
	}
	p.Row(screen.Doubt, "beware", "whoever may create Auto Scaling groups there can use the key through the default role; a sensitive key takes a role of its own: docs/security.md")
}
