package access

import "strings"

// takesVariables: policy variables are replaced in string and ARN comparisons.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
func takesVariables(base string) bool {
	return strings.HasPrefix(base, "String") || strings.HasPrefix(base, "Arn")
}

// Stand-ins for characters that are meant literally in a pattern. They can't
// come up otherwise: KMS takes no characters from here.
const (
	literalStar     = '\ue000'
	literalQuestion = '\ue001'
)

// expand replaces the variables of one value: ${key}, ${key, 'default'}, and
// the escapes ${*}, ${?}, ${$}. What a variable brings in is never a wildcard.
func expand(want string, ctx looker, missing func(key string)) (string, presence) {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(want, "${")
		b.WriteString(before)
		if !ok {
			return b.String(), present
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			b.WriteString("${" + rest)
			return b.String(), present
		}
		value, state := resolve(name, ctx)
		if state != present {
			if state == unknown {
				missing(name)
			}
			return "", state
		}
		b.WriteString(literal(value))
		want = after
	}
}

// resolve finds what one variable stands for.
func resolve(name string, ctx looker) (string, presence) {
	if name == "*" || name == "?" || name == "$" {
		return name, present
	}
	key, fallback, hasFallback := strings.Cut(name, ",")
	values, state := ctx.lookup(strings.TrimSpace(key))
	switch {
	case state == present && len(values) == 1 && !multiValued(strings.TrimSpace(key)):
		return values[0], present
	case state == present:
		return "", unknown // a multivalued key can't be a variable; AWS has no rule for it
	case state == absent && hasFallback:
		return strings.Trim(strings.TrimSpace(fallback), "'"), present
	}
	return "", state
}

func literal(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "*", string(literalStar)), "?", string(literalQuestion))
}

func unliteral(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, string(literalStar), "*"), string(literalQuestion), "?")
}
