package sandbox

import (
	"net/http"

	"keymend/pkg/sandbox/organization"
)

// Organizations returns those that there are.
func (s *Sandbox) Organizations() []organization.Organization {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]organization.Organization{}, s.organizations...)
}

// SetOrganizations changes which organizations there are from now on, and who is in them.
// An account joins, moves, leaves or is suspended by what the next value says of it.
func (s *Sandbox) SetOrganizations(all ...organization.Organization) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	complete, err := organization.Complete(all, s.organizations, s.clock.Now())
	if err != nil {
		return err
	}
	s.organizations = complete
	s.iam.SetOrganizations(complete)
	s.stackSets.Changed()
	return nil
}

// organizationList is the control API's table of organizations.
type organizationList struct {
	Organizations []organization.Organization `json:"organizations"`
}

func (s *Sandbox) changeOrganizations(r *http.Request) (any, error) {
	var order organizationList
	if err := read(r, &order); err != nil {
		return nil, err
	}
	if err := s.SetOrganizations(order.Organizations...); err != nil {
		return nil, err
	}
	return organizationList{s.Organizations()}, nil
}
