package settings

import "strings"

// keep has groups keep the service-linked role that they have.
const keep = "keep"

// suffixPattern is the suffix of a service-linked role, or none. A role's name has at most
// 64 characters of IAM's, and AWSServiceRoleForAutoScaling_ takes 29 of them.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceLinkedRole.html
const suffixPattern = `[a-zA-Z0-9_+=,.@-]{0,35}`

// serviceLinkedRole reads keep or dedicated:<suffix>, and returns the suffix.
func (p *parser) serviceLinkedRole(s Setting) string {
	const most = 35
	value := p.value(s)
	suffix, named := strings.CutPrefix(value, "dedicated:")
	switch {
	case value == keep:
	case !named || suffix == "":
		p.bad(s)
	case len(suffix) > most:
		p.problem(s.Variable, "is %q; the suffix has %d characters, and AWSServiceRoleForAutoScaling_ leaves room for %d", value, len(suffix), most)
	case !s.Allows(suffix):
		p.problem(s.Variable, "is %q; a suffix has letters, digits and _+=,.@- only", value)
	default:
		return suffix
	}
	return ""
}
