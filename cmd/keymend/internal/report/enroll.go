package report

import (
	"strings"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/arn"
	"keymend/pkg/guard"
	"keymend/pkg/quote"
	"keymend/pkg/tag"
)

// An Enrolment is what the owner of a key does so that Keymend may open it.
type Enrolment struct {
	Key   string   // ARN
	For   []string // other accounts whose groups it is for
	Copy  bool     // they may copy, too
	Day   string   // as in tag.Enrolled
	Place Place    // where the owner is; the account is taken for the key's
}

// Show writes it on the page.
func (e Enrolment) Show(p *screen.Page) {
	owner := arn.Account(e.Key)
	p.Row(screen.Bold, "ENROLL", e.Key)
	p.Blank()
	e.Place.Account = owner
	p.Row(screen.Bold, "OWNER", "account "+owner+" runs:")
	p.Whole(screen.Bold, "", e.Place.AWS(e.tag()))
	p.Row(screen.Bold, "OPENS", "the key to the service-linked role of a group that can't launch without it, in account "+owner+": Auto Scaling's, and EC2 Spot's where that launches; to nobody else")
	if len(e.For) > 0 {
		others := strings.Join(e.For, ", ")
		p.Row(screen.Bold, "", "in account "+others+": to that account's root, so that its Keymend can make a grant to such a role; docs/security.md says what that opens. Keymend there has to name "+owner+" in its setting accounts, and "+owner+" has to let it in (groupAccounts)",
			"to set the tag for other accounts later, repeat those that it names already")
	}
	if e.Copy {
		p.Row(screen.Doubt, "", "and what lies under the key may be copied under a key of theirs: it is theirs for good then (docs/copies.md)")
	}
	p.Row(screen.Bold, "AGAIN", "with a later day in the tag Keymend writes again what somebody took away since")
	p.Row(screen.Doubt, "BEWARE", "whoever may create Auto Scaling groups there can use the key through the default role; a sensitive key takes a role of its own: docs/security.md")
	p.Blank()
	p.Row(screen.Bold, "STOP", "so that nothing more is opened:")
	p.Whole(screen.Bold, "", e.Place.AWS(e.untag()))
	p.Row(screen.Bold, "", "so that nothing is proposed either, tag it "+tag.Keymend+"="+tag.Ignore,
		"what was opened until then stays, until it is undone (keymend undo)")
}

// Object is the same for programs.
func (e Enrolment) Object() any {
	e.Place.Account = arn.Account(e.Key)
	task := func(t quote.Task) quote.Task { return quote.Task{Account: t.Account, Command: e.Place.AWS(t)} }
	return struct {
		Schema  string     `json:"schema"`
		Key     string     `json:"key"`
		Account string     `json:"account"`
		Region  string     `json:"region"`
		For     []string   `json:"for"`
		Copy    bool       `json:"copy"`
		Run     quote.Task `json:"run"`  // enrolls it
		Stop    quote.Task `json:"stop"` // ends that
	}{"keymend.enroll/1", e.Key, e.Place.Account, arn.Region(e.Key), append([]string{}, e.For...), e.Copy, task(e.tag()), task(e.untag())}
}

// tag is the owner's command.
func (e Enrolment) tag() quote.Task { return guard.EnrolFrom(e.Key, e.Day, e.named()...) }

// untag is the command that ends it.
func (e Enrolment) untag() quote.Task {
	words := append(append([]string{"aws", "kms", "untag-resource", "--key-id", e.Key, "--tag-keys"}, e.tags()...), "--region", arn.Region(e.Key))
	return quote.Task{Account: arn.Account(e.Key), Command: quote.Command(words...)}
}

// named are the accounts, by the tags that list them.
func (e Enrolment) named() []guard.Named {
	var out []guard.Named
	if len(e.For) > 0 {
		out = append(out, guard.Named{Tag: tag.Accounts, Accounts: e.For})
	}
	if e.Copy {
		out = append(out, guard.Named{Tag: tag.Copy, Accounts: e.For})
	}
	return out
}

func (e Enrolment) tags() []string {
	out := []string{tag.Keymend}
	for _, n := range e.named() {
		out = append(out, n.Tag)
	}
	return out
}
