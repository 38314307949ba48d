package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"keymend/cmd/keymend/internal/report"
	"keymend/pkg/arn"
	"keymend/pkg/enrol"
	"keymend/pkg/keystate"
	"keymend/pkg/slr"
	"keymend/pkg/tag"
)

type enroll struct {
	Key  string   `arg:"" help:"The key: its ARN, its id, or alias/NAME. It is looked up with your credentials; an ARN needs none." placeholder:"KEY"`
	For  []string `help:"Other accounts whose groups the key is enrolled for, by id, beside those that its tags name already." placeholder:"ACCOUNT"`
	Copy bool     `help:"With --for: they may also copy what lies under the key to a key of their own."`
}

func (enroll) about() about {
	const key = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d"
	return about{
		says:     "Reads only: the key is looked up with your credentials, and what is printed is for its owner. An ARN needs no credentials; it says then what it couldn't look up.",
		examples: []string{"keymend enroll alias/platform-ebs", "keymend enroll " + key + " --for 444455556666"},
		ends: ends{
			report.Healed:  "it says what the key's owner does; nothing was changed",
			report.Broke:   "there is no such key, AWS couldn't be asked which one it is, or Keymend failed",
			report.NotOurs: "the key can't be enrolled: it says why",
		},
	}
}

// Run looks the key up, and says what its owner has to do, and what that opens.
func (c enroll) Run(ctx context.Context, p *program) error {
	if err := c.usage(); err != nil {
		return err
	}
	f := enrol.Facts{Key: c.Key, For: c.For, Copy: c.Copy, Day: time.Now().UTC().Format(time.DateOnly)}
	place := report.Place{Profile: p.flags.Profile, Endpoint: p.place("", "").Endpoint}
	named := isKey(c.Key)
	if named {
		p.flags.Region = arn.Region(c.Key) // that of the credentials is no concern of the key
		place.Account = arn.Account(c.Key)
	}
	switch s, err := p.login(ctx); {
	case err == nil:
		place = s.place
		if err := c.lookUp(ctx, s, &f); err != nil {
			return err
		}
	case !named || ctx.Err() != nil || errors.Is(err, errNoEndpoint):
		return err
	default:
		f.Unread = err.Error()
	}
	if !isKey(f.Key) {
		return fmt.Errorf("%s: KMS didn't say which key that is", c.Key)
	}
	return p.reply(report.Enrolment{Enrolment: enrol.Of(f).Placed(place.AWS), Place: place})
}

func (c enroll) usage() error {
	key, ok := arn.Parse(c.Key)
	switch {
	case !isKey(c.Key) && !isAlias(c.Key) && !keyID.MatchString(c.Key):
		return misused("%q is no key: give its ARN (arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d), its id, or alias/NAME", c.Key)
	case c.Copy && len(c.For) == 0:
		return misused("--copy says what other accounts may do: name them with --for")
	}
	for _, account := range c.For {
		if !accountID.MatchString(account) || ok && account == key.Account {
			return misused("--for %s: give the ids, of 12 digits, of other accounts than the key's own", account)
		}
	}
	if named := strings.Join(c.For, " "); len(named) > tag.Longest {
		return misused("--for names %d accounts; a tag has room for %d characters, which is 19 accounts", len(c.For), tag.Longest)
	}
	return nil
}

// lookUp reads the key. Where its ARN is known, the screen says what couldn't be read, and
// that is no error.
func (c enroll) lookUp(ctx context.Context, s session, f *enrol.Facts) error {
	f.Caller = s.account
	cfg := s.aws
	if region := arn.Region(c.Key); region != "" {
		cfg.Region = region
	}
	state, err := keystate.FromConfig(s.account, cfg).Read(ctx, c.Key, slr.ARN(arn.Partition(s.arn), s.account, ""))
	switch {
	case errors.Is(err, keystate.ErrKeyNotFound) && (!isKey(c.Key) || arn.Account(c.Key) == s.account):
		return fmt.Errorf("account %s has no such key in %s: %w", s.account, cfg.Region, err)
	case err != nil && (!isKey(c.Key) || ctx.Err() != nil):
		return fmt.Errorf("look the key up: %w", err)
	case err != nil:
		f.Unread = err.Error()
		return nil //nolint:nilerr // the screen says it
	}
	f.Key, f.Facts, f.Alias, f.Tags, f.TagsFrom = state.Facts.Key.ARN, state.Facts, state.Alias, state.Tags, state.TagsUnreadable
	for _, account := range c.For {
		if account == arn.Account(f.Key) {
			return misused("--for %s: that is the key's own account; give the ids of others", account)
		}
	}
	return nil
}
