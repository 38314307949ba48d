package screen

import (
	"strings"
	"unicode/utf8"

	"keymend/pkg/quote"
)

// A Marked text has a part that the reader is pointed at. Its name and, where that is an
// ARN, the part stay whole.
type Marked struct{ Name, Before, Part, After string }

const (
	dots  = "…"
	least = 8 // columns that a marked text has in any case
)

// Mark writes a label, a head and a marked text like Beside, on one line, with carets
// under the text's part and a note beside or below these. What doesn't fit is cut off
// around the part.
func (p *Page) Mark(ink Ink, label, head string, columns int, text Marked, note string) {
	text = text.within(max(p.width-gutter-columns, least))
	before := text.Name + text.Before
	p.heading(ink, label, head, columns, before+text.Part+text.After)
	under := strings.Repeat(" ", columns+count(before)) + strings.Repeat("^", max(count(text.Part), 1))
	note = quote.Line(note)
	if count(under)+1+count(note) <= p.width-gutter {
		p.line(Plain, "", under+" "+note)
		return
	}
	p.line(Plain, "", under)
	p.Beside(Plain, "", "", columns, note)
}

// within shortens the text to so many columns: what stands around the part, and the part
// where that alone has more.
func (t Marked) within(columns int) Marked {
	t = Marked{quote.Line(t.Name), quote.Line(t.Before), quote.Line(t.Part), quote.Line(t.After)}
	columns = max(columns-count(t.Name), least)
	if !strings.HasPrefix(t.Part, `"arn:`) {
		t.Part = head(t.Part, columns)
	}
	left := max(columns-count(t.Part), 0)
	t.Before = tail(t.Before, max(left-count(t.After), left/2))
	t.After = head(t.After, left-count(t.Before))
	return t
}

// head is the beginning of a text, so that it has so many columns.
func head(text string, columns int) string {
	switch {
	case count(text) <= columns:
		return text
	case columns <= 0:
		return ""
	}
	return string([]rune(text)[:columns-1]) + dots
}

// tail is the end of a text, so that it has so many columns.
func tail(text string, columns int) string {
	switch runes := []rune(text); {
	case len(runes) <= columns:
		return text
	case columns <= 0:
		return ""
	default:
		return dots + string(runes[len(runes)-columns+1:])
	}
}

func count(text string) int { return utf8.RuneCountInString(text) }
