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

const (
	gutter = 10 // columns for labels; the longest is NOT SEEN
	width  = 96 // columns for everything
)

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

// New returns an empty page for out.
func New(out io.Writer, colour bool) *Page { return &Page{out: out, colour: colour, width: width} }

// Within has the page's texts, but for those that stay on one line, fit into so many
// columns.
func (p *Page) Within(columns int) *Page {
	p.width = columns
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
// long for a line are broken between words. Without texts there is no row.
func (p *Page) Row(ink Ink, label string, texts ...string) {
	for _, text := range texts {
		for _, line := range wrap(quote.Line(text), p.width-gutter) {
			p.line(ink, label, line)
			label = ""
		}
	}
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
		case len(line)+1+len(word) > columns:
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}
