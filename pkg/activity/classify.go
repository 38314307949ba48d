package activity

import "strings"

// A Classification is a cause, and the rule that gave it.
type Classification struct {
	Cause  Cause  `json:"cause"`
	Rule   string `json:"rule,omitempty"`   // name of the rule; "" = none matched
	Source string `json:"source,omitempty"` // where the rule's text was seen
}

// Classify says what AWS's text about a failed launch points to. It answers for
// every text: None for an empty one, Unrecognised where no rule matches.
//
// The text is StatusMessage or Description of a scaling activity, or what EC2,
// EKS, CloudFormation or Terraform make of it: rules look for parts.
func Classify(statusMessage string) Classification {
	if strings.TrimSpace(statusMessage) == "" {
		return Classification{Cause: None}
	}
	lower := strings.ToLower(statusMessage)
	for _, r := range rules {
		if r.matches(lower) {
			return Classification{Cause: r.cause, Rule: r.name, Source: r.source}
		}
	}
	return Classification{Cause: Unrecognised}
}

// A rule matches a text that holds all its parts in this order. Parts are lower
// case: AWS writes the same names in more than one casing.
type rule struct {
	name   string
	cause  Cause
	parts  []string
	source string
}

func (r rule) matches(lower string) bool {
	for _, part := range r.parts {
		_, rest, found := strings.Cut(lower, part)
		if !found {
			return false
		}
		lower = rest
	}
	return true
}
