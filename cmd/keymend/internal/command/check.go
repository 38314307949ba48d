package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"keymend/cmd/keymend/internal/check"
	"keymend/cmd/keymend/internal/report"
	"keymend/pkg/arn"
	"keymend/pkg/remediation"
)

type checkCmd struct {
	Group []string `arg:"" optional:"" help:"Names of Auto Scaling groups; none: all of the account and Region." placeholder:"GROUP"`

	DefaultEncryption string   `name:"default-encryption" help:"EBS encryption by default is switched on, or off." enum:",on,off" default:"" placeholder:"on|off" group:"change"`
	DefaultKey        string   `name:"default-key" help:"The account's default EBS key becomes this one: its ARN, its id, or alias/NAME." placeholder:"KEY" group:"change"`
	Key               string   `help:"The key of --policy, or of --revoke-grant: its ARN, its id, or alias/NAME." placeholder:"KEY" group:"change"`
	Policy            string   `help:"With --key: this policy is put on the key; - is standard input." placeholder:"FILE" group:"change"`
	RevokeGrant       []string `name:"revoke-grant" help:"This grant is revoked; without --key it is looked for on the keys that the groups need. Repeat it for several." placeholder:"ID" group:"change"`
	DeleteRole        []string `name:"delete-role" help:"This service-linked role is deleted. Repeat it for several." placeholder:"ROLE" group:"change"`
	RecreateRole      []string `name:"recreate-role" help:"This service-linked role is deleted and made anew: policies and grants that named it name nobody then. Repeat it for several." placeholder:"ROLE" group:"change"`

	offlineFlags

	ShowPolicy bool `name:"show-policy" help:"Show policy statements as JSON, where the screen has a summary."`
	settable
}

func (checkCmd) about() about {
	return about{
		says: "Reads only. Each group is looked at as it is, and as it would be, as keymend diagnose looks at one. Several changes can be given together: roles are changed first, then EBS's settings, policies and grants. docs/check.md has an example.",
		examples: []string{
			"keymend check --default-encryption on --default-key alias/platform-ebs",
			"keymend check --key alias/platform-ebs --policy policy.json",
			"keymend check web-prod --recreate-role AWSServiceRoleForAutoScaling --output json",
			"keymend check --offline policy.json,template.json --account 111122223333 --region eu-west-1",
		},
		ends: ends{
			report.Healed:  "nothing would break",
			report.Fixable: "something would break, and Keymend could open it: the screen says what is needed first",
			report.NotOurs: "something would break, and Keymend couldn't mend it; or it can't be told; or AWS would refuse the change",
		},
	}
}

// Run says what a change would break. It changes nothing.
func (c checkCmd) Run(ctx context.Context, p *program) error {
	if len(c.Offline) > 0 {
		return c.files(ctx, p)
	}
	if err := c.usage(); err != nil {
		return err
	}
	asked, err := c.asked(p)
	if err != nil {
		return err
	}
	s, err := p.login(ctx)
	if err != nil {
		return err
	}
	s = s.forMany()
	x := p.fixer(s, &auditLog{}, applying{})
	at := check.Place{Partition: arn.Partition(s.arn), Account: s.account, Region: s.aws.Region, Caller: s.principal()}
	t, err := c.answer(ctx, p, x.Looker, at, asked)
	if err != nil {
		return wrongly(err)
	}
	return c.tell(p, t, s.place)
}

