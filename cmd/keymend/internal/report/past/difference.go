package past

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// differences are the lines of statements that went, with "-", and that came, with "+".
// Of a statement that was altered the lines that stayed stand between them.
func differences(gone, came []string) []string {
	var out []string
	came = slices.Clone(came)
	for _, text := range gone {
		i := slices.IndexFunc(came, func(c string) bool { return sid(c) != "" && sid(c) == sid(text) })
		if i < 0 {
			out = append(out, compared(lines(text), nil)...)
			continue
		}
		out = append(out, compared(lines(text), lines(came[i]))...)
		came = slices.Delete(came, i, i+1)
	}
	for _, text := range came {
		out = append(out, compared(nil, lines(text))...)
	}
	return out
}

func sid(statement string) string { return gjson.Get(statement, "Sid").String() }

// lines are a statement's, as people write JSON.
func lines(statement string) []string {
	var out bytes.Buffer
	if json.Indent(&out, []byte(statement), "", "  ") != nil {
		return []string{statement}
	}
	return strings.Split(out.String(), "\n")
}

// compared has the lines of both by the longest series that they have in common.
func compared(old, now []string) []string {
	common := make([][]int, len(old)+1) // of what begins at each line of either
	for i := range common {
		common[i] = make([]int, len(now)+1)
	}
	for i := len(old) - 1; i >= 0; i-- {
		for j := len(now) - 1; j >= 0; j-- {
			common[i][j] = max(common[i+1][j], common[i][j+1])
			if old[i] == now[j] {
				common[i][j] = common[i+1][j+1] + 1
			}
		}
	}
	var out []string
	i, j := 0, 0
	for i < len(old) || j < len(now) {
		switch {
		case i < len(old) && j < len(now) && old[i] == now[j]:
			out = append(out, "  "+old[i])
			i, j = i+1, j+1
		case i < len(old) && (j == len(now) || common[i+1][j] >= common[i][j+1]):
			out = append(out, "- "+old[i])
			i++
		default:
			out = append(out, "+ "+now[j])
			j++
		}
	}
	return out
}
