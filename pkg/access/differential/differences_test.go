package differential_test

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"keymend/pkg/access"
)

// differences are what remains between the two evaluators. Each rewrites a
// question as the simulator reads it; it explains a difference only where
// Keymend's evaluator, asked the rewritten question, answers as the simulator
// did. In none of them does Keymend say Allowed where the simulator denies.
func differences() []rule {
	return []rule{
		{"resource-not-star", "\"the only accepted Resource element value in a KMS key policy is *; the existing invalid statements will fail to implement the authorization controls\": an Allow gives nothing, a Deny leaves it open; the simulator matches the resource",
			"https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html#key-policy-elements", readResource},
		{"not-principal", "who is exempted from a Deny by a NotPrincipal that names only some of account, role and session isn't settled; the simulator exempts by any of them",
			"https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html", readNotPrincipal},
		{"multi-valued-without-set-operator", "\"multivalued context keys require a condition set operator\"; what a condition without one does isn't settled; the simulator never takes it for met",
			"https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html", readMultiValued},
		{"value-of-another-type", "what a condition does whose value isn't of the operator's type isn't settled; the simulator takes none such for met, negated or not",
			"https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html", readTypes},
		{"binary-as-text", "a value for BinaryEquals that isn't base64 is of another type; the simulator compares the text",
			"https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_BinaryEquals", readBinary},
		{"variable-before-resource", "\"you can't use a variable to replace parts of the ARN before the fifth colon\"; what one there does isn't settled; for the simulator such a resource matches nothing",
			"https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-wheretouse", readEarlyVariables},
	}
}

// explain returns the rules that together account for a difference: the fewest
// that make Keymend's evaluator answer as the simulator did. None: it isn't
// explained.
func explain(q question, theirs answer, ask func(question) access.Result) []string {
	agrees := func(rules []rule) bool {
		read := q
		for _, r := range rules {
			read = r.change(read)
		}
		d := ask(read).Decision
		return d == access.Allowed && theirs.allowed() || d == access.Denied && !theirs.allowed()
	}
	need := differences()
	if !agrees(need) {
		return nil
	}
	for i := 0; i < len(need); {
		if fewer := slices.Delete(slices.Clone(need), i, i+1); agrees(fewer) {
			need = fewer
		} else {
			i++
		}
	}
	names := make([]string, len(need))
	for i, r := range need {
		names[i] = r.name
	}
	return names
}

func readResource(q question) question {
	return q.editKeyPolicy(func(s statement) (statement, bool) {
		named := func(v *values) bool {
			return slices.ContainsFunc(v.is, func(p string) bool { return p == "*" || globARN(p, q.key.ARN) })
		}
		about := false
		switch {
		case s.Resource != nil:
			about = named(s.Resource)
		case s.NotResource != nil:
			about = !named(s.NotResource)
		default:
			return s, true
		}
		s.Resource, s.NotResource = &values{is: []string{"*"}}, nil
		return s, about
	})
}

// globARN is enough for the patterns that the generator writes.
func globARN(pattern, arn string) bool {
	return pattern == arn || pattern == "arn:aws:kms:*:*:key/*"
}

// editKeyPolicy changes the key policy alone.
func (q question) editKeyPolicy(change edit) question {
	q.policy = q.policy.edit(change)
	return q
}

func readNotPrincipal(q question) question {
	return q.editKeyPolicy(func(s statement) (statement, bool) {
		if s.NotPrincipal == nil {
			return s, true
		}
		exempt := slices.ContainsFunc(s.NotPrincipal.names(), func(n string) bool {
			return n == "*" || n == q.principal.ARN || n == q.principal.SessionARN || n == q.account() ||
				n == "arn:aws:iam::"+q.account()+":root"
		})
		s.Principal, s.NotPrincipal = &principals{bare: true}, nil
		return s, !exempt
	})
}

// never is a condition that no request meets: each has a principal.
func never() (operator, key string, v values) {
	return "Null", "aws:PrincipalArn", values{is: []string{"true"}}
}

func readMultiValued(q question) question {
	return q.edit(func(s statement) (statement, bool) {
		return s.replaceCondition(func(operator, key string, v values) (string, string, values) {
			if _, present := q.lookup(key); present && multiValued(key) && operator != "Null" && !strings.Contains(operator, ":") {
				return never()
			}
			return operator, key, v
		}), true
	})
}

func readTypes(q question) question {
	return q.edit(func(s statement) (statement, bool) {
		return s.replaceCondition(func(operator, key string, v values) (string, string, values) {
			is, present := q.lookup(key)
			fits := func(s string) bool { return ofType(operator, s) }
			if strings.Contains(operator, "Arn") {
				v = v.replace(withResource)
			}
			sane := slices.DeleteFunc(slices.Clone(v.is), func(s string) bool { return !fits(s) })
			switch {
			case !present:
			case strings.Contains(operator, "Not") && (len(sane) < len(v.is) || !all(is, fits)):
				return never()
			case !all(is, fits):
				v.is, v.list = nil, true
			default:
				v.is, v.list = sane, true
			}
			return operator, key, v
		}), true
	})
}

// withResource: the simulator reads an ARN that ends after the account as one
// whose resource is empty.
func withResource(arn string) string {
	if strings.Count(arn, ":") == 4 {
		return arn + ":"
	}
	return arn
}

func all(list []string, fits func(s string) bool) bool {
	return !slices.ContainsFunc(list, func(s string) bool { return !fits(s) })
}

// ofType reports whether a value is of an operator's type.
func ofType(operator, s string) bool {
	var err error
	switch {
	case strings.Contains(operator, "Numeric"):
		_, err = strconv.ParseFloat(s, 64)
	case strings.Contains(operator, "Date"):
		return s != "" && s[0] >= '0' && s[0] <= '9'
	case strings.Contains(operator, "IpAddress"):
		_, err = netip.ParseAddr(strings.Split(s, "/")[0])
	case strings.Contains(operator, "Arn"):
		return strings.Count(s, ":") >= 5
	case strings.Contains(operator, "Bool"):
		return strings.EqualFold(s, "true") || strings.EqualFold(s, "false")
	}
	return err == nil
}

func readBinary(q question) question {
	return q.edit(func(s statement) (statement, bool) {
		return s.replaceCondition(func(operator, key string, v values) (string, string, values) {
			return strings.Replace(operator, "Binary", "String", 1), key, v
		}), true
	})
}

func readEarlyVariables(q question) question {
	early := func(v values) values {
		return v.replace(func(s string) string {
			if before, _, found := strings.Cut(s, "${"); found && strings.Count(before, ":") < 5 {
				return "arn:aws:kms:none:none:key/none"
			}
			return s
		})
	}
	return q.edit(func(s statement) (statement, bool) {
		s.Resource, s.NotResource = s.Resource.change(early), s.NotResource.change(early)
		return s, true
	})
}
