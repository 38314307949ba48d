package htmlreport

import (
	"cmp"
	"fmt"
	"slices"
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

type fact struct{ What, Is string }

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
	add := func(what, is string) {
		if is != "" {
			out = append(out, fact{what, is})
		}
	}
	add("Launches as", row.Role)
	add("Managed by", row.ManagedBy)
	if row.Failed > 0 {
		add("Failed launches", fmt.Sprint(row.Failed))
	}
	for _, k := range row.Keys {
		about := ""
		if len(row.Keys) > 1 {
			about = keyName(k) + ": "
		}
		if k.ARN != "" {
			add("Key", about+k.ARN)
		}
		for _, why := range k.Why {
			add("Why", about+why)
		}
		if len(k.Missing) > 0 {
			add("Denied", about+strings.Join(k.Missing, ", "))
		}
	}
	return out
}
