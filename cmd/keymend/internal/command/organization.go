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

// open reads the settings, by context key, and the organization in them; every problem with
// these is said. Its session is in the organization's first Region, where the stacks are,
// unless another one was given.
func (c ofOrganization) open(ctx context.Context, p *program) (map[string]string, cdkcontext.Organization, session, error) {
	text, o, err := c.read()
	if err != nil {
		return nil, cdkcontext.Organization{}, session{}, err
	}
	if p.flags.Region == "" {
		p.flags.Region = o.Regions[0]
	}
	s, err := p.login(ctx)
	return text, *o, s, err
}

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
