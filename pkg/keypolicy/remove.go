package keypolicy

import (
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// removeWhere takes every such principal out of Keymend's statements, or of
// those with the given Sids only.
func (e *editor) removeWhere(gone func(principal string) bool, sids ...string) error {
	for {
		i, j := e.find(gone, sids)
		if i < 0 {
			return nil
		}
		if err := e.remove(i, j); err != nil {
			return err
		}
	}
}

// find returns the first statement of ours with such a principal, and which.
func (e *editor) find(gone func(string) bool, sids []string) (statement, principal int) {
	for i, s := range e.now.statements {
		if Owned(s) && (len(sids) == 0 || slices.Contains(sids, s.Sid)) {
			if j := slices.IndexFunc(s.Principal.AWS, gone); j >= 0 {
				return i, j
			}
		}
	}
	return -1, -1
}

func (e *editor) remove(i, j int) error {
	e.removed = append(e.removed, e.now.statements[i].Principal.AWS[j])
	if len(e.now.statements[i].Principal.AWS) == 1 {
		return e.drop(i)
	}
	return e.shrink(i, j)
}

// drop takes a whole statement away, with the comma before it.
func (e *editor) drop(i int) error {
	l := e.now.layout
	if !l.isArray {
		return e.replace(l.list, "[]")
	}
	return e.replace(without(l.statements, i), "")
}

// shrink takes one principal out of a list of several.
func (e *editor) shrink(i, j int) error {
	at := e.now.layout.aws[i]
	old := at.of(e.now.raw)
	elements := elementSpans(old)
	if len(elements) == 2 && j == 1 && old[elements[0].end:elements[1].start] == ", " &&
		elements[0].start == 1 && elements[1].end == len(old)-1 {
		return e.replace(at, elements[0].of(old)) // extend made the list
	}
	s := without(elements, j)
	return e.replace(span{at.start + s.start, at.start + s.end}, "")
}

// without returns what to cut so that element i goes with one comma.
func without(elements []span, i int) span {
	switch {
	case i > 0:
		return span{elements[i-1].end, elements[i].end}
	case len(elements) > 1:
		return span{elements[0].start, elements[1].start}
	}
	return elements[0]
}

// elementSpans returns where the elements of a JSON list stand in its text.
func elementSpans(list string) []span {
	var out []span
	gjson.Parse(list).ForEach(func(_, v gjson.Result) bool {
		out = append(out, span{v.Index, v.Index + len(v.Raw)})
		return true
	})
	return out
}

// hasPrefixFold is strings.HasPrefix without regard to case.
func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
