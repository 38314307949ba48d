// Package whatif says how a change that somebody means to make alters what is read of an
// account: the EBS settings, keys' policies and grants, roles. It doesn't tell what follows for
// the groups: they are looked at as ever, on the altered facts.
//
// The package is pure: no I/O, no clock, no SDK.
package whatif

import (
	"slices"

	"keymend/pkg/access"
	"keymend/pkg/keypolicy"
	"keymend/pkg/launch/encryption"
)

// A Change is what somebody means to change in one account and Region. All of it is
// changed in this order: roles, EBS settings, policies, grants. The zero value changes
// nothing.
type Change struct {
	Roles      []Role
	ByDefault  *bool  // EBS encryption by default; nil = it stays
	DefaultKey string // the account's default EBS key, as GetEbsDefaultKmsKeyId shows it; "" = it stays
	Policies   []Policy
	Revoked    []Grant
}

// A Role is a service-linked role that is deleted, and perhaps made anew.
type Role struct {
	ARN  string
	ID   string // its unique id by now; "" = it isn't there
	Anew bool
}

// A Policy is put on a key.
type Policy struct {
	Key      string // ARN
	Document *keypolicy.Document
}

// A Grant is revoked.
type Grant struct {
	Key string // ARN; "" = whichever key it is on: KMS gives each grant an id of its own
	ID  string
}

// Anew is the unique id of a role that is made anew, which nobody knows beforehand.
const Anew = "AROAMADEANEW00000000"

// None reports whether nothing is changed.
func (c Change) None() bool {
	return c.ByDefault == nil && c.DefaultKey == "" && len(c.Policies)+len(c.Revoked)+len(c.Roles) == 0
}

// Defaults returns the EBS settings as they will be.
func (c Change) Defaults(d encryption.Defaults) encryption.Defaults {
	if c.ByDefault != nil {
		d.ByDefault, d.ByDefaultUntold = *c.ByDefault, false
	}
	if c.DefaultKey != "" {
		d.KeyID, d.KeyUntold = c.DefaultKey, false
	}
	return d
}

// Principal returns a role as it will be. One that is deleted has no ID; a session of it
// ends with it.
func (c Change) Principal(p access.Principal) access.Principal {
	for _, r := range c.Roles {
		switch {
		case r.ARN != p.ARN:
		case r.Anew:
			p.ID = Anew
		default:
			p = access.Principal{ARN: p.ARN}
		}
	}
	return p
}

// Deletes reports whether a role is deleted, and not made anew.
func (c Change) Deletes(role string) bool {
	return slices.ContainsFunc(c.Roles, func(r Role) bool { return r.ARN == role && !r.Anew })
}

// Facts returns a key's facts as they will be. KMS bound policies and grants to the roles
// that had their names then: of one that is deleted, made anew or not, it shows the unique
// id, which is nobody's any more. A policy that is put then names the roles of that time.
// The error is of a policy that can't be read any more.
//
//	https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
//	https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
func (c Change) Facts(f access.Facts) (access.Facts, error) {
	for _, r := range c.Roles {
		if r.ID == "" {
			continue
		}
		f.Grants = renamed(f.Grants, r)
		if f.Policy == nil {
			continue
		}
		var err error
		if f.Policy, err = f.Policy.Renamed(r.ARN, r.ID); err != nil {
			return access.Facts{}, err
		}
	}
	for _, p := range c.Policies {
		if p.Key == f.Key.ARN {
			f.Policy, f.PolicyUnreadable = p.Document, ""
		}
	}
	f.Grants = slices.DeleteFunc(slices.Clone(f.Grants), func(g access.Grant) bool { return c.Revokes(f.Key.ARN, g.ID) })
	return f, nil
}

// Puts reports whether a policy is put on a key.
func (c Change) Puts(key string) bool {
	return slices.ContainsFunc(c.Policies, func(p Policy) bool { return p.Key == key })
}

// Revokes reports whether a grant on a key is revoked.
func (c Change) Revokes(key, id string) bool {
	return slices.ContainsFunc(c.Revoked, func(r Grant) bool { return r.ID == id && (r.Key == "" || r.Key == key) })
}

func renamed(grants []access.Grant, r Role) []access.Grant {
	grants = slices.Clone(grants)
	for i, g := range grants {
		if g.GranteePrincipal == r.ARN {
			grants[i].GranteePrincipal = r.ID
		}
		if g.RetiringPrincipal == r.ARN {
			grants[i].RetiringPrincipal = r.ID
		}
	}
	return grants
}
