package access

import (
	"strconv"
	"strings"

	"keymend/pkg/keypolicy"
)

// A check is the outcome of a statement's conditions.
type check struct {
	truth  truth
	failed *keypolicy.Condition // the first that isn't met
	keys   []string             // condition keys whose unknown values decide
}

// A looker knows a request's condition keys.
type looker interface {
	lookup(key string) ([]string, presence)
}

// checkConditions evaluates a condition block: all must be met.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
func checkConditions(cs []keypolicy.Condition, version string, ctx looker) check {
	out := check{truth: yes}
	for i := range cs {
		m := matcher{condition: &cs[i], variables: version == "2012-10-17", ctx: ctx}
		switch m.check() {
		case no:
			return check{truth: no, failed: &cs[i]}
		case maybe:
			out.truth = maybe
			out.keys = append(out.keys, m.keys...)
		case yes:
		}
	}
	return out
}

// A matcher evaluates one condition.
type matcher struct {
	condition *keypolicy.Condition
	variables bool // policy variables are replaced (version 2012-10-17)
	ctx       looker
	keys      []string // unknown keys found on the way
}

// An operator is a condition operator taken apart.
type operator struct {
	set      string // ForAllValues, ForAnyValue or ""
	base     string // StringEquals …, without Not
	not      bool
	ifExists bool
}

func parseOperator(s string) operator {
	var o operator
	if set, rest, ok := strings.Cut(s, ":"); ok {
		o.set, s = set, rest
	}
	s, o.ifExists = strings.CutSuffix(s, "IfExists")
	switch s {
	case "StringNotEquals", "StringNotEqualsIgnoreCase", "StringNotLike",
		"NumericNotEquals", "DateNotEquals", "NotIpAddress", "ArnNotEquals", "ArnNotLike":
		o.not = true
		s = strings.Replace(s, "Not", "", 1)
	}
	o.base = s
	return o
}

func (m *matcher) check() truth {
	o := parseOperator(m.condition.Operator)
	if o.base == "Null" {
		return m.checkNull(o)
	}
	compare := comparison(o.base)
	if compare == nil || (o.set != "" && o.set != "ForAllValues" && o.set != "ForAnyValue") {
		return maybe
	}
	values, known := m.ctx.lookup(m.condition.Key)
	switch known {
	case unknown:
		m.keys = append(m.keys, m.condition.Key)
		return maybe
	case absent:
		return m.checkAbsent(o)
	case present:
	}
	return m.checkSet(o, values, compare)
}

// checkAbsent: a key that isn't in the request fails the condition, unless it
// is negated, IfExists, or ForAllValues (which an empty set meets). Under
// ForAnyValue IfExists is about each value, and there is none: AWS denied
// ForAnyValue:StringEqualsIfExists on an absent key.
// https://repost.aws/questions/QU9HFmDzP0QGuU-fd7rS6B7w
func (m *matcher) checkAbsent(o operator) truth {
	switch {
	case o.set == "ForAnyValue":
		return no
	case o.ifExists, o.set == "ForAllValues":
		return yes
	}
	return truthOf(o.not)
}

// checkNull: "true" wants the key absent, "false" wants it there.
func (m *matcher) checkNull(o operator) truth {
	if o.ifExists || o.set != "" && o.set != "ForAllValues" && o.set != "ForAnyValue" {
		return maybe
	}
	_, known := m.ctx.lookup(m.condition.Key)
	if known == unknown {
		m.keys = append(m.keys, m.condition.Key)
		return maybe
	}
	out := no
	for _, v := range m.condition.Values {
		want, err := strconv.ParseBool(strings.ToLower(v))
		if err != nil {
			return maybe
		}
		out = or(out, truthOf(want == (known == absent)))
	}
	return out
}

// checkSet applies the comparison to a key with one value or several.
func (m *matcher) checkSet(o operator, values []string, compare comparer) truth {
	if o.set == "" && (len(values) > 1 || multiValued(m.condition.Key)) {
		return maybe // AWS: "multivalued context keys require a condition set operator"
	}
	all, some := yes, no
	for _, v := range values {
		t := m.checkValue(o, v, compare)
		all, some = and(all, t), or(some, t)
	}
	if o.set == "ForAllValues" {
		return all
	}
	return some
}

// checkValue: one of the policy's values must match; none may, where negated.
func (m *matcher) checkValue(o operator, value string, compare comparer) truth {
	out := no
	for _, want := range m.condition.Values {
		out = or(out, m.compare(o, compare, want, value))
	}
	if o.not {
		return out.not()
	}
	return out
}

// compare matches one value of the policy. A variable that the request doesn't
// carry is "effectively null": "there is no equal or like value", and "inverted
// condition operators like StringNotEquals or StringNotLike do match".
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-no-value
func (m *matcher) compare(o operator, compare comparer, want, value string) truth {
	if !m.variables || !takesVariables(o.base) || !strings.Contains(want, "${") {
		return o.settle(compare(want, value), want, value)
	}
	pattern, state := expand(want, m.ctx, func(key string) { m.keys = append(m.keys, key) })
	switch {
	case state == present:
		return o.settle(compare(pattern, value), pattern, value)
	case state == absent:
		return no
	}
	return maybe
}

// settle: a value that isn't of the operator's type matches nothing. What a
// negated operator makes of that AWS doesn't say.
func (o operator) settle(t truth, want, value string) truth {
	if o.not && t == no && !(ofType(o.base, want) && ofType(o.base, value)) {
		return maybe
	}
	return t
}
