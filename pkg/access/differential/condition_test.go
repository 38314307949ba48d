package differential_test

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// conditions makes n conditions, percent of which are meant to be met.
func (m *maker) conditions(n, percent int) conditions {
	var out conditions
	for range n {
		operator, key, v := m.condition(m.chance(percent))
		if m.chance(10) {
			key = strings.ToLower(key)
		}
		if out == nil {
			out = conditions{}
		}
		if out[operator] == nil {
			out[operator] = map[string]values{}
		}
		out[operator][key] = v
	}
	return out
}

// condition makes one that is meant to be met, or not. Keys and operators come
// evenly, so that rare ones come up often enough.
func (m *maker) condition(met bool) (operator, key string, v values) {
	k := one(m, append(contextKeys(), fixedKeys()...))
	is, present := m.q.lookup(k.name)
	if m.chance(8) {
		return choose(m, []int{92, 4, 4}, "Null", "ForAllValues:Null", "ForAnyValue:Null"), k.name, *m.list(strconv.FormatBool(met != present))
	}
	base := one(m, operatorsFor(m.kindOf(k)))
	negated := strings.Contains(base, "Not")
	operator = m.decorate(base, k, present, met)
	if !present {
		is = []string{m.stranger(k.kind)}
	}
	want := make([]string, 0, len(is)+1)
	for _, value := range is {
		if met == negated {
			value = m.stranger(k.kind)
		}
		want = append(want, m.matching(base, value))
	}
	if m.chance(35) {
		want = append(want, m.matching(base, m.stranger(k.kind)))
	}
	if m.chance(2) {
		want[0] = m.malformed(base)
	}
	if m.chance(1) {
		want = nil
	}
	return operator, k.name, *m.list(want...)
}

// kindOf is the key's type, or now and then another: people err.
func (m *maker) kindOf(k contextKey) string {
	if k.kind == "Date" || !m.chance(2) {
		return k.kind
	}
	kinds := []string{"String", "ARN", "Bool", "IPAddress", "Binary"}
	if k.kind == "Bool" || k.kind == "ARN" {
		kinds = append(kinds, "Numeric") // JavaScript finds a number at the head of the others
	}
	return one(m, kinds)
}

// malformed is a value that isn't of the operator's type, unless that is a
// string. JavaScript finds dates and numbers in much that has a digit.
func (m *maker) malformed(base string) string {
	if strings.HasPrefix(base, "Numeric") || strings.HasPrefix(base, "Date") {
		return one(m, []string{"*", "none", ""})
	}
	return one(m, []string{"*", "arn:*", "arn:aws:iam::" + accountA, "none", "10.0.0.0", "12:30", ""})
}

// decorate adds a set operator or IfExists.
func (m *maker) decorate(base string, k contextKey, present, met bool) string {
	switch {
	case k.multi && m.chance(92), m.chance(6):
		base = one(m, []string{"ForAllValues:", "ForAnyValue:"}) + base
	}
	if m.chance(15) || !present && met && m.chance(60) {
		base += "IfExists"
	}
	return base
}

func operatorsFor(kind string) []string {
	strs := []string{"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike"}
	switch kind {
	case "ARN":
		return append(strs, "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike")
	case "Bool":
		return []string{"Bool", "Bool", "Bool", "StringEquals"}
	case "Numeric", "Date":
		var out []string
		for _, order := range []string{"Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"} {
			out = append(out, kind+order)
		}
		return out
	case "IPAddress":
		return []string{"IpAddress", "NotIpAddress"}
	case "Binary":
		return []string{"BinaryEquals"}
	}
	return strs
}

// stranger is a value of the type that requests don't have.
func (m *maker) stranger(kind string) string {
	switch kind {
	case "ARN":
		return one(m, []string{"arn:aws:iam::999999999999:role/nobody", roleARN(accountA, "", "deployer"), "arn:aws:sns:*:999999999999:*"})
	case "Bool":
		return one(m, []string{"true", "false"})
	case "Numeric":
		return one(m, []string{"1", "100000", "-40", "7.25"})
	case "Date":
		return one(m, []string{"2020-02-02T02:02:02Z", "2030-01-01", "1600000000", "2026-11-23T22:30:00+01:00"})
	case "IPAddress":
		return one(m, []string{"198.51.100.1", "192.0.2.0/24", "2001:db8:ffff::/48"})
	case "Binary":
		return base64.StdEncoding.EncodeToString([]byte{9, 9, 9, byte(m.r.IntN(4))})
	}
	return one(m, []string{"nothing", "s3.*.amazonaws.com", "o-*", "Other", "?"})
}

