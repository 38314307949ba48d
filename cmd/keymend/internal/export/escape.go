package export

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
)

// quoted writes a text in double quotes, as HCL, YAML and JSON all read it, but for what
// lies beyond 16 bits and can't be seen: that is wide's to write. Nothing in it begins a
// template of HCL's.
func quoted(text string, wide func(r rune) string) string {
	var out strings.Builder
	out.WriteByte('"')
	all := []rune(strings.ToValidUTF8(text, "\ufffd"))
	for i, r := range all {
		switch {
		case r == '"' || r == '\\':
			out.WriteString(`\` + string(r))
		case (r == '$' || r == '%') && i+1 < len(all) && all[i+1] == '{', !unicode.IsPrint(r) && r <= 0xffff:
			fmt.Fprintf(&out, `\u%04x`, r)
		case !unicode.IsPrint(r):
			out.WriteString(wide(r))
		default:
			out.WriteRune(r)
		}
	}
	return out.String() + `"`
}

// long is a character beyond 16 bits as HCL and YAML write it.
func long(r rune) string { return fmt.Sprintf(`\U%08x`, r) }

// pair is one as JSON writes it.
func pair(r rune) string {
	high, low := utf16.EncodeRune(r)
	return fmt.Sprintf(`\u%04x\u%04x`, high, low)
}

// visible writes out what can't be seen in a text of JSON. It stands in strings only.
func visible(text string) string {
	var out strings.Builder
	for _, r := range text {
		switch {
		case unicode.IsPrint(r):
			out.WriteRune(r)
		case r > 0xffff:
			out.WriteString(pair(r))
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.String()
}
