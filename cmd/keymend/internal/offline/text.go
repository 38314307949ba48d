package offline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// most is how much of a file is taken: more than any answer of AWS's with all its pages.
const most = 64 << 20

// document is a file's one JSON value.
func document(f File) (json.RawMessage, error) {
	text := bytes.TrimPrefix(f.Text, []byte("\xef\xbb\xbf"))
	switch {
	case len(text) > most:
		return nil, problem(f.Name, fmt.Sprintf("has more than %d MB: leave out what no group needs (--query, --filters)", most>>20))
	case len(bytes.TrimSpace(text)) == 0:
		return nil, problem(f.Name, "is empty")
	case bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")):
		return nil, problem(f.Name, "is UTF-16, as PowerShell's > writes it: write it as UTF-8")
	case !utf8.Valid(text):
		return nil, problem(f.Name, "isn't text in UTF-8, so it is no JSON")
	}
	var out json.RawMessage
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&out); err != nil {
		return nil, problem(f.Name, noJSON(text, err))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, problem(f.Name, "goes on after its JSON value: each answer has to be a file of its own")
	}
	return out, nil
}

// noJSON says what a text is that is no JSON, as far as that shows.
func noJSON(text []byte, err error) string {
	first, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	switch {
	case strings.HasPrefix(first, "{") || strings.HasPrefix(first, "["):
		return "is no JSON that can be read: " + where(text, err)
	case strings.HasPrefix(first, "<"):
		return "is XML or HTML, and has to be JSON: aws … --output json writes it"
	case strings.HasPrefix(first, "resource ") || strings.HasPrefix(first, "data ") || strings.HasPrefix(first, "locals "):
		return "is Terraform's, and has to be JSON as AWS's API writes it: aws … --output json, or terraform show -json and jq, write it"
	case strings.HasPrefix(first, "---") || strings.Contains(first, ": ") || strings.HasSuffix(strings.TrimSpace(first), ":") || strings.HasPrefix(first, "- "):
		return "is YAML, and has to be JSON: yq -o json writes it, or aws … --output json"
	}
	return "is no JSON: aws … --output json writes it"
}

// where says where a JSON text goes wrong.
func where(text []byte, err error) string {
	syntax, ok := errors.AsType[*json.SyntaxError](err)
	if !ok || syntax.Offset > int64(len(text)) {
		return strings.TrimPrefix(err.Error(), "json: ")
	}
	return fmt.Sprintf("line %d: %s", 1+bytes.Count(text[:syntax.Offset], []byte("\n")), syntax.Error())
}
