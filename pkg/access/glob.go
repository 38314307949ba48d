package access

import (
	"strings"
	"unicode/utf8"
)

// glob reports whether s matches a pattern with * (any text) and ? (any one
// character). Linear in practice: it goes back to the last star only.
func glob(pattern, s string) bool { return globBy(false, pattern, s) }

// globFold is glob without regard to case, as actions are matched. Their names
// are ASCII.
func globFold(pattern, s string) bool { return globBy(true, pattern, s) }

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func globBy(fold bool, pattern, s string) bool {
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && pattern[p] == '?':
			p++
			i += runeLen(s[i:])
		case p < len(pattern) && (pattern[p] == s[i] || fold && lower(pattern[p]) == lower(s[i])):
			p++
			i++
		case star >= 0:
			mark += runeLen(s[mark:])
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

func runeLen(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	return n
}

func anyGlobFold(patterns []string, s string) bool {
	for _, p := range patterns {
		if globFold(p, s) {
			return true
		}
	}
	return false
}
