package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// A rule says which names need no entry.
type rule struct {
	prefix string // of the (de)serializers' names
	// out is the name of an answer's member where nothing is written.
	out func(field string) string
	// item is the name of a list's items where nothing is written.
	item string
}

// ruleOf returns the rule of a service's protocol.
func ruleOf(service string) rule {
	if service == "ec2" {
		return rule{prefix: "awsEc2query", out: lowerFirst, item: "item"}
	}
	return rule{prefix: "awsAwsquery", out: same, item: "member"}
}

func same(s string) string       { return s }
func lowerFirst(s string) string { return string(unicode.ToLower(rune(s[0]))) + s[1:] }

// A table collects lines, one a type and direction:
//
//	> Type Field=Wire Field=Wire[]       requests
//	< Type Field=wire Field=wire[item]   answers
//
// A field whose name follows the protocol's rule has no entry. [] marks a
// flattened list; [item] says how items are called where the rule doesn't.
type table struct {
	rule  rule
	lines []string
	done  map[string]bool
}

// operation adds the types that an operation's input and output reach.
func (t *table) operation(in, out source, op string) error {
	if t.done == nil {
		t.done = map[string]bool{}
	}
	if in[t.rule.prefix+"_serializeOpDocument"+op+"Input"] == nil {
		return fmt.Errorf("no operation %s", op)
	}
	t.walk(in, t.rule.prefix+"_serializeOpDocument"+op+"Input", ">")
	t.walk(out, t.rule.prefix+"_deserializeOpDocument"+op+"Output", "<")
	return nil
}

// walk adds the type that a function treats and all it reaches.
func (t *table) walk(s source, function, direction string) {
	fn := s[function]
	if fn == nil || t.done[function] {
		return // an operation without an answer's body has no deserializer
	}
	t.done[function] = true
	name, list := shape(fn)
	members := written
	if direction == "<" {
		members = read
	}
	if list {
		if next := called(fn.Body, "serializeDocument"); next != "" {
			t.walk(s, next, direction)
		}
		return
	}
	line := direction + " " + name
	for _, m := range members(fn) {
		if e := t.entry(s, m, direction); e != "" {
			line += " " + e
		}
		t.walk(s, m.next, direction)
	}
	t.lines = append(t.lines, line)
}

// entry returns what to write for a member; "" where the rule covers it.
func (t *table) entry(s source, m member, direction string) string {
	wire, usual := m.wire, m.field
	if direction == "<" {
		usual = t.rule.out(m.field)
	}
	suffix := ""
	if fn := s[m.next]; fn != nil {
		if _, list := shape(fn); list {
			suffix = t.listSuffix(itemName(fn), m.flat)
		}
	}
	if wire == usual && suffix == "" {
		return ""
	}
	return m.field + "=" + wire + suffix
}

func (t *table) listSuffix(item string, flat bool) string {
	switch {
	case flat:
		return "[]"
	case item == t.rule.item:
		return ""
	}
	return "[" + item + "]"
}

// String returns the table, sorted.
func (t *table) String() string {
	slices.Sort(t.lines)
	return strings.Join(slices.Compact(t.lines), "\n") + "\n"
}
