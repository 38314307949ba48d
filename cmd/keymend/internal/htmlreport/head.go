package htmlreport

import (
	"fmt"
	"html/template"
	"time"

	"keymend/cmd/keymend/internal/report"
)

// head is what the page says before its groups.
type head struct {
	Style                 template.CSS
	StyleHash, ScriptHash string
	Mark, Headline        string
	MadeAt, Made          string
	Version, By, Again    string
	All                   int
	Bar                   []segment
	Counts                []count
	Tasks                 []*task
	MoreTasks             int
	Columns               []column
}

// A segment of the bar, in percent.
type segment struct {
	State               report.State
	From, Wide, Pattern string
}

type count struct {
	State       report.State
	Word, Words string
	N           int
}

type column struct{ Key, Name, Sorted string }

func columns() []column {
	return []column{
		{"state", "State", "ascending"}, {"group", "Group", ""}, {"account", "Account", ""}, {"region", "Region", ""},
		{"key", "Key", ""}, {"healthy", "In service", ""}, {"failed", "Last failed", ""}, {"acts", "Who acts", ""},
	}
}

func headOf(p Page, s *sums) head {
	h := head{
		Style:     template.CSS(style), //nolint:gosec // it is this package's own
		StyleHash: digest(style), ScriptHash: digest(script), Mark: Mark, Headline: s.all.says() + ".",
		MadeAt: p.Made.UTC().Format(time.RFC3339), Made: moment(p.Made), Version: p.Version, By: p.By, Again: p.Again,
		All: s.all.groups(), Columns: columns(),
	}
	from := 0.0
	for _, of := range states() {
		n := s.all[of.id]
		h.Counts = append(h.Counts, count{of.id, of.word, of.verb(n), n})
		if n == 0 {
			continue
		}
		const whole = 100
		wide := whole * float64(n) / float64(h.All)
		part := segment{State: of.id, From: percent(from), Wide: percent(wide)}
		if of.id == report.WouldFail || of.id == report.Unknown {
			part.Pattern = "p-" + string(of.id)
		}
		h.Bar = append(h.Bar, part)
		from += wide
	}
	h.Tasks, h.MoreTasks = s.first()
	return h
}

func percent(f float64) string { return fmt.Sprintf("%.2f", f) }
