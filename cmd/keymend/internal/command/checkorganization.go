package command

import (
	"context"
	"slices"

	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/survey"
	"keymend/pkg/precheck"
)

type checkOrganization struct {
	Settings   string `help:"File with the settings, as cdk.json has them." default:"cdk.json" type:"path" placeholder:"FILE"`
	HubProfile string `name:"hub-profile" help:"Profile of the hub's account, where the credentials are another's." placeholder:"NAME"`
	Before     string `help:"End with 0 unless something stands in the way of this: deploy-hub, deploy-organization." enum:",deploy-hub,deploy-organization" default:"" placeholder:"TARGET"`
	Role       string `help:"Name of a role that the credentials may take in every account, to look for accounts that have Keymend's own stack." placeholder:"ROLE"`
}

// Run looks at an organization before anything is deployed to it.
func (c checkOrganization) Run(ctx context.Context, p *program) error {
	settings, err := c.settings()
	if err != nil {
		return err
	}
	if p.flags.Region == "" {
		p.flags.Region = settings.Regions[0] // home, where the stacks are
	}
	s, err := p.login(ctx)
	if err != nil {
		return err
	}
	look := survey.Survey{Settings: settings, Account: s.account, ARN: s.arn, AWS: s.aws, Role: c.Role}
	c.hub(ctx, p, s, &look)
	read := p.busy("reading the organization, the hub and a member")
	lines := precheck.Check(settings, look.Read(ctx))
	read()
	if err := ctx.Err(); err != nil {
		return err
	}
	out := report.Precheck{Settings: settings, Lines: lines, By: s.arn, Place: s.place}
	p.code = c.code(out)
	if p.json() {
		return p.lines(lines)
	}
	page := p.page()
	out.Show(page)
	return page.Flush()
}

// code: what the hub's deployment makes doesn't stand in its way, nor what wasn't seen in
// that of anything, but for what has to be before a wave.
func (c checkOrganization) code(of report.Precheck) report.Code {
	code := of.Code()
	switch {
	case c.Before == "deploy-organization" && code == report.Broke && slices.ContainsFunc(of.Lines, func(l precheck.Line) bool { return l.Stops }):
		return code
	case c.Before != "" && code == report.Broke, c.Before == "deploy-hub" && code == report.Fixable:
		return report.Healed
	}
	return code
}

// settings reads the organization from the settings; every problem with these is said.
func (c checkOrganization) settings() (precheck.Settings, error) {
	text, o, err := organizationIn(c.Settings)
	if err != nil {
		return precheck.Settings{}, err
	}
	return precheck.Settings{Organization: *o, Suffix: text["dedicatedRoleSuffix"], Resumes: text["resumeSuspended"] != "0"}, nil
}

// hub finds credentials of the hub's account: the caller's own, or those of a profile.
func (c checkOrganization) hub(ctx context.Context, p *program, s session, look *survey.Survey) {
	hub := look.Settings.Hub
	if c.HubProfile == "" {
		if look.NoHub = "needs credentials of the hub, " + hub + ": --hub-profile"; s.account == hub {
			look.Hub = &s.aws
		}
		return
	}
	other := *p
	other.flags.Profile = c.HubProfile
	switch as, err := other.login(ctx); {
	case err != nil:
		look.NoHub = "profile " + c.HubProfile + ": " + err.Error()
	case as.account != hub:
		look.NoHub = "profile " + c.HubProfile + " is of account " + as.account + ", not of the hub, " + hub
	default:
		look.Hub = &as.aws
	}
}

// lines writes one JSON object for each.
func (p *program) lines(lines []precheck.Line) error {
	for _, l := range lines {
		if err := p.object(struct {
			Schema string `json:"schema"`
			precheck.Line
		}{"keymend.check/1", l}); err != nil {
			return err
		}
	}
	return nil
}