// usage refuses flags that go together badly.
func (c checkCmd) usage() error {
	puts := c.Policy != ""
	switch {
	case c.Account != "" || c.Role != "" || c.Strict || len(c.KeyOf) > 0:
		return misused("--account, --key-of, --role and --strict are for --offline: give it, too, or leave them out; --profile has the account that is asked")
	case c.Key != "" && !puts && len(c.RevokeGrant) == 0:
		return misused("--key is for --policy or --revoke-grant: give one of them, too; the default EBS key is --default-key")
	case c.DefaultEncryption == "" && c.DefaultKey == "" && c.Policy == "" && len(c.RevokeGrant)+len(c.DeleteRole)+len(c.RecreateRole) == 0:
		return misused("check says what a change would break, and none is given: give --default-encryption, --default-key, --key with --policy, --revoke-grant, --delete-role or --recreate-role; keymend scan says what is broken now")
	case puts && c.Key == "":
		return misused("--policy: on which key is it put? Give --key, too")
	case slices.Contains(c.Group, ""):
		return misused("a group's name is empty: give it, or leave it out")
	}
	return nil
}

// asked is the change as it is given, with the policy read.
func (c checkCmd) asked(p *program) (check.Asked, error) {
	out := check.Asked{DefaultKey: c.DefaultKey, Key: c.Key, From: c.Policy, Grants: c.RevokeGrant, Deleted: c.DeleteRole, Renewed: c.RecreateRole}
	if c.DefaultEncryption != "" {
		out.ByDefault = new(c.DefaultEncryption == "on")
	}
	if c.Policy == "" {
		return out, nil
	}
	text, err := p.read(c.Policy, "KMS takes 32,768 bytes")
	if err != nil {
		return out, misused("read --policy: %w", err)
	}
	if out.Policy = new(string(text)); c.Policy == "-" {
		out.From = "what standard input has"
	}
	return out, nil
}

// answer looks at the groups.
func (c checkCmd) answer(ctx context.Context, p *program, l remediation.Looker, at check.Place, asked check.Asked) (*check.Tally, error) {
	defer p.busy("reading what would be changed")()
	view, err := l.AWS.View(ctx, at.Account, at.Region)
	if err != nil {
		return nil, err
	}
	given, err := check.Understand(ctx, view, at, asked)
	if err != nil {
		return nil, err
	}
	groups := c.Group
	if len(groups) == 0 {
		p.progress.Says("listing the groups")
		if groups, err = listed(ctx, l, at); err != nil {
			return nil, err
		}
	}
	t := &check.Tally{Question: check.Question{Account: at.Account, Region: at.Region, Groups: groups, Change: given.Change}, Given: given}
	done := 0
	p.progress.Says("looking at the groups")
	return t, check.Run(ctx, l, t.Question, func(a check.Answer) error {
		done++
		p.progress.Says(fmt.Sprintf("looking at the groups: %d of %d", done, len(groups)))
		return t.Add(a)
	})
}

// listed are all groups of the account and Region.
func listed(ctx context.Context, l remediation.Looker, at check.Place) ([]string, error) {
	fleet, err := l.AWS.Fleet(ctx, at.Account, at.Region)
	if err != nil {
		return nil, err
	}
	all, err := fleet.Groups(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the groups: %w", err)
	}
	names := make([]string, len(all))
	for i, g := range all {
		names[i] = g.Name
	}
	return names, nil
}

// wrongly makes wrong usage of errors about what the person gave.
func wrongly(err error) error {
	switch {
	case errors.Is(err, check.ErrNoGroup):
		return misused("%w; check the name, --profile and --region", err)
	case errors.Is(err, check.ErrNoGrant):
		return misused("--revoke-grant: %w: give the key that it is on, too (--key)", err)
	case errors.Is(err, check.ErrGiven):
		return misused("%s", strings.TrimPrefix(err.Error(), check.ErrGiven.Error()+": "))
	}
	return err
}

// tell writes the answer, and sets the exit code.
func (c checkCmd) tell(p *program, t *check.Tally, place report.Place) error {
	p.code = t.Code()
	if p.json() {
		for _, g := range t.Groups {
			if err := p.object(g); err != nil {
				return err
			}
		}
		return p.object(t.Total())
	}
	page := p.page()
	t.Show(page, check.Screen{Place: place, ShowPolicy: c.ShowPolicy, Flags: p.given.settings})
	return page.Flush()
}
