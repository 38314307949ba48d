package organization

import (
	"fmt"
	"regexp"
	"time"
)

// patterns are those of ids.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_OrganizationalUnit.html
func patterns() map[string]string {
	return map[string]string{
		"organization": `o-[a-z0-9]{10,32}`, "root": `r-[a-z0-9]{4,32}`, "unit": `ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}`, "account": `[0-9]{12}`,
	}
}

func isID(kind, text string) bool {
	return regexp.MustCompile(`^` + patterns()[kind] + `$`).MatchString(text)
}

// Complete checks organizations, and fills in what was left out. Accounts that were told
// of before keep the time at which they joined.
func Complete(all, before []Organization, now time.Time) ([]Organization, error) {
	out := make([]Organization, len(all))
	seen := map[string]bool{}
	for i, o := range all {
		o.Units, o.Accounts, o.Policies = append([]Unit{}, o.Units...), append([]Account{}, o.Accounts...), append([]Policy{}, o.Policies...)
		for j := range o.Policies {
			o.Policies[j].fill()
		}
		for j := range o.Accounts {
			o.Accounts[j].fill(o.Root, joined(before, o.ID, o.Accounts[j].ID, now))
		}
		if err := o.check(seen); err != nil {
			return nil, fmt.Errorf("organization %q: %w", o.ID, err)
		}
		out[i] = o
	}
	return out, nil
}

func (a *Account) fill(root string, now time.Time) {
	if a.Unit == "" {
		a.Unit = root
	}
	if a.State == "" {
		a.State = Active
	}
	if a.Name == "" {
		a.Name = a.ID
	}
	if a.Joined.IsZero() {
		a.Joined = now
	}
}

func (p *Policy) fill() {
	if p.Name == "" {
		p.Name = p.ID
	}
	if p.ID == FullAWSAccess {
		targets := p.Targets
		*p = everything(FullAWSAccess, ServiceControl)
		p.Targets = targets
	}
}

func joined(before []Organization, id, account string, now time.Time) time.Time {
	for i := range before {
		if a, ok := before[i].Account(account); ok && before[i].ID == id {
			return a.Joined
		}
	}
	return now
}

// check says what is wrong. seen are the ids of all organizations so far.
func (o *Organization) check(seen map[string]bool) error {
	fresh := func(kind, id string) error {
		if !isID(kind, id) {
			return fmt.Errorf("%q is no id of an %s", id, kind)
		}
		if seen[id] {
			return fmt.Errorf("%s is there twice", id)
		}
		seen[id] = true
		return nil
	}
	if err := fresh("organization", o.ID); err != nil {
		return err
	}
	if !isID("root", o.Root) { // as in AWS, unique only within its organization
		return fmt.Errorf("%q is no id of a root", o.Root)
	}
	for _, u := range o.Units {
		if err := fresh("unit", u.ID); err != nil {
			return err
		}
	}
	for _, u := range o.Units {
		if err := o.reaches(u.ID, u.Parent); err != nil {
			return err
		}
	}
	for _, a := range o.Accounts {
		if err := fresh("account", a.ID); err != nil {
			return err
		}
		if err := o.reaches(a.ID, a.Unit); err != nil {
			return err
		}
		if a.State != Active && a.State != Suspended {
			return fmt.Errorf("account %s: the state %q is not in the sandbox", a.ID, a.State)
		}
	}
	if _, ok := o.Account(o.Management); !ok {
		return fmt.Errorf("the management account %q isn't among the accounts", o.Management)
	}
	return o.checkPolicies(seen)
}

func (o *Organization) checkPolicies(seen map[string]bool) error {
	for _, p := range o.Policies {
		if seen[p.ID] && p.ID != FullAWSAccess {
			return fmt.Errorf("policy %s is there twice", p.ID)
		}
		seen[p.ID] = true
		if err := p.check(o); err != nil {
			return err
		}
	}
	return nil
}

// reaches says why the root isn't above what has this parent.
func (o *Organization) reaches(id, parent string) error {
	at := parent
	for range len(o.Units) {
		if at == o.Root {
			return nil
		}
		at = o.Parent(at)
	}
	if at == o.Root {
		return nil
	}
	return fmt.Errorf("%s is in %q, which isn't below the root", id, parent)
}
