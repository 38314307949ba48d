package command

import (
	"context"
	"os"

	"keymend/infra/cdkcontext"
)

// ofOrganization are flags of commands that look at an organization.
type ofOrganization struct {
	Settings   string `again:"" help:"File with the settings, as cdk.json has them." default:"cdk.json" type:"path" placeholder:"FILE"`
	HubProfile string `again:"" name:"hub-profile" help:"Profile of the hub's account, where the credentials are another's." placeholder:"NAME"`
}

// read reads the settings, by context key, and the organization in them. Every problem
// with these is said.
func (c ofOrganization) read() (map[string]string, *cdkcontext.Organization, error) {
	read := func(name string) ([]byte, error) {
		if name == "cdk.json" {
			name = c.Settings
		}
		return os.ReadFile(name) //nolint:gosec // the caller names it
	}
	written, err := cdkcontext.Read(func(string) string { return "" }, read)
	if err != nil {
		return nil, nil, misused("read the settings of %s: %w, or give --settings", c.Settings, err)
	}
	text, err := cdkcontext.Validate(written, cdkcontext.Stack{})
	if err != nil {
		return nil, nil, misused("%s: %w", c.Settings, err)
	}
	o := cdkcontext.NewOrganization(text)
	if o == nil {
		return nil, nil, misused("%s has no organization: keymend:organizationId and what docs/deploy.md lists beside it are empty", c.Settings)
	}
	return text, o, nil
}

// loginAtHome finds credentials in the Region that was given, or else in the
// organization's first: there its stacks are.
func (p *program) loginAtHome(ctx context.Context, o cdkcontext.Organization) (session, error) {
	if p.flags.Region == "" {
		p.flags.Region = o.Regions[0]
	}
	return p.login(ctx)
}

// hubs finds the credentials for the hub's account: those of the profile that was given
// for it, or else the caller's own.
func (c ofOrganization) hubs(ctx context.Context, p *program, own session) (session, error) {
	if c.HubProfile == "" {
		return own, nil
	}
	other := *p
	other.flags.Profile = c.HubProfile
	return other.login(ctx)
}
