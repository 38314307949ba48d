package differential_test

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A rule is one thing about which the two evaluators differ, with AWS's word on it.
type rule struct {
	name, why, source string
	change            func(q question) question
}

// translations put a question into terms that the simulator knows, where it has
// no rule of its own. They are applied to every question before it is asked.
func translations() []rule {
	return []rule{
		{"variables-of-2008", "the simulator replaces policy variables in every version; before 2012-10-17 they are plain text",
			"https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html", plainVariables},
		{"escape-in-equals", "${*}, ${?} and ${$} \"can be used in any string where you can use regular policy variables\"; the simulator knows them only where wildcards count, and is told the character elsewhere",
			"https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-specialchars", charactersInEquals},
		{"encryption-context", "the simulator drops kms:EncryptionContext:… from the request; it is told as a tag of the principal, which is as much a string",
			"https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-encryption-context", encryptionContextAsTag},
		{"role-path", "the simulator compares a role with a session by name only; a role of another path is another role, and is told by another name",
			"https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns", pathAsName},
		{"no-resource", "\"If either of the required Resource or Action elements are missing from a key policy statement, the policy statement has no effect\"; the simulator takes it for \"*\"",
			"https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html", withoutResourceless},
		{"epoch-time", "the simulator takes epoch seconds for milliseconds",
			"https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Date", epochAsISO},
		{"negated-variable-without-value", "\"inverted condition operators like StringNotEquals or StringNotLike do match against a null value\"; the simulator never takes them for met; the value is told as one that nothing equals",
			"https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-no-value", nothingEquals},
		{"whole-internet", "the simulator shifts by 32 bits where JavaScript shifts by none, and so takes 0.0.0.0/0 for the one address; it is told as two halves",
			"https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_IPAddress", internetInHalves},
		{"single-address", "the simulator takes an IPv6 address for neither equal nor unequal to an IPv4 address without prefix length; AWS reads that as /32",
			"https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_IPAddress", addressAsNetwork},
		{"variable-in-arn", "the simulator takes an ARN apart at its colons before it replaces variables, each of which has a colon; it is told the value",
			"https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN", variablesInARNs},
	}
}

// translate applies the translations, and names those that changed anything.
func translate(q question) (question, []string) {
	var touched []string
	before := q.policies()
	for _, r := range translations() {
		q = r.change(q)
		if after := q.policies(); after != before {
			touched = append(touched, r.name)
			before = after
		}
	}
	return q, touched
}

func plainVariables(q question) question {
	plain := func(p policy) policy {
		if p.Version == "2012-10-17" {
			return p
		}
		escape := func(v values) values {
			return v.replace(func(s string) string { return strings.ReplaceAll(s, "${", "${$}{") })
		}
		return p.edit(func(s statement) (statement, bool) {
			s.Resource, s.NotResource = s.Resource.change(escape), s.NotResource.change(escape)
			return s.replaceCondition(func(operator, key string, v values) (string, string, values) {
				return operator, key, escape(v)
			}), true
		})
	}
	q.policy = plain(q.policy)
	identity := make([]policy, len(q.identity))
	for i, p := range q.identity {
		identity[i] = plain(p)
	}
	q.identity = identity
	return q
}

// replace changes each value.
func (v values) replace(change func(s string) string) values {
	is := make([]string, len(v.is))
	for i, s := range v.is {
		is[i] = change(s)
	}
	v.is = is
	return v
}

// charactersInEquals leaves the ${$} that plainVariables wrote: a brace follows.
func charactersInEquals(q question) question {
	return q.edit(func(s statement) (statement, bool) {
		return s.replaceCondition(func(operator, key string, v values) (string, string, values) {
			if strings.Contains(operator, "String") && !strings.Contains(operator, "Like") {
				v = v.replace(func(s string) string {
					if before, ok := strings.CutSuffix(s, "${$}"); ok {
						s = before + "$"
					}
					return strings.NewReplacer("${*}", "*", "${?}", "?").Replace(s)
				})
			}
			return operator, key, v
		}), true
	})
}

// change applies to values that may be missing.
func (v *values) change(change func(v values) values) *values {
	if v == nil {
		return nil
	}
	out := change(*v)
	return &out
}

