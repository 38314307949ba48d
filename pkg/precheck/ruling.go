package precheck

import (
	"maps"
	"slices"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/arn"
	"keymend/pkg/keypolicy"
	"keymend/pkg/tag"
)

// A ruling is why a request is refused by an organization's policies, or may be.
type ruling struct {
	policy    Policy
	statement string // that denies; "" = it isn't certain which, or none does
	level     string // the root, unit or account where no policy allows; "" = one denies
	keys      string // condition keys that it hangs on; "" = it denies for certain
	untagged  string // tags that it asks for, which Keymend's roles have only if somebody put them
}

// allow is what AWS attaches everywhere; beside it a policy says what it denies.
const allow = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

// A court judges requests by what is attached.
type court struct {
	tree       Tree
	management string
	attached   map[string][]Policy
	read       map[string]*keypolicy.Document // by id; nil: the policy can't be understood
	everything *keypolicy.Document
}

func newCourt(s Settings, f Facts) *court {
	c := &court{tree: f.Tree.Value, management: s.Management, attached: f.Policies.Value, read: map[string]*keypolicy.Document{}}
	c.everything, _ = keypolicy.Parse(allow) // a constant
	for _, policies := range c.attached {
		for _, p := range policies {
			c.read[p.ID], _ = keypolicy.Parse(p.Text) // nil is said by unread
		}
	}
	return c
}

// unread are the policies that can't be understood, by name.
func (c *court) unread() []string {
	names := map[string]bool{}
	for _, policies := range c.attached {
		for _, p := range policies {
			if c.read[p.ID] == nil {
				names[p.Name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// levels are what bounds an account, from the root down. Nothing bounds the management
// account.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html
func (c *court) levels(account string) []string {
	if account == c.management || c.tree.Parents[account] == "" {
		return nil
	}
	up := c.tree.above(account)
	slices.Reverse(up)
	return append(up, account)
}

// rulings are all that policies say against a request, the certain ones if there are any.
func (c *court) rulings(r request) []ruling {
	var certain, doubtful []ruling
	weigh := func(account string, resources bool) {
		for _, level := range c.levels(account) {
			for _, one := range c.level(r, level, resources) {
				if one.keys == "" {
					certain = append(certain, one)
				} else {
					doubtful = append(doubtful, one)
				}
			}
		}
	}
	weigh(r.account, false)
	if to, ok := arn.Parse(r.resource); ok && (to.Service == "kms" || strings.HasPrefix(r.action, "sts:")) {
		weigh(to.Account, true)
	}
	if certain != nil {
		return certain
	}
	return doubtful
}

func (c *court) level(r request, level string, resources bool) []ruling {
	var out []ruling
	var all []*keypolicy.Document
	for _, p := range c.attached[level] {
		d := c.read[p.ID]
		if p.Resources != resources || d == nil {
			continue
		}
		all = append(all, d)
		j, untagged := c.judge([]*keypolicy.Document{c.everything, d}, r)
		switch {
		case j.Explicit:
			out = append(out, ruling{policy: p, statement: j.By, untagged: strings.Join(untagged, ", ")})
		case j.Decision == access.Unknown:
			out = append(out, ruling{policy: p, keys: strings.Join(j.UnknownKeys, ", ")})
		}
	}
	// Of resource control policies, AWS's own allows everything on each level.
	if resources || out != nil || len(all) == 0 {
		return out
	}
	switch j, _ := c.judge(all, r); j.Decision { //nolint:exhaustive // the others say nothing against it
	case access.Denied:
		out = append(out, ruling{level: level})
	case access.Unknown:
		out = append(out, ruling{level: level, keys: strings.Join(j.UnknownKeys, ", ")})
	}
	return out
}

// judge takes tags that Keymend's templates don't give to a role for absent, and names
// them.
func (c *court) judge(policies []*keypolicy.Document, r request) (j access.Judgement, untagged []string) {
	if j = access.Identity(policies, r.action, r.resource, r.ctx); j.Decision != access.Unknown {
		return j, nil
	}
	values := maps.Clone(r.ctx.Values)
	for _, key := range j.UnknownKeys {
		if lower := strings.ToLower(key); strings.HasPrefix(lower, "aws:principaltag/") && lower != "aws:principaltag/"+tag.Account {
			values[lower] = nil
			untagged = append(untagged, key)
		}
	}
	return access.Identity(policies, r.action, r.resource, access.Context{Values: values}), untagged
}
