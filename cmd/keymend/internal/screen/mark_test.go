package screen_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"keymend/cmd/keymend/internal/screen"
)

// TestMark: carets stand under the part, however much is cut off around it.
func TestMark(t *testing.T) {
	t.Parallel()
	many := strings.Repeat(`"kms:Encrypt",`, 20)
	for name, tc := range map[string]struct {
		text screen.Marked
		note string
		want string
	}{
		"whole": {screen.Marked{Name: `"Service": `, Part: `"ec2.amazonaws.com"`}, "a service", "" +
			"why       #0  \"Service\": \"ec2.amazonaws.com\"\n" +
			"                         ^^^^^^^^^^^^^^^^^^^ a service\n"},
		"a note that doesn't fit": {screen.Marked{Name: `"AWS": `, Part: `"x"`}, strings.TrimSpace(strings.Repeat("word ", 12)), "" +
			"why       #0  \"AWS\": \"x\"\n" +
			"                     ^^^\n" +
			"              word word word word word word word word word\n" +
			"              word word word\n"},
		"in a long list": {screen.Marked{Name: `"Action": `, Before: "[" + many, Part: `"kms:ReEncrypt"`, After: "," + many + `"x"]`}, "a call", "" +
			"why       #0  \"Action\": …Encrypt\",\"kms:ReEncrypt\",\"kms:Encr…\n" +
			"                                  ^^^^^^^^^^^^^^^ a call\n"},
		"a long part": {screen.Marked{Name: `"Action": `, Part: "[" + many + "]"}, "all of it", "" +
			"why       #0  \"Action\": [\"kms:Encrypt\",\"kms:Encrypt\",\"kms:E…\n" +
			"                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n" +
			"              all of it\n"},
		"an ARN stays whole": {screen.Marked{Name: `"AWS": `, Part: `"arn:aws:iam::111122223333:role/one-with-a-long-name"`}, "it", "" +
			"why       #0  \"AWS\": \"arn:aws:iam::111122223333:role/one-with-a-long-name\"\n" +
			"                     " + strings.Repeat("^", 53) + "\n" +
			"              it\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			p := screen.New(&out, false).Within(60)
			p.Mark(screen.Bold, "why", "#0", 4, tc.text, tc.note)
			if err := p.Flush(); err != nil || out.String() != tc.want {
				t.Errorf("%v\n%swant\n%s", err, out.String(), tc.want)
			}
		})
	}
}

// TestColumns: only a terminal has a width of its own, which COLUMNS overrides.
func TestColumns(t *testing.T) {
	t.Parallel()
	columns := func(said string) func(string) string {
		return func(name string) string { return map[string]string{"COLUMNS": said}[name] }
	}
	if got := screen.Columns(&bytes.Buffer{}, columns("120")); got != screen.Usual {
		t.Errorf("a pipe has %d columns", got)
	}
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no terminal to try: %v", err)
	}
	defer terminal.Close() //nolint:errcheck // nothing was written
	for said, want := range map[string]int{"120": 120, "": screen.Usual, "0": screen.Usual, "wide": screen.Usual} {
		if got := screen.Columns(terminal, columns(said)); got != want {
			t.Errorf("COLUMNS=%q: %d columns, want %d", said, got, want)
		}
	}
}

// TestWithin: no page is narrower than 60 columns, or wider than 200.
func TestWithin(t *testing.T) {
	t.Parallel()
	for columns, want := range map[int]int{1: 60, 60: 60, 100: 100, 200: 200, 1000: 200} {
		var out bytes.Buffer
		p := screen.New(&out, false).Within(columns)
		p.Row(screen.Bold, "label", strings.Repeat("w ", 200))
		p.Sentence(screen.Plain, strings.Repeat("w ", 200))
		if err := p.Flush(); err != nil {
			t.Fatal(err)
		}
		longest := 0
		for line := range strings.Lines(out.String()) {
			longest = max(longest, len(strings.TrimRight(line, "\n")))
		}
		if longest > want || longest < want-2 {
			t.Errorf("%d columns: a line has %d, want %d", columns, longest, want)
		}
	}
}
