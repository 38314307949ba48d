package kms

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// normalise rewrites a policy as KMS does when it stores one: text laid out as
// GetKeyPolicy shows it, an account's id as its root's ARN, lists of principals
// in an order of KMS's own and without repetition, a list of one principal as
// that principal. Members and statements keep their order. The text must be a
// policy; the same meaning written the same way gives the same bytes, and
// normalising twice is normalising once.
//
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-viewing.html
func normalise(text string) string {
	w := &writer{}
	w.object(gjson.Parse(text), 0, (*writer).policyMember)
	return w.String()
}

// A writer lays JSON out as KMS does: `"Name" : value`, objects over several
// lines, lists within one.
type writer struct{ bytes.Buffer }

// A member writes one member's value.
type member func(w *writer, name string, v gjson.Result, depth int)

func (w *writer) object(v gjson.Result, depth int, m member) {
	first := true
	v.ForEach(func(name, value gjson.Result) bool {
		w.WriteString(opening(first))
		first = false
		w.indent(depth + 1)
		w.text(name.Str)
		w.WriteString(" : ")
		m(w, name.Str, value, depth+1)
		return true
	})
	if first {
		w.WriteString("{ }")
		return
	}
	w.WriteByte('\n')
	w.indent(depth)
	w.WriteByte('}')
}

func opening(first bool) string {
	if first {
		return "{\n"
	}
	return ",\n"
}

func (w *writer) indent(depth int) { w.WriteString(strings.Repeat("  ", depth)) }

// text writes a string without HTML escapes, which KMS doesn't know.
func (w *writer) text(s string) {
	e := json.NewEncoder(&w.Buffer)
	e.SetEscapeHTML(false)
	_ = e.Encode(s)         // a string always encodes
	w.Truncate(w.Len() - 1) // Encode ends the line
}

// value writes any JSON value.
func (w *writer) value(_ string, v gjson.Result, depth int) {
	switch {
	case v.IsObject():
		w.object(v, depth, (*writer).value)
	case v.IsArray():
		w.list(v.Array(), depth, (*writer).value)
	case v.Type == gjson.String:
		w.text(v.Str)
	default:
		w.WriteString(v.Raw)
	}
}

func (w *writer) list(items []gjson.Result, depth int, m member) {
	w.WriteString("[ ")
	for i, item := range items {
		if i > 0 {
			w.WriteString(", ")
		}
		m(w, "", item, depth)
	}
	if len(items) > 0 {
		w.WriteByte(' ')
	}
	w.WriteByte(']')
}

func (w *writer) policyMember(name string, v gjson.Result, depth int) {
	if name != "Statement" {
		w.value(name, v, depth)
		return
	}
	w.list(v.Array(), depth, (*writer).statement) // one statement without brackets is a list of one
}

func (w *writer) statement(_ string, v gjson.Result, depth int) {
	w.object(v, depth, func(w *writer, name string, v gjson.Result, depth int) {
		if name != "Principal" && name != "NotPrincipal" {
			w.value(name, v, depth)
			return
		}
		if v.Type == gjson.String { // "*" stands for everyone
			v = gjson.Parse(`{"AWS":` + v.Raw + `}`)
		}
		w.object(v, depth, (*writer).principals)
	})
}

func (w *writer) principals(_ string, v gjson.Result, _ int) {
	var names []string
	for _, item := range v.Array() {
		names = append(names, fullName(item.String()))
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) == 1 {
		w.text(names[0])
		return
	}
	w.WriteString("[ ")
	for i, name := range names {
		if i > 0 {
			w.WriteString(", ")
		}
		w.text(name)
	}
	w.WriteString(" ]")
}

// fullName turns an account's id into its root's ARN.
func fullName(principal string) string {
	const digits = 12
	if len(principal) == digits && strings.Trim(principal, "0123456789") == "" {
		return "arn:aws:iam::" + principal + ":root"
	}
	return principal
}
