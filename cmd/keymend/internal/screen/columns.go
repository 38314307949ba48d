package screen

import (
	"io"
	"strconv"

	"golang.org/x/term"
)

// Usual is how many columns a page has where it isn't read at a terminal.
const Usual = 80

const (
	narrowest = 60
	widest    = 200
)

// Columns returns how many columns a page for out has: those that COLUMNS says, else
// those of the terminal.
func Columns(out io.Writer, getenv func(string) string) int {
	file, ok := out.(interface{ Fd() uintptr })
	if !ok || !Terminal(out) {
		return Usual
	}
	if said, err := strconv.Atoi(getenv("COLUMNS")); err == nil && said > 0 {
		return said
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil || columns <= 0 {
		return Usual
	}
	return columns
}
