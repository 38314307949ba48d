package scan

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// A column of the CSV: its name, what is in it, and that of a row.
type column struct {
	name, holds string
	of          func(Row) string
}

// columns are those of the CSV, in their order. docs/scan.md has them.
func columns() []column {
	return []column{
		{"state", "`fails`, `would-fail`, `unknown` or `fine`", func(r Row) string { return string(r.State) }},
		{"account", "12 digits", func(r Row) string { return r.Account }},
		{"region", "", func(r Row) string { return r.Region }},
		{"group", "its name", func(r Row) string { return r.Group }},
		{"key", "ARNs of the keys that its launches need, a line each", func(r Row) string { return lines(r, func(k Key) []string { return []string{k.ARN} }) }},
		{"says", "what is wrong, in a sentence", func(r Row) string { return r.Says }},
		{"who acts", "empty: nobody has to", func(r Row) string { return r.Acts }},
		{"desired", "instances that it shall have", func(r Row) string { return strconv.Itoa(r.Desired) }},
		{"healthy", "instances in service", func(r Row) string { return strconv.Itoa(r.Healthy) }},
		{"failed launches", "since the last that succeeded", func(r Row) string { return strconv.Itoa(r.Failed) }},
		{"last failed", "RFC 3339", func(r Row) string { return r.LastFailed }},
		{"role", "ARN of the role that it launches as", func(r Row) string { return r.Role }},
		{"launches from", "versions of launch templates, or launch configurations, a line each", func(r Row) string { return strings.Join(r.Sources, "\n") }},
		{"managed by", "the service that owns it, as EKS", func(r Row) string { return r.ManagedBy }},
		{"change", "what Keymend would write", func(r Row) string { return lines(r, func(k Key) []string { return []string{k.Fix} }) }},
		{"command", "what does it, a line each", func(r Row) string { return lines(r, commands) }},
		{"not seen", "what couldn't be read, a line each", func(r Row) string { return strings.Join(r.NotSeen, "\n") }},
		{"looked at", "RFC 3339", func(r Row) string { return r.At.Format(time.RFC3339) }},
	}
}

func commands(k Key) []string {
	var out []string
	for _, t := range k.Do {
		out = append(out, t.Command)
	}
	return out
}

// lines are what a row's keys have, each text once.
func lines(r Row, of func(Key) []string) string {
	var out []string
	for _, k := range r.Keys {
		for _, text := range of(k) {
			if text != "" {
				out = add(out, text)
			}
		}
	}
	return strings.Join(out, "\n")
}

// A CSV writes rows as RFC 4180 has them, with a first line of names.
type CSV struct{ out *csv.Writer }

// NewCSV returns one that writes to out.
func NewCSV(out io.Writer) CSV { return CSV{csv.NewWriter(out)} }

// Header writes the names of the columns.
func (c CSV) Header() error {
	return c.line(func(of column) string { return of.name })
}

// Row writes a row.
func (c CSV) Row(r Row) error {
	return c.line(func(of column) string { return harmless(of.of(r)) })
}

func (c CSV) line(of func(column) string) error {
	var cells []string
	for _, one := range columns() {
		cells = append(cells, of(one))
	}
	if err := c.out.Write(cells); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	return nil
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