func encryptionContextAsTag(q question) question {
	const name, tag = "kms:EncryptionContext:aws:ebs:id", "aws:PrincipalTag/encryption-context"
	q.context = maps.Clone(q.context)
	if value, ok := q.context[name]; ok {
		delete(q.context, name)
		if q.operation != "DescribeKey" { // has no encryption context
			q.context[tag] = value
		}
	}
	return q.edit(func(s statement) (statement, bool) {
		return s.replaceCondition(func(operator, key string, v values) (string, string, values) {
			if equalFold(key, name) {
				key = tag
			}
			return operator, key, v.replace(func(s string) string { return strings.ReplaceAll(s, "${"+name+"}", "${"+tag+"}") })
		}), true
	})
}

func pathAsName(q question) question {
	mine := q.principal.ARN
	rename := func(s string) string {
		if strings.Contains(s, ":role/") && s != mine && lastName(s) == lastName(mine) {
			return s + "-of-another-path"
		}
		return s
	}
	return q.edit(func(s statement) (statement, bool) {
		s.Principal, s.NotPrincipal = s.Principal.replace(rename), s.NotPrincipal.replace(rename)
		return s, true
	})
}

func lastName(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// replace changes each name under AWS.
func (p *principals) replace(change func(s string) string) *principals {
	if p == nil || p.bare {
		return p
	}
	kind := maps.Clone(p.kind)
	if aws, ok := kind["AWS"]; ok {
		kind["AWS"] = aws.replace(change)
	}
	return &principals{kind: kind}
}

func withoutResourceless(q question) question {
	return q.edit(func(s statement) (statement, bool) {
		return s, !s.inKeyPolicy() || s.Resource != nil || s.NotResource != nil
	})
}

func epochAsISO(q question) question {
	iso := func(s string) string {
		seconds, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return s
		}
		return time.Unix(seconds, 0).UTC().Format(time.RFC3339)
	}
	q.context = maps.Clone(q.context)
	if v, ok := q.context["aws:EpochTime"]; ok {
		q.context["aws:EpochTime"] = []string{iso(v[0])}
	}
	return q.edit(func(s statement) (statement, bool) {
		return s.replaceCondition(func(operator, key string, v values) (string, string, values) {
			if strings.Contains(operator, "Date") {
				v = v.replace(iso)
			}
			return operator, key, v
		}), true
	})
}

func internetInHalves(q question) question {
	return q.edit(func(s statement) (statement, bool) {
		return s.replaceCondition(func(operator, key string, v values) (string, string, values) {
			if strings.Contains(operator, "IpAddress") && slices.Contains(v.is, "0.0.0.0/0") {
				v.is = append(slices.DeleteFunc(slices.Clone(v.is), func(s string) bool { return s == "0.0.0.0/0" }), "0.0.0.0/1", "128.0.0.0/1")
			}
			return operator, key, v
		}), true
	})
}

func addressAsNetwork(q question) question {
	return q.edit(func(s statement) (statement, bool) {
		return s.replaceCondition(func(operator, key string, v values) (string, string, values) {
			if strings.Contains(operator, "IpAddress") {
				v = v.replace(func(s string) string {
					if ip, err := netip.ParseAddr(s); err == nil {
						return netip.PrefixFrom(ip, ip.BitLen()).String()
					}
					return s
				})
			}
			return operator, key, v
		}), true
	})
}

func variablesInARNs(q question) question {
	return q.edit(func(s statement) (statement, bool) {
		return s.replaceCondition(func(operator, key string, v values) (string, string, values) {
			if strings.Contains(operator, "Arn") {
				v = v.replace(func(s string) string { return strings.ReplaceAll(s, "${aws:PrincipalAccount}", q.account()) })
			}
			return operator, key, v
		}), true
	})
}

func nothingEquals(q question) question {
	return q.edit(func(s statement) (statement, bool) {
		return s.replaceCondition(func(operator, key string, v values) (string, string, values) {
			if strings.Contains(operator, "Not") {
				v = v.replace(func(s string) string {
					if q.lacksVariable(s) {
						return "equal to nothing"
					}
					return s
				})
			}
			return operator, key, v
		}), true
	})
}

// lacksVariable reports whether a value has a variable that the request doesn't
// carry, and that has no default.
func (q question) lacksVariable(s string) bool {
	for {
		_, rest, ok := strings.Cut(s, "${")
		name, after, closed := strings.Cut(rest, "}")
		if !ok || !closed {
			return false
		}
		if _, present := q.lookup(name); !present && strings.Contains(name, ":") && !strings.Contains(name, ",") {
			return true
		}
		s = after
	}
}
