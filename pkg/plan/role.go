package plan

import "keymend/pkg/arn"

// EnsureServiceLinkedRole makes a service-linked role of Auto Scaling with a
// suffix, where it is missing. Before it, there is no such role.
type EnsureServiceLinkedRole struct {
	Role   string `json:"role"` // ARN
	Suffix string `json:"suffix"`
}

// UpdateGroup has a group launch as another service-linked role. Its instances
// stay as they are.
type UpdateGroup struct {
	Group  string `json:"group"` // ARN
	Name   string `json:"name"`
	Before string `json:"before"` // ARN of the role that it launched as
	After  string `json:"after"`
	ID     string `json:"-"` // unique id of the role that it shall launch as
}

// Type implements Step.
func (EnsureServiceLinkedRole) Type() string { return "EnsureServiceLinkedRole" }

// Type implements Step.
func (UpdateGroup) Type() string { return "UpdateGroup" }

// Account implements Step.
func (s EnsureServiceLinkedRole) Account() string { return arn.Account(s.Role) }

// Account implements Step.
func (s UpdateGroup) Account() string { return arn.Account(s.Group) }

// MarshalJSON implements json.Marshaler.
func (s EnsureServiceLinkedRole) MarshalJSON() ([]byte, error) {
	type plain EnsureServiceLinkedRole
	return marshal(struct {
		Type string `json:"type"`
		plain
	}{s.Type(), plain(s)})
}

// MarshalJSON implements json.Marshaler.
func (s UpdateGroup) MarshalJSON() ([]byte, error) {
	type plain UpdateGroup
	return marshal(struct {
		Type string `json:"type"`
		plain
	}{s.Type(), plain(s)})
}

// Plan returns the plan of this one step. The same role that is missing is the
// same plan, whichever group asks for it.
func (s EnsureServiceLinkedRole) Plan(region string) Plan {
	p := Plan{Target: s.Role, Steps: Steps{s}, FactsDigest: sum(s.Role, "missing")}
	p.Digest = sum(s.Account(), region, p.Target, effect(s), p.FactsDigest)
	return p
}

// Plan returns the plan of this one step.
func (s UpdateGroup) Plan(region string) Plan {
	p := Plan{Target: s.Group, Steps: Steps{s}, FactsDigest: sum(s.Before, s.ID)}
	p.Digest = sum(s.Account(), region, p.Target, effect(s), p.FactsDigest)
	return p
}
