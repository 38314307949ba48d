package iam

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"keymend/pkg/keypolicy"
	"keymend/pkg/sandbox/paging"
	"keymend/pkg/sandbox/wire"
)

// resources returns the role that a request names.
func (s *Service) resources(c *wire.Caller, in any) []string {
	name := wire.Member(in, "RoleName")
	if name == "" {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.accounts[c.Account][name]; r != nil {
		return []string{r.ARN}
	}
	return []string{arnOf(c.Account, cmp.Or(wire.Member(in, "Path"), "/"), name)}
}

func arnOf(account, path, name string) string {
	return "arn:aws:iam::" + account + ":role" + path + name
}

func pathOr(p *string) string {
	if p == nil || *p == "" {
		return "/"
	}
	return *p
}

// uniqueID makes an id that no other principal ever had, also not an earlier
// one of the same name. The caller holds the lock.
func (s *Service) uniqueID(kind, arn string) string {
	s.serial++
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", arn, s.serial))
	return kind + base32.StdEncoding.EncodeToString(sum[:])[:17]
}

// add makes a role. The caller holds the lock.
func (s *Service) add(account, path, name, trustText string, trust *keypolicy.Document) *role {
	arn := arnOf(account, path, name)
	r := &role{
		Role:    Role{ARN: arn, Name: name, Path: path, ID: s.uniqueID("AROA", arn), Created: s.clock.Now()},
		account: account, maxSession: 3600, trustText: trustText, trust: trust, inline: map[string]policy{},
	}
	s.use(account)[name] = r
	return r
}

// PutRole makes a role, or gives an existing one other policies, as a
// deployment does. An unreadable policy is an *wire.Error
// (MalformedPolicyDocument).
func (s *Service) PutRole(account, name, path, trust string, inline map[string]string) (Role, error) {
	doc, err := parse(trust)
	if err != nil {
		return Role{}, err
	}
	policies := map[string]policy{}
	for name, text := range inline {
		p, err := parse(text)
		if err != nil {
			return Role{}, err
		}
		policies[name] = policy{text, p}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.accounts[account][name]
	if r == nil {
		r = s.add(account, pathOr(&path), name, trust, doc)
		r.deployed = true
	}
	r.trustText, r.trust, r.inline = trust, doc, policies
	return r.Role, nil
}

// HasRole reports whether an account has a role of this name.
func (s *Service) HasRole(account, name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accounts[account][name] != nil
}

// RemoveRole takes a role and its policies away, as a deployment does.
func (s *Service) RemoveRole(account, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.accounts[account], name)
}

func parse(text string) (*keypolicy.Document, error) {
	doc, err := keypolicy.Parse(text)
	if err != nil {
		return nil, wire.Errorf("MalformedPolicyDocument", "%v", err)
	}
	return doc, nil
}

func (s *Service) createRole(ctx context.Context, in *awsiam.CreateRoleInput) (*awsiam.CreateRoleOutput, error) {
	doc, err := parse(*in.AssumeRolePolicyDocument)
	if err != nil {
		return nil, err
	}
	if err := s.principalsExist(doc); err != nil {
		return nil, err
	}
	account := wire.CallerOf(ctx).Account
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.accounts[account][*in.RoleName] != nil {
		return nil, &wire.Error{Code: "EntityAlreadyExists", Status: http.StatusConflict,
			Message: "Role with name " + *in.RoleName + " already exists."}
	}
	r := s.add(account, pathOr(in.Path), *in.RoleName, *in.AssumeRolePolicyDocument, doc)
	r.description, r.tags = aws.ToString(in.Description), in.Tags
	if in.MaxSessionDuration != nil {
		r.maxSession = *in.MaxSessionDuration
	}
	return &awsiam.CreateRoleOutput{Role: new(r.sdk())}, nil
}

// principalsExist refuses a trust policy that names nobody.
func (s *Service) principalsExist(doc *keypolicy.Document) error {
	for _, st := range doc.Statements() {
		if st.Principal == nil {
			return wire.Errorf("MalformedPolicyDocument", "Missing required field Principal")
		}
		for _, name := range st.Principal.AWS {
			if !s.PrincipalExists(name) {
				return wire.Errorf("MalformedPolicyDocument", `Invalid principal in policy: "AWS":"%s"`, name)
			}
		}
	}
	return nil
}

// sdk returns the role as GetRole shows it. Documents travel URL-encoded.
func (r *role) sdk() types.Role {
	return types.Role{
		Arn: new(r.ARN), RoleName: new(r.Name), RoleId: new(r.ID), Path: new(r.Path),
		CreateDate: new(r.Created), AssumeRolePolicyDocument: new(encode(r.trustText)),
		Description: new(r.description), MaxSessionDuration: new(r.maxSession),
		RoleLastUsed: &types.RoleLastUsed{}, PermissionsBoundary: r.attached(), Tags: r.tags,
	}
}

func (r *role) attached() *types.AttachedPermissionsBoundary {
	if r.boundary == "" {
		return nil
	}
	return &types.AttachedPermissionsBoundary{PermissionsBoundaryArn: &r.boundary, PermissionsBoundaryType: types.PermissionsBoundaryAttachmentTypePolicy}
}

// encode is RFC 3986's percent encoding, as IAM applies it to documents.
func encode(document string) string {
	return strings.ReplaceAll(url.QueryEscape(document), "+", "%20")
}

// with does something to the caller's role of this name, under the lock.
func (s *Service) with(ctx context.Context, name *string, f func(*role) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.accounts[wire.CallerOf(ctx).Account][aws.ToString(name)]
	if r == nil {
		return missing("The role with name %s cannot be found.", aws.ToString(name))
	}
	return f(r)
}

func missing(format string, args ...any) error {
	return &wire.Error{Code: "NoSuchEntity", Status: http.StatusNotFound, Message: fmt.Sprintf(format, args...)}
}

// change is with for a role that its account may change: a service-linked role
// belongs to its service.
func (s *Service) change(ctx context.Context, name *string, f func(*role) error) error {
	return s.with(ctx, name, func(r *role) error {
		if service, linked := linkedService(r.Path); linked {
			return wire.Errorf("UnmodifiableEntity",
				"Cannot perform the operation on the protected role '%s' - this role is only modifiable by %s", r.Name, service)
		}
		return f(r)
	})
}

func (s *Service) getRole(ctx context.Context, in *awsiam.GetRoleInput) (*awsiam.GetRoleOutput, error) {
	var out awsiam.GetRoleOutput
	return &out, s.with(ctx, in.RoleName, func(r *role) error {
		out.Role = new(r.sdk())
		return nil
	})
}

func (s *Service) listRoles(ctx context.Context, in *awsiam.ListRolesInput) (*awsiam.ListRolesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []types.Role
	roles := s.accounts[wire.CallerOf(ctx).Account]
	for _, name := range slices.Sorted(maps.Keys(roles)) {
		if strings.HasPrefix(roles[name].Path, aws.ToString(in.PathPrefix)) {
			all = append(all, roles[name].sdk())
		}
	}
	page, next, err := paging.Cut(all, in.MaxItems, in.Marker, pages())
	return &awsiam.ListRolesOutput{Roles: page, Marker: next, IsTruncated: next != nil}, err
}

// pages is how IAM pages.
func pages() paging.Rule {
	return paging.Rule{Usual: 100, Refusal: wire.Errorf("ValidationError", "Invalid Marker.")}
}

func (s *Service) deleteRole(ctx context.Context, in *awsiam.DeleteRoleInput) (*awsiam.DeleteRoleOutput, error) {
	return &awsiam.DeleteRoleOutput{}, s.change(ctx, in.RoleName, func(r *role) error {
		if len(r.inline) > 0 {
			return &wire.Error{Code: "DeleteConflict", Status: http.StatusConflict,
				Message: "Cannot delete entity, must delete policies first."}
		}
		delete(s.accounts[r.account], r.Name)
		return nil
	})
}
