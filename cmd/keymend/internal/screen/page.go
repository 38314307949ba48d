// Package screen lays out what people read at a terminal: a column of labels,
// text beside it, colours where the reader has them.
package screen

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"keymend/pkg/quote"
)

const gutter = 10 // columns for labels; the longest is "not seen"

// A Page collects text and writes it as one. Colours only mark what the words
// already say, so that a pipe loses nothing. Whatever a text holds, it moves no
// cursor and begins no line by itself: control characters are shown, not sent.
type Page struct {
	text   bytes.Buffer
	out    io.Writer
	colour bool
	width  int  // columns for everything
	begun  bool // something stands above
	blank  bool // the line above is empty
}

// New returns an empty page for out, as wide as Usual.
func New(out io.Writer, colour bool) *Page { return &Page{out: out, colour: colour, width: Usual} }

// Within has the page's texts, but for those that stay on one line, fit into so many
// columns.
func (p *Page) Within(columns int) *Page {
	p.width = min(max(columns, narrowest), widest)
	return p
}

// Flush writes what was collected.
func (p *Page) Flush() error {
	if _, err := p.text.WriteTo(p.out); err != nil {
		return fmt.Errorf("write to the terminal: %w", err)
	}
	return nil
}

// Blank leaves a line empty, unless the page is at its top or the line above is
// empty already.
func (p *Page) Blank() {
	if p.begun && !p.blank {
		p.text.WriteByte('\n')
		p.blank = true
	}
}

// Row writes a label and, beside it, each text on a line of its own. Texts too
// long for a line are broken between words. Without texts, or with empty ones only, there
// is no row.
func (p *Page) Row(ink Ink, label string, texts ...string) {
	for _, text := range NonEmpty(texts...) {
		for _, line := range wrap(quote.Line(text), p.width-gutter) {
			p.line(ink, label, line)
			label = ""
		}
	}
}

// Beside writes a label, a head that has so many columns, and a text that is broken like
// Row's; what doesn't fit goes below where the text began. A head that is too long has
// the line for itself.
func (p *Page) Beside(ink Ink, label, head string, columns int, text string) {
	for _, line := range wrap(quote.Line(text), p.width-gutter-columns) {
		p.heading(ink, label, head, columns, line)
		label, head = "", ""
	}
}

// heading writes a line that begins with a label and a head.
func (p *Page) heading(ink Ink, label, head string, columns int, line string) {
	if count(quote.Line(head)) >= columns && columns > 0 {
		p.Row(ink, label, head)
		label, head = "", ""
	}
	head = quote.Line(head)
	p.line(ink, label, head+strings.Repeat(" ", columns-count(head))+line)
}

// Whole writes a label and, beside it, a text that must stay on one line: a
// command, to be copied.
func (p *Page) Whole(ink Ink, label, text string) { p.line(ink, label, quote.Line(text)) }

// Raw writes lines as they are, indented like the texts of rows.
func (p *Page) Raw(text string) {
	for line := range strings.Lines(text) {
		p.line(Plain, "", quote.Line(strings.TrimRight(line, "\n")))
	}
}

// Text writes a line that begins at the left edge.
func (p *Page) Text(ink Ink, text string) {
	p.add(p.Paint(ink, quote.Line(text)))
}

// Parts writes the texts that aren't empty from the left edge, with dots between them,
// broken between texts.
func (p *Page) Parts(texts ...string) {
	line := ""
	for _, text := range NonEmpty(texts...) {
		text = quote.Line(text)
		if line != "" && count(line)+len(" · ")+count(text) > p.width {
			p.add(line)
			line = ""
		}
		if line != "" {
			line += " · "
		}
		line += text
	}
	p.add(line)
}

// Sentence writes a text from the left edge, broken between words.
func (p *Page) Sentence(ink Ink, text string) {
	for i, line := range wrap(quote.Line(text), p.width) {
		if i > 0 {
			line = strings.TrimLeft(line, " ")
		}
		p.add(p.Paint(ink, line))
	}
}

func (p *Page) line(ink Ink, label, text string) {
	pad := strings.Repeat(" ", max(gutter-len(label), 1))
	p.add(strings.TrimRight(p.Paint(ink, label)+pad+text, " "))
}

func (p *Page) add(line string) {
	p.text.WriteString(line + "\n")
	p.begun, p.blank = true, false
}

// A Span is a part of a line, in an ink of its own.
type Span struct {
	Ink  Ink
	Text string
}

// Spans writes a line of spans.
func (p *Page) Spans(spans ...Span) { p.add(p.painted(spans)) }

// Wrapped writes a line that begins with head, and breaks its text like Row's;
// what doesn't fit goes below where the text began.
func (p *Page) Wrapped(head string, columns int, text string) {
	p.After(columns, text, Span{Plain, head})
}

// After is Wrapped for a head of several spans.
func (p *Page) After(columns int, text string, head ...Span) {
	begin := p.painted(head)
	for _, line := range wrap(quote.Line(text), p.width-columns) {
		p.add(begin + line)
		begin = strings.Repeat(" ", columns)
	}
}

func (p *Page) painted(spans []Span) string {
	var line strings.Builder
	for _, s := range spans {
		line.WriteString(p.Paint(s.Ink, quote.Line(s.Text)))
	}
	return line.String()
}

// wrap breaks a text between words.
func wrap(text string, columns int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Split(text, " ") {
		switch {
		case line == "":
			line = word
		case count(line)+1+count(word) > columns:
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}
