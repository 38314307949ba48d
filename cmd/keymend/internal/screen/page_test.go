package screen_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/cmd/keymend/internal/screen"
)

func TestPage(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := screen.New(&out, false)
	p.Blank() // nothing stands above
	p.Row(screen.Bold, "KEY", "one", "two")
	p.Row(screen.Bold, "NONE")
	p.Blank()
	p.Blank()
	p.Row(screen.Bold, "WRAP", strings.Repeat("word ", 20)+"end")
	p.Whole(screen.Bold, "WHOLE", strings.TrimSpace(strings.Repeat("command ", 15)))
	p.Raw("{\n  \"a\": 1\n}")
	if err := p.Flush(); err != nil {
		t.Fatal(err)
	}
	p.Blank() // a flush doesn't make the line above empty
	p.Text(screen.Plain, "end")
	if err := p.Flush(); err != nil {
		t.Fatal(err)
	}
	want := "KEY       one\n          two\n\n" +
		"WRAP      " + strings.TrimSpace(strings.Repeat("word ", 14)) + "\n" +
		"          word word word word word word end\n" +
		"WHOLE     " + strings.TrimSpace(strings.Repeat("command ", 15)) + "\n" +
		"          {\n            \"a\": 1\n          }\n\nend\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestColoured: neither a pipe, nor a file, nor who says NO_COLOR gets colours.
func TestColoured(t *testing.T) {
	t.Parallel()
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // nothing was written
	none := func(string) string { return "" }
	if screen.Coloured(&bytes.Buffer{}, none) || screen.Coloured(file, none) {
		t.Error("coloured where nobody sees it")
	}
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Logf("no terminal to try: %v", err)
		return
	}
	defer terminal.Close() //nolint:errcheck // nothing was written
	if !screen.Coloured(terminal, none) {
		t.Error("plain on a terminal")
	}
	for _, name := range []string{"NO_COLOR", "TERM"} {
		if screen.Coloured(terminal, func(n string) string { return map[string]string{name: "dumb"}[n] }) {
			t.Errorf("coloured in spite of %s", name)
		}
	}
}

// TestSpans: the colours of a line's parts are sent, and codes in a text are shown.
func TestSpans(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := screen.New(&out, true)
	p.Spans(screen.Span{Ink: screen.Good, Text: "good"}, screen.Span{Text: " \x1b[31mred"})
	p.After(4, "text", screen.Span{Text: "  "}, screen.Span{Ink: screen.Bold, Text: "A "})
	if err := p.Flush(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("\x1b[1;32mgood\x1b[0m \\x1b[31mred\n  \x1b[1mA \x1b[0mtext\n", out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
