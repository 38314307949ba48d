package precheck

import (
	"slices"
	"strings"

	"keymend/pkg/arn"
)

// stranger is somebody whom no policy names.
const stranger = "role/somebody-" + sample

// open says by which call somebody whom no policy names gets at what an action does, in an
// account: by the action itself, or by making or changing a role, or a user, that the
// policies spare. "": by none; all are denied for certain.
func (c *court) open(s Settings, account, action, resource string, tags ...string) string {
	asked := map[string]bool{}
	var ask func(action, resource string, tags ...string) string
	ask = func(action, resource string, tags ...string) string {
		if !c.denies(s, account, stranger, action, resource, tags...) {
			return action
		}
		for _, named := range c.named(account) {
			who := concrete(named)
			if asked[who] || c.denies(s, account, who, action, resource, tags...) {
				continue
			}
			asked[who] = true
			become := []string{"iam:CreateRole", "iam:UpdateAssumeRolePolicy"}
			if strings.HasPrefix(who, "user/") {
				become = []string{"iam:CreateUser", "iam:CreateAccessKey"}
			}
			for _, by := range become {
				switch got := ask(by, s.arn("iam", "", account, who)); got {
				case "":
				case by:
					return by + " " + named
				default:
					return got
				}
			}
		}
		return ""
	}
	return ask(action, resource, tags...)
}

// denies reports whether a principal is denied a call for certain.
func (c *court) denies(s Settings, account, principal, action, resource string, tags ...string) bool {
	r := request{account: account, role: principal, action: action, resource: resource, region: s.Regions[0]}
	r.ctx = s.context(r, nil)
	r.ctx.Values["aws:principalarn"] = []string{s.arn("iam", "", account, principal)}
	r.ctx.Values["aws:tagkeys"] = tags
	return slices.ContainsFunc(c.rulings(r), func(one ruling) bool { return one.keys == "" && one.level == "" })
}

// named are the roles and users of an account that the policies above it name as who asks,
// as in "role/a-*". Those that AWS alone makes and changes are left out.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
func (c *court) named(account string) []string {
	var out []string
	for _, level := range c.levels(account) {
		for _, p := range c.attached[level] {
			if d := c.read[p.ID]; d != nil && !p.Resources {
				for _, one := range d.Statements() {
					for _, condition := range one.Condition {
						if strings.EqualFold(condition.Key, "aws:PrincipalArn") && strings.Contains(condition.Operator, "Not") {
							out = append(out, condition.Values...)
						}
					}
				}
			}
		}
	}
	for i, pattern := range out {
		out[i] = who(pattern, account)
	}
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(name string) bool {
		return name == "" || strings.HasPrefix(name, "role/aws-service-role/") || strings.HasPrefix(name, "role/aws-reserved/")
	})
}

// who is the role or the user that a pattern of ARNs stands for in an account. "": none.
func who(pattern, account string) string {
	to, ok := arn.Parse(pattern)
	switch {
	case !ok && strings.ContainsAny(pattern, "*?"):
		return "role/*"
	case !ok, to.Account != account && !strings.ContainsAny(to.Account, "*?"):
		return ""
	case strings.HasPrefix(to.Resource, "role/"), strings.HasPrefix(to.Resource, "user/"):
		return to.Resource
	case strings.ContainsAny(to.Resource, "*?"):
		return "role/*"
	}
	return ""
}

// concrete is one of those that a pattern stands for.
func concrete(pattern string) string {
	return strings.ReplaceAll(strings.ReplaceAll(pattern, "*", sample), "?", "0")
}
