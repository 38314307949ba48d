package access

import "strings"

// nearMiss words one near-miss for an operator.
func (c *call) nearMiss(m *match, reason Reason) NearMiss {
	return NearMiss{Source: m.statement.Name(), Reason: reason, Text: m.statement.Name() + " " + c.words(m, reason)}
}

func (c *call) words(m *match, reason Reason) string {
	switch reason {
	case RootDelegates:
		if c.principal.serviceLinked() {
			return "delegates to IAM policies; the service-linked role has none"
		}
		return "delegates to IAM policies; those of " + c.principal.ARN + " don't allow it"
	case ConditionNotMet:
		return "has a condition that isn't met: " + conditionWords(m.check)
	case MissingOperation:
		return "names the principal but not kms:" + c.operation
	}
	text, _ := strings.CutPrefix(Explain(reason), "it ")
	return text
}
