package iam

import (
	"net/http"
	"slices"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/arn"
	"keymend/pkg/keypolicy"
	"keymend/pkg/sandbox/organization"
	"keymend/pkg/sandbox/wire"
)

// bounds are the organizations' policies that bind accounts, read once.
type bounds struct {
	control  map[string][][]*keypolicy.Document // by account, a list for each level from the root
	resource map[string][]*keypolicy.Document
}

// newBounds reads the policies. Those of the management account aren't there: "SCPs
// don't affect users or roles in the management account", and RCPs no resource there.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
func newBounds(all []organization.Organization) *bounds {
	b := &bounds{map[string][][]*keypolicy.Document{}, map[string][]*keypolicy.Document{}}
	for i := range all {
		o := &all[i]
		for _, a := range o.Accounts {
			if a.ID == o.Management {
				continue
			}
			levels := append([]string{a.ID}, o.Ancestors(a.ID)...)
			slices.Reverse(levels)
			for _, level := range levels {
				b.control[a.ID] = append(b.control[a.ID], documents(o.Attached(level, organization.ServiceControl)))
				b.resource[a.ID] = append(b.resource[a.ID], documents(o.Attached(level, organization.ResourceControl))...)
			}
		}
	}
	return b
}

// documents reads policies, which were read before when they were told.
func documents(policies []organization.Policy) []*keypolicy.Document {
	out := []*keypolicy.Document{}
	for _, p := range policies {
		if doc, err := keypolicy.Parse(string(p.Document)); err == nil {
			out = append(out, doc)
		}
	}
	return out
}

// Around returns what bounds a caller, and what is done to resources of an account; and
// the condition keys of both accounts' organizations.
func (s *Service) Around(c *wire.Caller, resource string) (access.Walls, map[string][]string) {
	return s.walls(c, resource), s.Organizational(c.Account, resource)
}

// walls are what bounds a caller, and what is done to resources of an account; "": to none
// that resource control policies know.
func (s *Service) walls(c *wire.Caller, resource string) access.Walls {
	w := access.Walls{SessionPolicies: c.Narrowing, Boundary: c.Boundary}
	b := s.bounds.Load()
	if b == nil || strings.Contains(c.Role, ":role"+linkedPath) {
		return w // no organization's policy binds a service-linked role
	}
	w.ServiceControl, w.ResourceControl = b.control[c.Account], b.resource[resource]
	return w
}

// bounded returns the account of a resource that resource control policies know, or "".
// They came for S3, STS, KMS, SQS and Secrets Manager; for which of the sandbox's others
// they hold, sources disagree.
// https://docs.aws.amazon.com/controltower/latest/controlreference/rcp-controls.html
func bounded(check wire.Check) string {
	service, _, _ := strings.Cut(check.Action, ":")
	if !slices.Contains([]string{"kms", "sqs", "sts"}, service) {
		return ""
	}
	return arn.Account(check.Resource)
}

// PutPolicy makes a managed policy of an account, or gives it another text, as a
// deployment does. It serves as a permissions boundary only.
func (s *Service) PutPolicy(account, name, text string) (policyARN string, err error) {
	doc, err := parse(text)
	if err != nil {
		return "", err
	}
	policyARN = "arn:aws:iam::" + account + ":policy/" + name
	s.mu.Lock()
	defer s.mu.Unlock()
	s.policies[policyARN] = doc
	return policyARN, nil
}

// Bound gives a role a permissions boundary, a managed policy; "" takes it away.
func (s *Service) Bound(roleARN, policyARN string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.find(roleARN)
	switch {
	case r == nil:
		return missing("The role %s cannot be found.", roleARN)
	case policyARN != "" && s.policies[policyARN] == nil:
		return &wire.Error{Code: "NoSuchEntity", Status: http.StatusNotFound, Message: "Scope ARN: " + policyARN + " does not exist or is not attachable."}
	}
	r.boundary = policyARN
	return nil
}
