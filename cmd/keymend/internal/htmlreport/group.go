package htmlreport

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"keymend/cmd/keymend/internal/scan"
)

// A group is a row as the page shows it.
type group struct {
	scan.Row
	Word      string
	KeyNames  string
	InService string
	Lines     []keyLine
	Facts     []fact
}

type fact struct {
	What string
	Is   []string
}

func groupOf(row scan.Row) group {
	g := group{Row: row, InService: fmt.Sprintf("%d of %d", row.Healthy, row.Desired)}
	of := stateOf(row.State)
	g.State, g.Word = of.id, of.word
	g.Says = cmp.Or(row.Says, of.word)
	var names []string
	for _, k := range row.Keys {
		names = append(names, keyName(k))
		g.Lines = append(g.Lines, lineOf(row, k))
	}
	if len(row.Keys) == 0 && len(row.Sources) > 0 {
		g.Lines = []keyLine{{Boxes: begin(row, row.Sources)}}
	}
	g.KeyNames = cmp.Or(strings.Join(slices.Compact(names), ", "), "–")
	g.Facts = facts(row)
	return g
}

// facts are what the picture doesn't have.
func facts(row scan.Row) []fact {
	var out []fact
	add := func(what string, is ...string) {
		if is = slices.DeleteFunc(slices.Clone(is), func(s string) bool { return s == "" }); len(is) > 0 {
			out = append(out, fact{what, is})
		}
	}
	var keys, why, denied, unknown []string
	for _, k := range row.Keys {
		about := ""
		if len(row.Keys) > 1 {
			about = keyName(k) + ": "
		}
		keys = append(keys, k.ARN)
		for _, w := range k.Why {
			why = append(why, about+w)
		}
		switch missing := strings.Join(k.Missing, ", "); {
		case missing == "":
		case isShut(k):
			denied = append(denied, about+missing)
		default:
			unknown = append(unknown, about+missing)
		}
	}
	add("Why", why...)
	add("Not allowed", denied...)
	add("Not known", unknown...)
	add("Key", slices.Compact(keys)...)
	add("Launches as", row.Role)
	add("Managed by", row.ManagedBy)
	add("Suspended", row.Suspended)
	if row.Failed > 0 {
		add("Failed launches", strconv.Itoa(row.Failed))
	}
	add("AWS says", row.Message)
	add("Needs no key", row.NoNeed...)
	return out
}
