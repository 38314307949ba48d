package cdkcontext

import (
	"slices"
	"strings"
)

// closest returns the name that the fewest edits make of what was written, without
// regard to case.
func closest(written string, names []string) string {
	return slices.MinFunc(names, func(a, b string) int {
		return edits(strings.ToLower(written), strings.ToLower(a)) - edits(strings.ToLower(written), strings.ToLower(b))
	})
}

// edits is the Levenshtein distance.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
