package settings

import (
	"regexp"
	"strings"
)

// keep has groups keep the service-linked role that they have.
const keep = "keep"

// serviceLinkedRole reads keep or dedicated:<suffix>, and returns the suffix. A role's name has at most 64
// characters of IAM's, and AWSServiceRoleForAutoScaling_ takes 29 of them.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceLinkedRole.html
func (p *parser) serviceLinkedRole(name string) string {
	const most = 35
	value := p.get(name)
	suffix, named := strings.CutPrefix(value, "dedicated:")
	switch {
	case value == "" || value == keep:
	case !named || suffix == "":
		p.bad(name)
	case len(suffix) > most:
		p.problem(name, "is %q; the suffix has %d characters, and AWSServiceRoleForAutoScaling_ leaves room for %d", value, len(suffix), most)
	case !regexp.MustCompile(`^[a-zA-Z0-9_+=,.@-]+$`).MatchString(suffix):
		p.problem(name, "is %q; a suffix has letters, digits and _+=,.@- only", value)
	default:
		return suffix
	}
	return ""
}