// matching writes a value of the policy that matches the request's value under
// the operator, in one of the ways there are.
func (m *maker) matching(base, value string) string {
	switch {
	case strings.HasPrefix(base, "String"):
		return m.matchingString(base, value)
	case strings.HasPrefix(base, "Arn"):
		return m.matchingARN(value)
	case strings.HasPrefix(base, "Numeric"):
		return m.near(base, value)
	case strings.HasPrefix(base, "Date"):
		return m.matchingDate(base, value)
	case strings.HasSuffix(base, "IpAddress"):
		return m.matchingIP(value)
	case base == "Bool" && m.chance(20):
		return strings.ToUpper(value)
	}
	return value
}

func (m *maker) matchingString(base, value string) string {
	if m.chance(14) {
		return m.variable(value)
	}
	switch {
	case strings.HasSuffix(base, "IgnoreCase") && m.chance(60):
		return strings.ToUpper(value)
	case strings.HasSuffix(base, "Like") && m.chance(60):
		n := len(value) / 2
		return one(m, []string{value[:n] + "*", "*" + value[n:], "*" + value[n:n] + "*", "?" + value[min(1, len(value)):]})
	}
	return value
}

// variable writes the value with a policy variable, where one has it.
func (m *maker) variable(value string) string {
	for _, k := range append(contextKeys(), fixedKeys()...) {
		if is, ok := m.q.lookup(k.name); ok && !k.multi && is[0] == value && m.chance(70) {
			return "${" + k.name + "}"
		}
	}
	return one(m, []string{
		"${aws:PrincipalTag/none, '" + value + "'}",
		"${aws:PrincipalTag/none}",
		strings.NewReplacer("*", "${*}", "?", "${?}").Replace(value),
		value + "${$}",
		"${aws:PrincipalTag/team}",
	})
}

func (m *maker) matchingARN(value string) string {
	parts := strings.SplitN(value, ":", 6)
	if len(parts) != 6 {
		return value
	}
	switch m.r.IntN(6) {
	case 0:
		parts[5] = parts[5][:len(parts[5])/2] + "*"
	case 1:
		parts[3], parts[4] = "*", "*"
	case 2:
		parts[4] = strings.Repeat("?", len(parts[4]))
	case 3:
		if parts[4] == m.q.account() {
			parts[4] = "${aws:PrincipalAccount}"
		}
	case 4:
		return strings.Join(parts[:5], ":") + "*" // a wildcard doesn't stand for a colon
	}
	return strings.Join(parts, ":")
}

// near is a number by which the order holds.
func (m *maker) near(base, value string) string {
	f, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return value
	}
	switch {
	case strings.Contains(base, "Less"):
		f += float64(m.r.IntN(3))
	case strings.Contains(base, "Greater"):
		f -= float64(m.r.IntN(3))
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

func (m *maker) matchingDate(base, value string) string {
	at, err := time.Parse(time.RFC3339, value)
	if err != nil {
		return m.near(base, value) // epoch
	}
	switch {
	case strings.Contains(base, "Less"):
		at = at.Add(time.Duration(m.r.IntN(3)) * time.Hour)
	case strings.Contains(base, "Greater"):
		at = at.Add(-time.Duration(m.r.IntN(3)) * time.Hour)
	}
	switch m.r.IntN(4) {
	case 0:
		return strconv.FormatInt(at.Unix(), 10)
	case 1:
		return at.In(time.FixedZone("", 3600)).Format(time.RFC3339)
	case 2:
		if strings.Contains(base, "Greater") {
			return at.Format("2006-01-02")
		}
	}
	return at.Format(time.RFC3339)
}

func (m *maker) matchingIP(value string) string {
	switch {
	case strings.Contains(value, "/"):
		return value
	case strings.Contains(value, ":"):
		return one(m, []string{value, "2001:db8:1234:5678::/64", "2001:DB8::/32", "::/0"})
	}
	parts := strings.Split(value, ".")
	if len(parts) != 4 {
		return value
	}
	return one(m, []string{value, value + "/32", strings.Join(parts[:2], ".") + ".0.0/16", parts[0] + ".0.0.0/8", "0.0.0.0/0"})
}
