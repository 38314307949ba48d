// Package iam is the sandbox's IAM and STS: roles with their trust and inline
// policies, service-linked roles, sessions with session policies, and the
// judgement whether a caller's policies allow an action.
//
// It has no users but each account's administrator, no groups, and managed policies as
// permissions boundaries only. An account exists as soon as somebody uses it.
package iam

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"keymend/pkg/arn"
	"keymend/pkg/keypolicy"
	"keymend/pkg/sandbox/clock"
	"keymend/pkg/sandbox/organization"
	"keymend/pkg/sandbox/wire"
)

// A Service holds every account's roles and every session. It is safe for
// concurrent use.
type Service struct {
	clock *clock.Clock
	now   func() time.Time // real time, for what clients measure

	mu       sync.Mutex
	accounts map[string]map[string]*role    // by account, then role name
	sessions map[string]*session            // by access key id
	tasks    map[string]bool                // deletion tasks of service-linked roles
	serial   int                            // makes unique ids unique
	policies map[string]*keypolicy.Document // managed policies by ARN

	organizations atomic.Pointer[[]organization.Organization] // read also while mu is held
	bounds        atomic.Pointer[bounds]                      // of these
}

// New returns an IAM without accounts. The clock tells when roles were made;
// sessions expire in real time.
func New(c *clock.Clock) *Service {
	return &Service{clock: c, now: time.Now, accounts: map[string]map[string]*role{},
		sessions: map[string]*session{}, tasks: map[string]bool{}, policies: map[string]*keypolicy.Document{}}
}

// A Role is what the sandbox's other services need to know of a role.
type Role struct {
	ARN, Name, Path string
	ID              string    // AROA…; a role deleted and made again has another one
	Created         time.Time // simulated time

	deployed bool // by a template, which takes its time
}

// Younger reports whether the role has been made within d: other services may
// not know it yet. Those that were deployed, they do.
func (r Role) Younger(d time.Duration, now time.Time) bool {
	return !r.deployed && now.Sub(r.Created) < d
}

// A role is a Role with its policies.
type role struct {
	Role
	account, description string
	maxSession           int32
	trustText            string
	trust                *keypolicy.Document
	inline               map[string]policy
	boundary             string // ARN of a managed policy; "" = none
	tags                 []types.Tag
}

// A policy is a document with the exact text it was given as.
type policy struct {
	text string
	doc  *keypolicy.Document
}

// use makes sure that an account exists. The caller holds the lock.
func (s *Service) use(account string) map[string]*role {
	if s.accounts[account] == nil {
		s.accounts[account] = map[string]*role{}
	}
	return s.accounts[account]
}

// Role returns the role with this ARN.
func (s *Service) Role(arn string) (Role, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.find(arn)
	if r == nil {
		return Role{}, false
	}
	return r.Role, true
}

// find returns the role with this ARN, or nil. The caller holds the lock.
func (s *Service) find(arn string) *role {
	account, resource, ok := splitARN(arn)
	if !ok || !strings.HasPrefix(resource, "role/") {
		return nil
	}
	r := s.accounts[account][resource[strings.LastIndexByte(resource, '/')+1:]]
	if r == nil || r.ARN != arn {
		return nil
	}
	return r
}

// PrincipalExists reports whether a policy may name this principal: an account
// that is in use (its root, or its bare number), a role, a role's session, an
// administrator, an AWS service, everyone.
func (s *Service) PrincipalExists(name string) bool {
	if name == "*" || strings.HasSuffix(strings.TrimSuffix(name, ".cn"), ".amazonaws.com") {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.accounts[name] != nil || s.roleWithID(name) != nil {
		return true
	}
	account, resource, _ := splitARN(name)
	roles := s.accounts[account]
	switch parts := strings.Split(resource, "/"); {
	case roles == nil:
		return false
	case parts[0] == "assumed-role" && len(parts) == 3:
		return roles[parts[1]] != nil
	}
	return resource == "root" || resource == "user/admin" || s.find(name) != nil
}

// roleWithID returns the living role with a unique id. The caller holds the
// lock.
func (s *Service) roleWithID(id string) *role {
	if !keypolicy.IsUniqueID(id) {
		return nil
	}
	for _, roles := range s.accounts {
		for _, r := range roles {
			if r.ID == id {
				return r
			}
		}
	}
	return nil
}

// splitARN returns the account and resource of an IAM or STS ARN.
func splitARN(name string) (account, resource string, ok bool) {
	a, ok := arn.Parse(name)
	if !ok || a.Service != "iam" && a.Service != "sts" {
		return "", "", false
	}
	return a.Account, a.Resource, true
}

// isAccount reports whether s is an account's number.
func isAccount(s string) bool {
	return len(s) == 12 && strings.Trim(s, "0123456789") == ""
}

// Wire returns IAM as the dispatcher serves it.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name: "iam", Protocol: wire.Query, Version: "2010-05-08", Denied: "AccessDenied", DeniedCode: 403,
		Operations: []wire.Operation{
			wire.Handle("CreateRole", s.createRole),
			wire.Handle("GetRole", s.getRole),
			wire.Handle("ListRoles", s.listRoles),
			wire.Handle("DeleteRole", s.deleteRole),
			wire.Handle("TagRole", s.TagRole),
			wire.Handle("PutRolePolicy", s.PutRolePolicy),
			wire.Handle("GetRolePolicy", s.getRolePolicy),
			wire.Handle("ListRolePolicies", s.listRolePolicies),
			wire.Handle("DeleteRolePolicy", s.deleteRolePolicy),
			s.createServiceLinkedRoleOperation(),
			wire.Handle("DeleteServiceLinkedRole", s.deleteServiceLinkedRole),
			wire.Handle("GetServiceLinkedRoleDeletionStatus", s.getDeletionStatus),
		},
	}.On(s.resources)
}
