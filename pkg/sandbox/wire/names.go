package wire

import (
	"fmt"
	"reflect"
	"strings"
)

//go:generate go run ./wirenames -o names_generated.go operations.txt

// A spelling is how one member is written on the wire.
type spelling struct {
	name string
	flat bool   // a list whose items carry the list's own name
	item string // how a list's items are called
}

// names is the table of a query protocol: wire names by direction and Go type,
// as in "> DescribeVolumesInput". A type that isn't in the table is refused: a
// wrongly spelt answer would look like an empty one.
type names struct {
	types map[string]map[string]spelling
	out   func(string) string
	item  string
}

// readNames reads a table that wirenames wrote.
func readNames(table, item string, out func(string) string) names {
	n := names{types: map[string]map[string]spelling{}, item: item, out: out}
	for line := range strings.Lines(table) {
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		members := map[string]spelling{}
		for _, word := range words[2:] {
			field, wire, _ := strings.Cut(word, "=")
			members[field] = n.spell(wire)
		}
		n.types[words[0]+" "+words[1]] = members
	}
	return n
}

// spell reads "Name", "Name[]" or "Name[item]".
func (n names) spell(wire string) spelling {
	name, rest, list := strings.Cut(wire, "[")
	item := strings.TrimSuffix(rest, "]")
	if item == "" {
		item = n.item
	}
	return spelling{name: name, flat: list && rest == "]", item: item}
}

// members returns a type's entries. direction is ">" or "<".
func (n names) members(direction string, t reflect.Type) (map[string]spelling, error) {
	m, ok := n.types[direction+" "+t.Name()]
	if !ok {
		return nil, fmt.Errorf("%s has no wire names: add its operation to operations.txt and run go generate", t)
	}
	return m, nil
}

// request returns the spelling of a field in a request.
func (n names) request(members map[string]spelling, field string) spelling {
	if s, ok := members[field]; ok {
		return s
	}
	return spelling{name: field, item: n.item}
}

// answer returns the spelling of a field in an answer.
func (n names) answer(members map[string]spelling, field string) spelling {
	if s, ok := members[field]; ok {
		return s
	}
	return spelling{name: n.out(field), item: n.item}
}
