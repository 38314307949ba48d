package htmlreport

import (
	"cmp"
	"fmt"
	"html/template"
	"time"

	"keymend/pkg/quote"
)

// longest is how many characters of a text that others chose are shown: no name of AWS's
// has more, and a message that does says the same in its beginning.
const longest = 600

// words are the layout's functions. Every text of others goes through one of them.
func words() template.FuncMap {
	return template.FuncMap{"t": shown, "named": named, "whole": quote.Text, "when": when}
}

// shown is a text on one line, without what moves or hides text, and not endless.
func shown(text string) string {
	runes := []rune(quote.Line(text))
	if len(runes) <= longest {
		return string(runes)
	}
	return fmt.Sprintf("%s… (%d characters more)", string(runes[:longest]), len(runes)-longest)
}

// named is a text without which its place would say nothing.
func named(text string) string { return cmp.Or(shown(text), "–") }

// when is a moment as people read it, or the text where it is none.
func when(text string) string {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return shown(text)
	}
	return moment(at)
}

func moment(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 UTC") }
