package command

import (
	"regexp"
	"strings"
	"time"

	"keymend/cmd/keymend/internal/report"
	"keymend/pkg/arn"
	"keymend/pkg/tag"
)

type enroll struct {
	Key  string   `arg:"" help:"ARN of the key; aws kms describe-key tells it." placeholder:"KEY"`
	For  []string `help:"Other accounts whose groups the key is enrolled for, by id." placeholder:"ACCOUNT"`
	Copy bool     `help:"With --for: they may also copy what lies under the key to a key of their own."`
}

// Run says what the key's owner has to do, and what that opens. It asks AWS
// nothing, and needs no credentials.
func (c enroll) Run(p *program) error {
	key, ok := arn.Parse(c.Key)
	switch {
	case !ok || key.Service != "kms" || !strings.HasPrefix(key.Resource, "key/"):
		return misused("%q is not the ARN of a key, as in arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d; KMS takes no alias for a tag", c.Key)
	case c.Copy && len(c.For) == 0:
		return misused("--copy says what other accounts may do: name them with --for")
	}
	for _, account := range c.For {
		if !regexp.MustCompile(`^[0-9]{12}$`).MatchString(account) || account == key.Account {
			return misused("--for %s: give the ids, of 12 digits, of other accounts than the key's own", account)
		}
	}
	if named := strings.Join(c.For, " "); len(named) > tag.Longest {
		return misused("--for names %d accounts; a tag has room for %d characters, which is 19 accounts", len(c.For), tag.Longest)
	}
	e := report.Enrolment{Key: c.Key, For: c.For, Copy: c.Copy, Day: time.Now().UTC().Format(time.DateOnly), Place: report.Place{Profile: p.flags.Profile, Endpoint: p.place("", "").Endpoint}}
	if p.json() {
		return p.object(e.Object())
	}
	page := p.page()
	e.Show(page)
	return page.Flush()
}
