package command

import (
	"context"

	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/survey"
	"keymend/pkg/precheck"
)

type checkOrganization struct {
	ofOrganization
	Before string `help:"End with 0 unless something stands in the way of this: deploy-hub, deploy-organization." enum:",deploy-hub,deploy-organization" default:"" placeholder:"TARGET"`
	Role   string `help:"Name of a role that the credentials may take in every account, to look for accounts that have Keymend's own stack." placeholder:"ROLE"`
}

func (checkOrganization) about() about {
	return about{
		examples: []string{"keymend check-organization --profile admin --hub-profile hub"},
		ends: ends{
			report.Healed:  "all is as the settings say",
			report.Broke:   "something couldn't be seen, or Keymend failed; with --before, of what isn't seen only a guard of consent counts",
			report.Misused: "wrong usage; or the settings are wrong, or have no organization",
			report.Fixable: "the hub's stacks aren't there yet",
			report.NotOurs: "something is wrong",
		},
	}
}

// Run looks at an organization before anything is deployed to it.
func (c checkOrganization) Run(ctx context.Context, p *program) error {
	text, o, s, err := c.open(ctx, p)
	if err != nil {
		return err
	}
	settings := precheck.Settings{Organization: o, Suffix: text["dedicatedRoleSuffix"], Resumes: text["resumeSuspended"] != "0"}
	look := survey.Survey{Settings: settings, Account: s.account, ARN: s.arn, AWS: s.aws, Role: c.Role}
	c.hub(ctx, p, s, &look)
	read := p.busy("reading the organization, the hub and a member")
	checks := precheck.Check(settings, look.Read(ctx))
	read()
	if err := ctx.Err(); err != nil {
		return err
	}
	return p.reply(report.Precheck{Settings: settings, Checks: checks, Before: c.Before, By: s.arn, Place: s.place})
}

// hub finds credentials of the hub's account, or says why there are none.
func (c checkOrganization) hub(ctx context.Context, p *program, s session, look *survey.Survey) {
	hub := look.Settings.Hub
	switch as, err := c.hubs(ctx, p, s); {
	case err != nil:
		look.NoHub = "profile " + c.HubProfile + ": " + err.Error()
	case as.account == hub:
		look.Hub = &as.aws
	case c.HubProfile == "":
		look.NoHub = "needs credentials of the hub, " + hub + ": --hub-profile"
	default:
		look.NoHub = "profile " + c.HubProfile + " is of account " + as.account + ", not of the hub, " + hub
	}
}
