// Package kms is the sandbox's KMS: keys with policies that are really
// enforced, aliases, tags and grants, for any number of accounts and Regions.
//
// Authorisation is pkg/access, given the request's whole context. What KMS does
// to the text of a policy that it stores is in normal.go.
package kms

import (
	"sync"
	"time"

	"keymend/pkg/access"
	"keymend/pkg/sandbox/clock"
	"keymend/pkg/sandbox/iam"
	"keymend/pkg/sandbox/wire"
)

// Roles knows principals, and what IAM lets them do.
type Roles interface {
	// PrincipalExists reports whether an ARN names a principal: an account's
	// root, a role, a user, or a role's session.
	PrincipalExists(arn string) bool
	// Role returns the role with this ARN; false where there is none.
	Role(arn string) (iam.Role, bool)
	// Around returns what bounds a caller, and what is done to an account's resources;
	// and the condition keys of both accounts' organizations.
	Around(c *wire.Caller, resource string) (access.Walls, map[string][]string)
	// Authorize decides without the key's policy.
	Authorize(c *wire.Caller, check wire.Check) error
}

// Switches choose among what KMS may do. How long it takes until KMS knows a new
// role, no source says but "a delay" (API_PutKeyPolicy); zero = it does at once.
type Switches struct {
	// PolicyDelay is how long PutKeyPolicy refuses a role that was just made.
	PolicyDelay time.Duration `json:"principalDelayPolicy"`
	// GrantDelay is how long CreateGrant does.
	GrantDelay time.Duration `json:"principalDelayGrant"`
	// DenialNamesForeignKey: the record of a refused call of another service names
	// the key also where it is another account's. [?] CloudTrail's usually doesn't;
	// recorded messages do ("not authorized to perform: kms:CreateGrant on
	// resource: <key ARN>").
	DenialNamesForeignKey bool `json:"denialNamesForeignKey"`
	// TagDelay is how long a change of an existing key's tags shows in
	// ListResourceTags before it counts for aws:ResourceTag. Up to five minutes.
	// https://docs.aws.amazon.com/kms/latest/developerguide/tag-authorization.html
	TagDelay time.Duration `json:"tagDelay"`
}

// A Service is KMS.
type Service struct {
	clock  *clock.Clock
	roles  Roles
	record func(wire.Call)

	mu       sync.Mutex
	switches Switches
	keys     map[string]*key // by ARN
	aliases  map[string]*alias
}

// New returns a service without keys. record takes the calls that other
// services make through Use; nil drops them.
func New(c *clock.Clock, roles Roles, record func(wire.Call)) *Service {
	if record == nil {
		record = func(wire.Call) {}
	}
	return &Service{clock: c, roles: roles, record: record, keys: map[string]*key{}, aliases: map[string]*alias{}}
}

// SetSwitches changes how KMS behaves from now on.
func (s *Service) SetSwitches(sw Switches) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.switches = sw
}

// knows reports whether a policy or grant may name a principal, to which KMS is
// blind for a while where it is a new role.
func (s *Service) knows(principal string, delay func(Switches) time.Duration) bool {
	s.mu.Lock()
	d := delay(s.switches)
	s.mu.Unlock()
	role, ok := s.roles.Role(principal)
	return s.roles.PrincipalExists(principal) && !(ok && role.Younger(d, s.clock.Now()))
}

// Wire returns the API. Its handlers decide access themselves.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name: "kms", Protocol: wire.JSON, Target: "TrentService", Version: "1.1",
		Denied: "AccessDeniedException", DeniedCode: 400, SelfAuthorizing: true,
		Operations: append([]wire.Operation{
			wire.Handle("CreateKey", s.CreateKey), wire.Handle("ReplicateKey", s.ReplicateKey), wire.Handle("DescribeKey", s.DescribeKey), wire.Handle("ListKeys", s.ListKeys),
			wire.Handle("EnableKey", s.EnableKey), wire.Handle("DisableKey", s.DisableKey),
			wire.Handle("ScheduleKeyDeletion", s.ScheduleKeyDeletion), wire.Handle("CancelKeyDeletion", s.CancelKeyDeletion),
			wire.Handle("CreateAlias", s.CreateAlias), wire.Handle("UpdateAlias", s.UpdateAlias),
			wire.Handle("DeleteAlias", s.DeleteAlias), wire.Handle("ListAliases", s.ListAliases),
			wire.Handle("TagResource", s.TagResource), wire.Handle("UntagResource", s.UntagResource),
			wire.Handle("ListResourceTags", s.ListResourceTags),
			wire.Handle("GetKeyPolicy", s.GetKeyPolicy), wire.Handle("PutKeyPolicy", s.PutKeyPolicy),
			wire.Handle("CreateGrant", s.CreateGrant), wire.Handle("ListGrants", s.ListGrants),
			wire.Handle("RevokeGrant", s.RevokeGrant), wire.Handle("RetireGrant", s.RetireGrant),
			wire.Handle("ListRetirableGrants", s.ListRetirableGrants),
		}, s.cryptography()...),
	}
}
