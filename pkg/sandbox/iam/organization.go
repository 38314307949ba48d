package iam

import "keymend/pkg/sandbox/organization"

// SetOrganizations changes who is in which organization from now on. The values are
// complete (organization.Complete), and nobody changes them.
func (s *Service) SetOrganizations(all []organization.Organization) {
	s.organizations.Store(&all)
	s.bounds.Store(newBounds(all))
}

// Organization returns the one that an account is in; nil: none.
func (s *Service) Organization(account string) *organization.Organization {
	all := s.organizations.Load()
	if all == nil {
		return nil
	}
	for i := range *all {
		if _, ok := (*all)[i].Account(account); ok {
			return &(*all)[i]
		}
	}
	return nil
}

// Organizational returns the condition keys that a caller's and a resource's account
// bring into a request by their organizations.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalorgid
func (s *Service) Organizational(caller, resource string) map[string][]string {
	out := map[string][]string{}
	for key, account := range map[string]string{"aws:principalorg": caller, "aws:resourceorg": resource} {
		if o := s.Organization(account); o != nil {
			out[key+"id"], out[key+"paths"] = []string{o.ID}, []string{o.Path(account)}
		}
	}
	return out
}
