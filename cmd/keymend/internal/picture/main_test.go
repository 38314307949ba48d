package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDraw: colours become classes, a long line goes on, and nothing of a text is markup.
func TestDraw(t *testing.T) {
	t.Parallel()
	got := draw("\x1b[1;32mPROOF\x1b[0m  a <b> & c\n" + strings.Repeat("x", columns) + "yz\n")
	for _, want := range []string{
		`<text x="16" y="34"><tspan class="good">PROOF</tspan>  a &lt;b&gt; &amp; c</text>`,
		">" + strings.Repeat("x", columns) + "</text>", `<text x="16" y="70">yz</text>`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
}

// TestThePicture: what README shows is well-formed, is of a demo that went as told, and
// asks for nothing.
func TestThePicture(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "docs", "demo.svg"))
	if err != nil {
		t.Fatal(err)
	}
	text := readable(t, string(file))
	if !strings.Contains(text, command+"\n") || !strings.HasSuffix(strings.TrimSpace(text), "\n7 of 7 as expected.") {
		t.Errorf("make picture draws it anew:\n%s", text)
	}
	markup := strings.Replace(string(file), `xmlns="http://www.w3.org/2000/svg"`, "", 1)
	for _, no := range []string{"<script", "://www", "href", "url(", "@import", "\x1b", `\x1b`} {
		if strings.Contains(markup, no) {
			t.Errorf("it has %q", no)
		}
	}
}

// readable is the text of an SVG, a line each.
func readable(t *testing.T, svg string) string {
	t.Helper()
	var out strings.Builder
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out.String()
		}
		if err != nil {
			t.Fatalf("it isn't well-formed: %v", err)
		}
		switch e := token.(type) {
		case xml.CharData:
			if line := strings.Trim(string(e), "\n"); line != "" {
				out.WriteString(line)
			}
		case xml.EndElement:
			if e.Name.Local == "text" {
				out.WriteString("\n")
			}
		}
	}
}
