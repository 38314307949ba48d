package screen_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"keymend/cmd/keymend/internal/screen"
)

// TestProgress: nothing is shown within a second; then the line fits into a narrow
// terminal, sends it nothing but itself, and is erased at the end, once.
func TestProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := screen.Busy(&out, 60, "reading")
		time.Sleep(900 * time.Millisecond) // of the bubble's clock
		p.End()
		if out.Len() != 0 {
			t.Errorf("%q", out.String())
		}
		p = screen.Busy(&out, 60, "reading \x1b[2J"+strings.Repeat("long ", 30))
		time.Sleep(1500 * time.Millisecond)
		p.Says("and so on")
		time.Sleep(time.Second)
		p.End()
		p.End()
		lines := strings.Split(out.String(), "\r\x1b[K")
		if len(lines) != 4 || lines[0] != "" || lines[2] != "and so on … 2 s" || lines[3] != "" {
			t.Fatalf("%q", lines)
		}
		if n := len([]rune(lines[1])); n > 59 || strings.Contains(lines[1], "\x1b") || !strings.HasSuffix(lines[1], "… 1 s") {
			t.Errorf("%d columns: %q", n, lines[1])
		}
	})
	var none *screen.Progress
	none.Says("nothing")
	none.End()
	if screen.Terminal(&bytes.Buffer{}) {
		t.Error("a buffer is no terminal")
	}
}
