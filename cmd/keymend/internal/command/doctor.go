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

// Help is shown by `keymend doctor --help`.
func (doctorCmd) Help() string {
	return "Reads only, in the account and Region of your credentials. What has to stand is what the deployed template makes; docs/deploy.md says what each check asks, and needs."
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

// refused is the one check where AWS doesn't take the credentials.
func refused(err error) doctor.Check {
	says := account.Message(err)
	if h := hint(err); h != "" {
		says = strings.TrimSuffix(says, ".") + ". " + h
	}
	return doctor.Check{Schema: doctor.Schema, Check: "credentials", State: doctor.NotOK, Says: says, Do: []string{"aws sts get-caller-identity"}, Page: doctor.Page}
}
