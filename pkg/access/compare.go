package access

import (
	"encoding/base64"
	"math/big"
	"net/netip"
	"strings"
	"time"

	"keymend/pkg/arn"
)

// A comparer tells whether a value of the request matches one of the policy. It
// answers maybe where the policy's value makes no sense for its type.
type comparer func(want, value string) truth

// comparison returns the comparison of an operator (without Not, IfExists and
// set prefix), or nil where there is no such operator.
func comparison(base string) comparer {
	switch base {
	case "StringEquals":
		return func(want, value string) truth { return truthOf(unliteral(want) == value) }
	case "StringEqualsIgnoreCase":
		return func(want, value string) truth { return truthOf(strings.EqualFold(unliteral(want), value)) }
	case "StringLike":
		return compareLike
	case "ArnEquals", "ArnLike": // "behave identically"
		return compareARN
	case "Bool":
		return compareBool
	case "IpAddress":
		return compareIP
	case "BinaryEquals":
		return compareBinary
	}
	if order, ok := strings.CutPrefix(base, "Numeric"); ok {
		return ordered(order, compareNumbers)
	}
	if order, ok := strings.CutPrefix(base, "Date"); ok {
		return ordered(order, compareDates)
	}
	return nil
}

// compareLike is glob with literal characters that variables brought in.
func compareLike(want, value string) truth {
	return truthOf(glob(want, literalIn(want, value)))
}

// literalIn writes the value's stars and question marks as the pattern writes
// the literal ones, so that each matches its like. A wildcard still matches
// anything.
func literalIn(pattern, value string) string {
	if !strings.ContainsRune(pattern, literalStar) && !strings.ContainsRune(pattern, literalQuestion) {
		return value
	}
	return literal(value)
}

// compareARN compares part by part: "each of the six colon-delimited components
// of the ARN is checked separately and each can include multi-character match
// wildcards (*) or single-character match wildcards (?)".
func compareARN(want, value string) truth {
	const parts = 6
	w, v := strings.SplitN(want, ":", parts), strings.SplitN(value, ":", parts)
	switch {
	case want == "*" && len(v) == parts:
		return maybe // no ARN, but meant to match all
	case len(w) != parts || len(v) != parts:
		return no
	}
	for i := range w {
		if compareLike(w[i], v[i]) == no {
			return no
		}
	}
	return yes
}

func compareBool(want, value string) truth {
	if !strings.EqualFold(want, "true") && !strings.EqualFold(want, "false") {
		return maybe
	}
	return truthOf(strings.EqualFold(want, value))
}

func compareIP(want, value string) truth {
	ip, err := netip.ParseAddr(value)
	if err != nil {
		return no
	}
	if !strings.Contains(want, "/") {
		one, err := netip.ParseAddr(want)
		if err != nil {
			return maybe
		}
		return truthOf(one == ip)
	}
	network, err := netip.ParsePrefix(want)
	if err != nil {
		return maybe
	}
	return truthOf(network.Contains(ip))
}

func compareBinary(want, value string) truth {
	w, err := base64.StdEncoding.DecodeString(want)
	if err != nil {
		return maybe
	}
	v, err := base64.StdEncoding.DecodeString(value)
	return truthOf(err == nil && string(w) == string(v))
}

// ordered makes a comparison out of an order of two values.
func ordered(name string, order func(want, value string) (int, truth)) comparer {
	holds := map[string]func(c int) bool{
		"Equals":            func(c int) bool { return c == 0 },
		"LessThan":          func(c int) bool { return c < 0 },
		"LessThanEquals":    func(c int) bool { return c <= 0 },
		"GreaterThan":       func(c int) bool { return c > 0 },
		"GreaterThanEquals": func(c int) bool { return c >= 0 },
	}[name]
	if holds == nil {
		return nil
	}
	return func(want, value string) truth {
		c, comparable := order(want, value)
		if comparable != yes {
			return comparable
		}
		return truthOf(holds(c))
	}
}

// compareNumbers orders the request's value against the policy's.
func compareNumbers(want, value string) (int, truth) {
	w, okW := number(want)
	v, okV := number(value)
	switch {
	case !okW:
		return 0, maybe
	case !okV:
		return 0, no
	}
	return v.Cmp(w), yes
}

// number reads a decimal number. Exponents are refused beyond reason: they
// would make the exact value as large as the memory.
func number(s string) (*big.Float, bool) {
	const longest = 64
	if len(s) > longest {
		return nil, false
	}
	f, _, err := big.ParseFloat(s, 10, 256, big.ToNearestEven)
	return f, err == nil && !f.IsInf()
}

func compareDates(want, value string) (int, truth) {
	w, okW := date(want)
	v, okV := date(value)
	switch {
	case !okW:
		return 0, maybe
	case !okV:
		return 0, no
	}
	return v.Compare(w), yes
}

// date reads "one of the W3C implementations of the ISO 8601 date formats or
// epoch (UNIX) time".
func date(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02", "2006-01", "2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	f, ok := number(s)
	if !ok {
		return time.Time{}, false
	}
	seconds, _ := f.Int64()
	return time.Unix(seconds, 0), true
}

// ofType reports whether a value makes sense for an operator that has a negated
// form. Anything is a string.
func ofType(base, value string) bool {
	ok := true
	switch {
	case strings.HasPrefix(base, "Arn"):
		_, ok = arn.Parse(value)
	case strings.HasPrefix(base, "Numeric"):
		_, ok = number(value)
	case strings.HasPrefix(base, "Date"):
		_, ok = date(value)
	case base == "IpAddress":
		address, _, _ := strings.Cut(value, "/")
		_, err := netip.ParseAddr(address)
		ok = err == nil
	}
	return ok
}
