package keypolicy

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/tidwall/gjson"
)

// Renamed returns the document with another name in the place of a principal's, wherever
// Principal or NotPrincipal has it under AWS: KMS shows a role that was deleted by its
// unique id so. Conditions keep the name, and every other byte stays as it is.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func (d *Document) Renamed(from, to string) (*Document, error) {
	raw := d.raw
	for _, at := range slices.Backward(d.names(from)) {
		raw = raw[:at.start] + strconv.Quote(to) + raw[at.end:]
	}
	out, err := Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("rename principal %s: %w", from, err)
	}
	return out, nil
}

// names finds a principal's name in the text, in order.
func (d *Document) names(principal string) []span {
	var out []span
	for _, s := range d.layout.statements {
		members(s, s.of(d.raw), func(name string, at span, _ gjson.Result) {
			if name != "Principal" && name != "NotPrincipal" {
				return
			}
			members(at, at.of(d.raw), func(kind string, at span, v gjson.Result) {
				if kind == "AWS" {
					out = append(out, equal(at, v, principal)...)
				}
			})
		})
	}
	return out
}

// members visits the members of an object that stands at a place of the text.
func members(at span, text string, visit func(name string, at span, v gjson.Result)) {
	of := gjson.Parse(text)
	if !of.IsObject() {
		return
	}
	of.ForEach(func(name, v gjson.Result) bool {
		start := at.start + v.Index
		visit(name.Str, span{start, start + len(v.Raw)}, v)
		return true
	})
}

// equal finds a string: the value itself, or elements of it.
func equal(at span, v gjson.Result, text string) []span {
	if !v.IsArray() {
		if v.Str != text {
			return nil
		}
		return []span{at}
	}
	var out []span
	for i, e := range elementSpans(v.Raw) {
		if v.Array()[i].Str == text {
			out = append(out, span{at.start + e.start, at.start + e.end})
		}
	}
	return out
}
