package iam

import "maps"

// Switches say which accounts are in an organization. Not a [?]: accounts of all kinds
// exist.
type Switches struct {
	// Organizations has the organization's id by account ("o-a1b2c3d4e5"). An account
	// that isn't there is in none: then requests lack aws:PrincipalOrgID, and requests
	// on its resources aws:ResourceOrgID. Paths and units aren't in the sandbox.
	Organizations map[string]string `json:"organizations"`
}

// SetSwitches changes who is in an organization from now on.
func (s *Service) SetSwitches(sw Switches) {
	sw.Organizations = maps.Clone(sw.Organizations)
	s.switches.Store(&sw)
}

// Organizational returns the condition keys that a caller's and a resource's account
// bring into a request by their organizations.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalorgid
func (s *Service) Organizational(caller, resource string) map[string][]string {
	out := map[string][]string{}
	sw := s.switches.Load()
	if sw == nil {
		return out
	}
	for key, account := range map[string]string{"aws:principalorgid": caller, "aws:resourceorgid": resource} {
		if id := sw.Organizations[account]; id != "" {
			out[key] = []string{id}
		}
	}
	return out
}
