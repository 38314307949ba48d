// Package htmlreport writes what was seen of groups as one HTML page that loads nothing:
// for people who don't sit at the terminal, to be kept, printed and sent.
//
// Names, policies and messages on it are others', and hostile until shown otherwise:
// html/template escapes them, what moves or hides text is written out (pkg/quote), and the
// page's own policy lets nothing run or load but the one script whose digest it names.
package htmlreport

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	_ "embed" // for the page's parts
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"time"

	"keymend/cmd/keymend/internal/scan"
)

// Mark is in every page's head: it names what wrote the page, and the version of the page.
const Mark = "keymend.report/1"

// A Page is what is to be written.
type Page struct {
	Made    time.Time
	Version string // of Keymend
	By      string // ARN of whose credentials looked; "" = not said
	Again   string // command that makes the page anew; "" = not said
	// Rows hands on the groups in the order of the page, worst first, as scan.Kept's Each
	// does. It is called twice, and must hand on the same both times.
	Rows   func(do func(scan.Row) error) error
	Places []scan.Looked // that were to be looked at; those of the rows needn't be among them
	Past   Past
}

//go:embed page.html
var layout string

//go:embed page.css
var style string

//go:embed page.js
var script string

// Write writes the page, a group at a time: memory grows with the number of keys and
// places, and not with that of groups. It returns the page's headline, a sentence without
// its full stop.
func Write(out io.Writer, p Page) (headline string, err error) {
	parts, err := template.New("page").Funcs(words()).Parse(layout)
	if err != nil {
		return "", fmt.Errorf("read the page's layout: %w", err)
	}
	seen, err := sum(p)
	if err != nil {
		return "", err
	}
	buffered := bufio.NewWriter(out)
	if err := parts.ExecuteTemplate(buffered, "head", headOf(p, seen)); err != nil {
		return "", fmt.Errorf("write the page's head: %w", err)
	}
	if err := p.Rows(func(row scan.Row) error { return parts.ExecuteTemplate(buffered, "row", groupOf(row)) }); err != nil {
		return "", fmt.Errorf("write the page's groups: %w", err)
	}
	if err := parts.ExecuteTemplate(buffered, "foot", footOf(p, seen)); err != nil {
		return "", fmt.Errorf("write the page's end: %w", err)
	}
	if err := buffered.Flush(); err != nil {
		return "", fmt.Errorf("write the page: %w", err)
	}
	return seen.all.says(), nil
}

// Ours reports whether a file's beginning is that of a page that Write wrote.
func Ours(beginning []byte) bool {
	return bytes.HasPrefix(beginning, []byte("<!DOCTYPE html>")) &&
		bytes.Contains(beginning, []byte(`<meta name="generator" content="`+Mark+`">`))
}

// digest is what a Content Security Policy knows a style or script by.
// https://www.w3.org/TR/CSP3/#grammardef-hash-source
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
}
