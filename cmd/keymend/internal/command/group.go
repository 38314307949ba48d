package command

import (
	"context"
	"errors"

	"keymend/cmd/keymend/internal/report"
	"keymend/pkg/arn"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
	"keymend/pkg/signal"
)

// hiddenKeys are flags of commands that look at one group: about what its account can't see.
type hiddenKeys struct {
	Key []string `again:"" help:"A key of another account under which a snapshot lies that this account can't see, as its owner tells it. Repeat it for several." placeholder:"ARN"`
}

// ask is the look at a group that a person asks for, and how the group has fared.
func (c hiddenKeys) ask(ctx context.Context, p *program, s session, group string) (signal.Look, report.History, error) {
	look := signal.Look{Why: signal.WhyAsked, Account: s.account, Region: s.aws.Region, Group: group}
	for _, key := range c.Key {
		if err := tellable(key, s); err != nil {
			return look, report.History{}, err
		}
	}
	defer p.busy("reading the group's scaling activities")()
	h := p.history(ctx, s, look)
	if h.Failed > 0 {
		look.Text, look.Failed = h.Message, h.Last
	}
	return look, h, nil
}

// tellable refuses what can't be the key of a snapshot that another account hides.
func tellable(key string, s session) error {
	a, _ := arn.Parse(key)
	switch region := s.aws.Region; {
	case !isKey(key):
		return misused("--key %q is no ARN of a KMS key (arn:aws:kms:%s:ACCOUNT:key/ID)", key, region)
	case a.Region != region:
		return misused("--key %q is in %s, the group in %s: EBS takes keys of its own Region only", key, a.Region, region)
	case a.Account == s.account:
		return misused("--key %q is of this account, which sees its own: leave it out", key)
	}
	return nil
}

// needless is wrong usage where a person told of a key, and the group has no hidden
// snapshot. Other errors stay.
func needless(err error) error {
	if errors.Is(err, remediation.ErrNothingHidden) {
		return misused("%w: leave --key out, or check the account in it", err)
	}
	return err
}

// missing is wrong usage where records say that there is no such group; nil = there is one.
func missing(s session, group string, records []record.Record) error {
	if len(records) != 1 || records[0].Outcome != outcome.Ignored {
		return nil
	}
	return misused("no group %s in account %s, Region %s: %s; check the name, --profile and --region", group, s.account, s.aws.Region, records[0].Reason)
}
