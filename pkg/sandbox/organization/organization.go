// Package organization is what the sandbox knows of an organization: its units and
// accounts. It is a value that doesn't change; who joins or moves is in the next one.
package organization

import (
	"slices"
	"strings"
	"time"
)

// An Organization has accounts in units, which are below its root.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_getting-started_concepts.html
type Organization struct {
	ID         string    `json:"id"`         // "o-a1b2c3d4e5"
	Management string    `json:"management"` // the account that no policy binds; one of Accounts
	Root       string    `json:"root"`       // "r-a1b2"
	Units      []Unit    `json:"units"`
	Accounts   []Account `json:"accounts"`
	// Services have trusted access: they may act in every account
	// ("member.org.stacksets.cloudformation.amazonaws.com").
	Services []string `json:"services"`
	// Administrators are the accounts that administer a service for the organization, by
	// the service.
	Administrators map[string][]string `json:"administrators"`
	// Policies are what bounds accounts, beside AWS's own (see Attached).
	Policies []Policy `json:"policies"`
}

// A Unit is an organizational unit.
type Unit struct {
	ID     string `json:"id"` // "ou-a1b2-11111111"
	Name   string `json:"name"`
	Parent string `json:"parent"` // a unit, or the root
}

// An Account is a member, the management account too.
type Account struct {
	ID     string    `json:"id"`
	Name   string    `json:"name"`
	Unit   string    `json:"unit"` // or the root; "" is the root
	State  State     `json:"state"`
	Joined time.Time `json:"joined"` // simulated time; zero is when the sandbox was told
}

// A State is an account's. "" is Active.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_account_state.html
type State string

// The states that are in the sandbox.
const (
	Active    State = "ACTIVE"
	Suspended State = "SUSPENDED"
)

// Of returns an organization of accounts right below its root. The first is the
// management account.
func Of(id string, accounts ...string) Organization {
	o := Organization{ID: id, Root: "r-root", Management: accounts[0]}
	for _, a := range accounts {
		o.Accounts = append(o.Accounts, Account{ID: a})
	}
	return o
}

// Account returns a member.
func (o *Organization) Account(id string) (Account, bool) {
	i := slices.IndexFunc(o.Accounts, func(a Account) bool { return a.ID == id })
	if i < 0 {
		return Account{}, false
	}
	return o.Accounts[i], true
}

// Parent returns the unit or root that an account or a unit is in; "" of the root, and of
// what isn't there.
func (o *Organization) Parent(id string) string {
	for _, u := range o.Units {
		if u.ID == id {
			return u.Parent
		}
	}
	a, _ := o.Account(id)
	return a.Unit
}

// Ancestors returns what is above an account or a unit, the nearest first, the root last.
func (o *Organization) Ancestors(id string) []string {
	var out []string
	for id = o.Parent(id); id != ""; id = o.Parent(id) {
		out = append(out, id)
	}
	return out
}

// Under returns the accounts in a unit, or the root, and in all units below it.
func (o *Organization) Under(id string) []Account {
	var out []Account
	for _, a := range o.Accounts {
		if slices.Contains(o.Ancestors(a.ID), id) {
			out = append(out, a)
		}
	}
	return out
}

// Path returns an account's place as aws:PrincipalOrgPaths has it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalorgpaths
func (o *Organization) Path(account string) string {
	up := o.Ancestors(account)
	slices.Reverse(up)
	return strings.Join(append([]string{o.ID}, up...), "/") + "/"
}

// Administers reports whether an account may act for the organization in a service: the
// management account, and those it delegated that to.
func (o *Organization) Administers(account, service string) bool {
	return account == o.Management || slices.Contains(o.Administrators[service], account)
}
