package access

import (
	"strconv"
	"strings"

	"keymend/pkg/keypolicy"
)

// trace has one line for each statement, and for each grant that names the
// principal; the other grants are counted, for a busy key has one for each of
// its volumes.
func (c *call) trace() []string {
	const more = 6 // other grants, identity policies, and the walls
	out := make([]string, 0, len(c.matches)+len(c.grants)+more)
	notAbout := "not about " + c.action
	for i := range c.matches {
		m, known := &c.matches[i], &c.statements[i]
		switch m.failed {
		case partAction:
			out = append(out, known.line+notAbout)
		case partPrincipal:
			out = append(out, known.otherLine())
		default:
			out = append(out, known.line+c.outcomeWords(m))
		}
	}
	for i, m := range c.grants {
		out = append(out, "grant "+c.concerned[i].grant.ID+": "+grantWords(m))
	}
	switch c.others {
	case 0:
	case 1:
		out = append(out, "1 grant to another principal")
	default:
		out = append(out, strconv.Itoa(c.others)+" grants to other principals")
	}
	if c.request.IdentityPolicies != nil && !c.principal.serviceLinked() {
		out = append(out, "identity policies: "+judgementWords(c.identity))
	}
	around := c.around()
	if around.SessionPolicies != nil {
		out = append(out, "session policies: "+judgementWords(c.walls.session))
	}
	if around.Boundary != nil {
		out = append(out, "permissions boundary: "+judgementWords(c.walls.boundary))
	}
	if around.ServiceControl != nil {
		out = append(out, "service control policies: "+judgementWords(c.walls.control))
	}
	if around.ResourceControl != nil {
		out = append(out, "resource control policies: "+[...]string{"deny nothing", "may deny it", "deny it by " + c.walls.resource.by}[c.walls.resource.truth])
	}
	return out
}

// outcomeWords says what came of a statement that is about the operation and the
// principal, or isn't in force.
func (c *call) outcomeWords(m *match) string {
	switch m.failed {
	case partValid:
		return "not in force: KMS wants Action or NotAction, and Resource \"*\""
	case partResource:
		return "not about this key"
	case partCondition:
		return "condition not met: " + c.conditionText(m.check)
	case partNone, partAction, partPrincipal:
	}
	words := "applies" + underWords(m.statement.Condition)
	if m.hold.direct() == no {
		words = "names the account: IAM policies decide"
	}
	if and(m.rest, m.hold.whatever()) == maybe {
		words = "may apply" + unknownWords(m)
	}
	if m.hold.session == yes && m.hold.itself == no {
		words += " (by the name of the role's session: breaks if AWS names it otherwise)"
	}
	return words
}

// underWords names the conditions under which a statement applies.
func underWords(cs []keypolicy.Condition) string {
	if len(cs) == 0 {
		return ""
	}
	parts := make([]string, len(cs))
	for i := range cs {
		parts[i] = conditionWords(&cs[i])
	}
	return " (" + strings.Join(parts, "; ") + ")"
}

func unknownWords(m *match) string {
	if len(m.check.keys) == 0 {
		return ""
	}
	return ": not known: " + strings.Join(m.check.keys, ", ")
}

func conditionWords(c *keypolicy.Condition) string {
	return c.Operator + " " + c.Key + " " + strings.Join(c.Values, ", ")
}

func grantWords(m grantMatch) string {
	switch {
	case m.truth == yes:
		return "covers it"
	case m.truth == maybe:
		return "may cover it"
	}
	return Explain(m.missed)
}

func judgementWords(j Judgement) string {
	words := j.Decision.String()
	if j.By != "" {
		words += " by " + j.By
	}
	return words
}
