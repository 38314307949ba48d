package organization

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"

	"keymend/pkg/keypolicy"
)

// A Policy bounds what accounts may do, or what may be done there.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies.html
type Policy struct {
	ID       string          `json:"id"` // "p-12345678"
	Name     string          `json:"name"`
	Type     PolicyType      `json:"type"`
	Document json.RawMessage `json:"document"`
	Targets  []string        `json:"targets"` // the root, units, accounts
}

// A PolicyType is whom a policy bounds.
type PolicyType string

// The types that are in the sandbox.
const (
	ServiceControl  PolicyType = "SERVICE_CONTROL_POLICY"  // principals of the accounts
	ResourceControl PolicyType = "RESOURCE_CONTROL_POLICY" // resources of the accounts
)

// FullAWSAccess and RCPFullAWSAccess are AWS's own policies, which allow everything.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
const (
	FullAWSAccess    = "p-FullAWSAccess"
	RCPFullAWSAccess = "p-RCPFullAWSAccess"
)

// Attached returns the policies of a type right on the root, a unit or an account. AWS's
// own are everywhere; FullAWSAccess isn't where it is among Policies: then it is at that
// one's targets only.
func (o *Organization) Attached(target string, of PolicyType) []Policy {
	own := map[PolicyType]string{ServiceControl: FullAWSAccess, ResourceControl: RCPFullAWSAccess}[of]
	out := []Policy{}
	if !slices.ContainsFunc(o.Policies, func(p Policy) bool { return p.ID == own }) {
		out = append(out, everything(own, of))
	}
	for _, p := range o.Policies {
		if p.Type == of && slices.Contains(p.Targets, target) {
			out = append(out, p)
		}
	}
	return out
}

// Policy returns a policy by its id.
func (o *Organization) Policy(id string) (Policy, bool) {
	if i := slices.IndexFunc(o.Policies, func(p Policy) bool { return p.ID == id }); i >= 0 {
		return o.Policies[i], true
	}
	switch id {
	case FullAWSAccess:
		return everything(id, ServiceControl), true
	case RCPFullAWSAccess:
		return everything(id, ResourceControl), true
	}
	return Policy{}, false
}

func everything(id string, of PolicyType) Policy {
	text := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	if of == ResourceControl {
		text = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`
	}
	return Policy{ID: id, Name: id[len("p-"):], Type: of, Document: json.RawMessage(text)}
}

func (p Policy) check(o *Organization) error {
	switch {
	case !regexp.MustCompile(`^p-[a-zA-Z0-9]{8,128}$`).MatchString(p.ID):
		return fmt.Errorf("%q is no id of a policy", p.ID)
	case p.ID == RCPFullAWSAccess:
		return fmt.Errorf("policy %s is AWS's", p.ID)
	case p.Type != ServiceControl && p.Type != ResourceControl:
		return fmt.Errorf("policy %s: the type %q is not in the sandbox", p.ID, p.Type)
	}
	for _, target := range p.Targets {
		if target != o.Root && o.Parent(target) == "" {
			return fmt.Errorf("policy %s: there is no %s", p.ID, target)
		}
	}
	if _, err := keypolicy.Parse(string(p.Document)); err != nil {
		return fmt.Errorf("policy %s: %w", p.ID, err)
	}
	return nil
}
