package scan

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
)

// A CSV writes rows as RFC 4180 has them, with a first line of names.
type CSV struct{ out *csv.Writer }

// NewCSV returns one that writes to out.
func NewCSV(out io.Writer) CSV { return CSV{csv.NewWriter(out)} }

// Header writes the names of the columns.
func (c CSV) Header() error {
	return c.out.Write([]string{
		"state", "account", "region", "group", "key", "says", "who acts", "desired", "healthy", "failed launches", "last failed", "role", "launches from", "managed by", "change", "command", "not seen", "looked at",
	})
}

// Row writes a row.
func (c CSV) Row(r Row) error {
	var keys, fixes, does []string
	for _, k := range r.Keys {
		keys = add(keys, k.ARN)
		if k.Fix != "" {
			fixes = add(fixes, k.Fix)
		}
		for _, t := range k.Do {
			does = add(does, t.Command)
		}
	}
	cells := []string{
		string(r.State), r.Account, r.Region, r.Group, strings.Join(keys, "\n"), r.Says, r.Acts, strconv.Itoa(r.Desired), strconv.Itoa(r.Healthy), strconv.Itoa(r.Failed), r.LastFailed,
		r.Role, strings.Join(r.Sources, "\n"), r.ManagedBy, strings.Join(fixes, "\n"), strings.Join(does, "\n"), strings.Join(r.NotSeen, "\n"), r.At.Format("2006-01-02T15:04:05Z"),
	}
	for i, cell := range cells {
		cells[i] = harmless(cell)
	}
	return c.out.Write(cells)
}

// Flush writes what is left.
func (c CSV) Flush() error {
	c.out.Flush()
	return c.out.Error()
}

// harmless keeps a spreadsheet from taking a text for a formula.
// https://owasp.org/www-community/attacks/CSV_Injection
func harmless(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n", rune(text[0])) {
		return "'" + text
	}
	return text
}
