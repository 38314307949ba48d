// Command picture draws what a terminal shows, colours and all, as SVG: from standard
// input to standard output. Its text can be selected and searched, it needs no font and
// no network, and it follows the reader's light or dark.
package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
)

const (
	columns = 100 // a line that is longer goes on in the next, as at a terminal
	size    = 13  // of the font, in pixels
	advance = 7.8 // of a letter, in pixels
	height  = 18  // of a line, in pixels
	margin  = 16  // in pixels
	command = "$ make demo"
)

const style = `.back{fill:#ffffff;stroke:#d0d7de}text{fill:#1f2328;white-space:pre}` +
	`.bold{font-weight:700}.bad{fill:#cf222e;font-weight:700}.good{fill:#1a7f37;font-weight:700}.doubt{fill:#9a6700}.faint{fill:#59636e}` +
	`@media(prefers-color-scheme:dark){.back{fill:#0d1117;stroke:#30363d}text{fill:#e6edf3}.bad{fill:#ff7b72}.good{fill:#3fb950}.doubt{fill:#d29922}.faint{fill:#9198a1}}`

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err == nil {
		_, err = os.Stdout.WriteString(draw(command + "\n\n" + string(text)))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

// class names the look that a code of the package screen stands for.
func class(code string) string {
	return map[string]string{"1": "bold", "1;31": "bad", "1;32": "good", "33": "doubt", "2": "faint"}[code]
}

// draw draws a text that a terminal shows.
func draw(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	var body strings.Builder
	row := 0
	for _, line := range lines {
		for _, part := range folded(line) {
			row++
			if part != "" {
				fmt.Fprintf(&body, `<text x="%d" y="%d">%s</text>`+"\n", margin, margin+row*height, part)
			}
		}
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" width="%d" height="%d" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="%d">`+
		"\n<title>%s</title>\n<style>%s</style>\n"+`<rect class="back" x="0.5" y="0.5" width="%d" height="%d" rx="8"/>`+"\n%s</svg>\n",
		wide(), 2*margin+row*height+size/2, size, command[2:], style, wide()-1, 2*margin+row*height+size/2-1, body.String())
}

func wide() int { return int(columns*advance) + 2*margin }

var code = regexp.MustCompile("\x1b\\[([0-9;]*)m")

// folded returns a line's rows, as SVG.
func folded(line string) []string {
	rows, used, current := []string{""}, 0, ""
	for line != "" {
		text, rest := line, ""
		at := code.FindStringSubmatchIndex(line)
		if at != nil {
			text, rest = line[:at[0]], line[at[1]:]
		}
		for letters := []rune(text); len(letters) > 0; {
			if used == columns {
				rows, used = append(rows, ""), 0
			}
			n := min(len(letters), columns-used)
			rows[len(rows)-1] += span(current, string(letters[:n]))
			letters, used = letters[n:], used+n
		}
		if at != nil {
			current = class(line[at[2]:at[3]])
		}
		line = rest
	}
	return rows
}

// span is a text in the look of a class; "" = none.
func span(class, text string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(text)) // a builder takes everything
	if class == "" {
		return out.String()
	}
	return `<tspan class="` + class + `">` + out.String() + `</tspan>`
}
