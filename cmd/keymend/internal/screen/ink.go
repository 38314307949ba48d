package screen

import "io"

// An Ink marks a text for the eye.
type Ink uint8

// The inks.
const (
	Plain Ink = iota
	Bold      // labels
	Bad       // what is broken
	Good      // what works
	Doubt     // what isn't known, or waits for someone
	Faint     // what matters less
)

// codes are the terminal's own colours, so that they fit every theme.
func (i Ink) code() string {
	switch i {
	case Bold:
		return "1"
	case Bad:
		return "1;31"
	case Good:
		return "1;32"
	case Doubt:
		return "33"
	case Faint:
		return "2"
	case Plain:
	}
	return ""
}

// Paint returns the text in the ink's colour, where the page has colours.
func (p *Page) Paint(ink Ink, text string) string {
	if !p.colour || ink == Plain || text == "" {
		return text
	}
	return "\x1b[" + ink.code() + "m" + text + "\x1b[0m"
}

// Coloured reports whether out is a terminal whose user wants colours
// (https://no-color.org).
func Coloured(out io.Writer, getenv func(string) string) bool {
	return Terminal(out) && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"
}
