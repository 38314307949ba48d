package command

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"keymend/cmd/keymend/internal/report"
	"keymend/pkg/account"
	"keymend/pkg/arn"
	"keymend/pkg/census"
	"keymend/pkg/coverage"
	"keymend/pkg/permission"
	"keymend/pkg/quote"
)

type coverageCmd struct {
	ofOrganization
	Unit   string `again:"" help:"Only accounts in this organizational unit, or below it." placeholder:"OU"`
	Sample int    `again:"" help:"Only so many accounts, others each day." placeholder:"N"`
}

func (coverageCmd) about() about {
	return about{
		says: "Reads only: the organization and its StackSets with your credentials, which are the management account's or a delegated administrator's; " +
			"members through keymend-auditor of the hub and each member's keymend-reader.",
		examples: []string{"keymend coverage --profile admin --hub-profile hub", "keymend coverage --unit ou-a1b2-c3d4e5f6 --sample 20 --output json"},
		ends: ends{
			report.Healed:  "all stands as the settings say",
			report.Broke:   "the organization couldn't be read, or Keymend failed",
			report.Misused: "wrong usage; or settings without an organization",
			report.Fixable: "there are holes, each with what mends it",
		},
	}
}

// Run says where Keymend stands, and where it doesn't.
func (c coverageCmd) Run(ctx context.Context, p *program) error {
	if err := c.usage(); err != nil {
		return err
	}
	settings, o, s, err := c.open(ctx, p)
	if err != nil {
		return err
	}
	expected, err := coverage.Expect(o, settings, coverage.Asks{
		Partition: arn.Partition(s.arn), Account: s.account, Placed: c.placed(s), Again: s.place.Run("coverage", p.given.again()...),
	})
	if err != nil {
		return err
	}
	auditor, err := c.auditor(ctx, p, s, o.Hub)
	if err != nil {
		return err
	}
	look := census.Census{
		Organization: o, Expected: expected, Administrator: s.aws, AdministratorID: s.account, Auditor: auditor, Now: time.Now().UTC(),
		Members: account.New(auditor, account.Options{Partition: arn.Partition(s.arn), RolePrefix: deployed, Version: p.Version}),
	}
	defer p.busy("reading the organization's accounts")()
	accounts, err := look.Accounts(ctx, c.Unit)
	if errors.Is(err, census.ErrNoUnit) {
		return misused("--unit: %w", err)
	}
	if err != nil {
		return err
	}
	all := len(accounts)
	if c.Sample > 0 {
		accounts = census.Sample(accounts, c.Sample, look.Now)
	}
	rows, err := look.Rows(ctx, accounts)
	if err != nil {
		return err
	}
	r := expected.Report(rows, look.Now, p.Version)
	r.Sampled = len(accounts) < all
	return p.reply(report.Coverage{Report: r, Place: s.place})
}

func (c coverageCmd) usage() error {
	if c.Unit != "" && !regexp.MustCompile(`^(ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|r-[a-z0-9]{4,32})$`).MatchString(c.Unit) {
		return misused("--unit %q: a unit's id is like ou-a1b2-c3d4e5f6", c.Unit)
	}
	if c.Sample < 0 {
		return misused("--sample %d: give how many accounts, at least 1", c.Sample)
	}
	return nil
}

// placed adds to a command the place where this asks. make takes profiles by names of its
// own.
func (c coverageCmd) placed(s session) func(quote.Task) string {
	return func(t quote.Task) string {
		if !strings.HasPrefix(t.Command, "make ") {
			return s.place.AWS(t)
		}
		for _, v := range [][2]string{{"ADMIN_PROFILE=", s.place.Profile}, {"HUB_PROFILE=", c.HubProfile}} {
			if v[1] != "" {
				t.Command += " " + quote.Word(v[0]+v[1])
			}
		}
		return t.Command
	}
}

// auditor takes the role of the hub by which people look at members. Without it nothing of
// a member would be seen, so that a refusal is an error.
func (c coverageCmd) auditor(ctx context.Context, p *program, s session, hub string) (aws.Config, error) {
	as, err := c.hubs(ctx, p, s)
	if err != nil {
		return aws.Config{}, fmt.Errorf("profile %s: %w", c.HubProfile, err)
	}
	if as.account != hub {
		return aws.Config{}, misused("the credentials for the hub are of account %s; the settings' hub is %s: give --hub-profile", as.account, hub)
	}
	cfg := as.aws.Copy()
	if client, ok := cfg.HTTPClient.(*awshttp.BuildableClient); ok { // many accounts are asked at once, at the same endpoints
		cfg.HTTPClient = client.WithTransportOptions(func(t *http.Transport) { t.MaxIdleConnsPerHost = 50 })
	}
	role := permission.Place{Partition: arn.Partition(s.arn), Account: hub, Prefix: deployed}.ARN(permission.Auditor)
	cfg.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(as.aws), role, func(o *stscreds.AssumeRoleOptions) { o.RoleSessionName = "keymend-coverage" }))
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return aws.Config{}, fmt.Errorf("take the hub's role %s, by which members are read: %w", role, err)
	}
	return cfg, nil
}
