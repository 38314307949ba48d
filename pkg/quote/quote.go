// Package quote writes text that others chose, such as names, where it can do harm:
// into commands that a person pastes into a shell, and onto a terminal.
package quote

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Command returns the words as one line of a POSIX shell that means exactly them.
// A value that someone else chose must not be taken for an option: write it as
// "--option="+value, or after "--".
func Command(words ...string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = Word(word)
	}
	return strings.Join(quoted, " ")
}

// Word returns one word of a POSIX shell that means exactly the text, and that Text
// leaves as it is. Only a text that ends in a line break has no such word: it gets
// one that means another text once it is shown.
// https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02
func Word(text string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:,=@%+"
	switch {
	case text != "" && strings.Trim(text, plain) == "":
		return text
	case Text(text) == text && !strings.ContainsAny(text, "\n"), strings.HasSuffix(text, "\n"):
		return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	}
	var octal strings.Builder // $(…) drops line breaks at the end, hence the case above
	for i, b := range []byte(text) {
		if strings.IndexByte(plain, b) >= 0 && b != '%' && (i > 0 || b != '-') {
			octal.WriteByte(b)
			continue
		}
		fmt.Fprintf(&octal, `\%03o`, b)
	}
	return `"$(printf '` + octal.String() + `')"`
}

// Text returns the text as it may go to a terminal: what moves the cursor, changes
// colours or the direction of writing, or isn't seen at all, is written out, as in
// \x1b or \u202e. Line breaks stay; see Line.
func Text(text string) string {
	var out strings.Builder
	for i, r := range text {
		_, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == '\n' || unicode.IsPrint(r) && !(r == utf8.RuneError && size == 1):
			out.WriteRune(r)
		case size == 1: // a control character, or no UTF-8
			fmt.Fprintf(&out, `\x%02x`, text[i])
		case r > 0xffff:
			fmt.Fprintf(&out, `\U%08x`, r)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.String()
}

// Line is Text for a text that must not begin a line of its own: its line breaks
// are written out, too.
func Line(text string) string { return strings.ReplaceAll(Text(text), "\n", `\n`) }
