package command

import (
	"context"
	"errors"
	"strings"
	"time"

	"keymend/cmd/keymend/internal/checkup"
	"keymend/cmd/keymend/internal/report"
	"keymend/pkg/account"
	"keymend/pkg/arn"
	"keymend/pkg/doctor"
)

type doctorCmd struct{}

func (doctorCmd) about() about {
	return about{
		says:     "Reads only, in the account and Region of your credentials. What has to stand is what the deployed template makes; docs/deploy.md says what each check asks, and needs.",
		examples: []string{"keymend doctor", "keymend doctor --profile prod --region eu-west-1", "keymend doctor --output json"},
		ends: ends{
			report.Healed:  "all is well; or your credentials are, and Keymend isn't deployed here",
			report.Broke:   "AWS didn't take the credentials or didn't answer, or Keymend failed",
			report.Misused: "wrong usage",
			report.Fixable: "something isn't well, each with what mends it",
			report.NotOurs: "nothing that was seen is wrong, and something couldn't be seen",
		},
	}
}

// Run says whether Keymend is deployed here and well, and what the caller may read.
func (doctorCmd) Run(ctx context.Context, p *program) error {
	s, err := p.login(ctx)
	if _, ok := errors.AsType[*misuse](err); ok {
		return err
	}
	if err != nil {
		return p.reply(report.Doctor{Checks: []doctor.Check{refused(err)}})
	}
	f := doctor.Facts{
		Who: s.arn, Account: s.account, Region: s.place.Region, Partition: arn.Partition(s.arn), Endpoint: s.place.Endpoint, Profile: s.place.Profile,
		Version: p.Version, Placed: s.place.AWS, Now: time.Now(),
	}
	done := p.busy("reading the deployment")
	checkup.Checkup{AWS: s.aws, Now: f.Now}.Read(ctx, &f)
	done()
	if err := ctx.Err(); err != nil {
		return err
	}
	return p.reply(report.Doctor{Checks: doctor.Examine(f), Account: s.account, Region: s.place.Region})
}

// refused is the only check where AWS doesn't take the credentials.
func refused(err error) doctor.Check {
	says := account.Message(err)
	if h := hint(err); h != "" {
		says = strings.TrimSuffix(says, ".") + ". " + h
	}
	return doctor.Check{Schema: doctor.Schema, Check: "credentials", State: doctor.NotOK, Says: says, Do: []string{"aws sts get-caller-identity"}, Page: doctor.Page}
}
