package screen_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode"

	"keymend/cmd/keymend/internal/screen"
)

// FuzzPage: no text, wherever it is put, sends the terminal anything but itself or
// begins a line that looks like one of the page's own.
func FuzzPage(f *testing.F) {
	for _, text := range []string{
		"plain", "a\nFIXED     web-prod", "a\r\x1b[2KHEALTHY   web", "\x1b]0;title\a", "\u202eLRO", "\u009b2J", "\x9b2J", "`a\nb`", "a" + strings.Repeat(" ", 99) + "FIXED", "\xff\xfe",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var out bytes.Buffer
		p := screen.New(&out, false)
		p.Row(screen.Bad, "LABEL", text, "and "+text)
		p.Whole(screen.Bold, "WHOLE", text)
		p.Raw("raw " + strings.ReplaceAll(text, "\n", ""))
		p.Wrapped("  "+text, 4, text)
		p.Text(screen.Bold, "text "+text)
		if err := p.Flush(); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			line = strings.TrimSuffix(line, "\n")
			if strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("%q sends %q", text, line)
			}
			if !strings.HasPrefix(line+" ", "LABEL ") && !strings.HasPrefix(line+" ", "WHOLE ") && !strings.HasPrefix(line+" ", "text ") && strings.TrimLeft(line, " ") == line && line != "" {
				t.Errorf("%q begins a line: %q", text, line)
			}
		}
	})
}
