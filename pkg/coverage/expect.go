package coverage

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"keymend/infra/cdkcontext"
	"keymend/infra/template"
	"keymend/pkg/blueprint"
	"keymend/pkg/quote"
)

// Expected is what shall stand in an organization's accounts.
type Expected struct {
	organization  cdkcontext.Organization
	suffix        string // of the service-linked role that groups are moved to
	resume        string
	asks          Asks
	roles, region blueprint.Template
}

// Asks is who asks, and how.
type Asks struct {
	Partition string
	Account   string // of the credentials: the management account, or a delegated administrator
	Again     string // the command that asks again
	// Placed says how a command, of the AWS CLI or of make, leads where this asks.
	Placed func(quote.Task) string
}

// Expect reads what the settings and the members' templates say; settings are by context
// key, as cdkcontext.Validate returns them. An error means that a template has what this
// package doesn't understand: it has to be taught that first.
func Expect(o cdkcontext.Organization, settings map[string]string, asks Asks) (*Expected, error) {
	e := &Expected{organization: o, suffix: settings["dedicatedRoleSuffix"], resume: settings["resumeSuspended"], asks: asks}
	for text, into := range map[string]*blueprint.Template{string(template.MemberRoles()): &e.roles, string(template.MemberRegion()): &e.region} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			return nil, fmt.Errorf("read the members' template: %w", err)
		}
	}
	for _, w := range o.Waves {
		for _, region := range o.Regions {
			a := Account{ID: "000000000000", Wave: w.Name}
			if _, err := e.rules(a, region); err != nil {
				return nil, err
			}
			if _, err := e.parameters(a, region); err != nil {
				return nil, err
			}
		}
		if _, err := e.members(Account{ID: "000000000000", Wave: w.Name}); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// Wave returns the settings of an account's wave.
func (e *Expected) wave(name string) cdkcontext.Wave {
	for _, w := range e.organization.Waves {
		if w.Name == name {
			return w
		}
	}
	return cdkcontext.Wave{}
}

// scope is a member's templates as they are filled in there.
func (e *Expected) scope(a Account, region string, in blueprint.Template) blueprint.Scope {
	w := e.wave(a.Wave)
	hubs := map[string]map[string]string{}
	for _, r := range e.organization.Regions {
		hubs[r] = map[string]string{"Region": e.organization.HubRegion(r)}
	}
	values := map[string]string{
		"AWS::AccountId": a.ID, "AWS::Region": region, "AWS::Partition": e.asks.Partition,
		"HubAccount": e.organization.Hub, "OrganizationId": e.organization.ID, "Mode": w.Mode, "OwnKey": w.OwnKey, "ForeignKey": w.ForeignKey,
		"DedicatedRoleSuffix": e.suffix, "ResumeSuspended": e.resume, "ImageParameters": e.organization.ImageParameters, "PermissionsBoundary": e.organization.PermissionsBoundary,
	}
	return blueprint.Scope{Values: values, Maps: map[string]map[string]map[string]string{"Hub": hubs}, Conditions: in.Conditions}
}

// rules are those that an account shall have in a Region, by name.
func (e *Expected) rules(a Account, region string) ([]blueprint.Rule, error) {
	s := e.scope(a, region, e.region)
	var out []blueprint.Rule
	err := each(e.region, "AWS::Events::Rule", s, func(r blueprint.Resource) error {
		rule, err := s.Rule(r)
		out = append(out, rule)
		return err
	})
	slices.SortFunc(out, func(a, b blueprint.Rule) int { return cmp.Compare(a.Name, b.Name) })
	return out, err
}

// parameters are the SSM parameters that an account shall have in a Region, by name.
func (e *Expected) parameters(a Account, region string) (map[string]string, error) {
	s := e.scope(a, region, e.region)
	out := map[string]string{}
	err := each(e.region, "AWS::SSM::Parameter", s, func(r blueprint.Resource) error {
		var name, value string
		err := s.Into(r, map[string]any{"Name": &name, "Value": &value})
		out[name] = value
		return err
	})
	return out, err
}

// members are the roles that an account shall have, by name. Their policies aren't held
// to anything: only GetRolePolicy would show them, and the tag stands for them.
func (e *Expected) members(a Account) (map[string]blueprint.Role, error) {
	s := e.scope(a, "", e.roles)
	out := map[string]blueprint.Role{}
	err := each(e.roles, "AWS::IAM::Role", s, func(r blueprint.Resource) error {
		role, err := s.Role(r)
		out[role.Name] = role
		return err
	})
	return out, err
}

// each hands on the resources of a type that there are.
func each(t blueprint.Template, kind string, s blueprint.Scope, do func(blueprint.Resource) error) error {
	all, err := t.Standing(s)
	if err != nil {
		return err
	}
	for _, r := range all {
		if r.Type != kind {
			continue
		}
		if err := do(r); err != nil {
			return err
		}
	}
	return nil
}

// Parameters returns the names of the SSM parameters that members have.
func (e *Expected) Parameters() []string {
	all, _ := e.parameters(Account{}, e.organization.Regions[0]) // Expect has tried it
	return slices.Sorted(maps.Keys(all))
}

// Roles returns the names of the roles that members may have, by whatever settings.
func (e *Expected) Roles() []string {
	var out []string
	for _, r := range e.roles.Resources {
		name, _ := r.Properties["RoleName"].(string)
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// Rules returns the names of the rules that an account shall have in a Region.
func (e *Expected) Rules(a Account, region string) []string {
	all, _ := e.rules(a, region) // Expect has tried it
	var out []string
	for _, r := range all {
		out = append(out, r.Name)
	}
	return out
}
