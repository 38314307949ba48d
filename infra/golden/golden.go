// Package golden lays out the committed templates. It is for tests.
package golden

import (
	"strings"

	"github.com/tidwall/gjson"
)

// LayOut writes JSON with the order kept, and what fits into a line on one.
func LayOut(text []byte) string { return layOut(gjson.ParseBytes(text), "") + "\n" }

func layOut(v gjson.Result, indent string) string {
	const width = 150
	line := gjson.Parse(v.Raw).Get("@ugly").Raw
	if !v.IsObject() && !v.IsArray() || indent != "" && len(indent)+len(line) <= width {
		return line
	}
	var parts []string
	v.ForEach(func(key, value gjson.Result) bool {
		part := indent + "  "
		if v.IsObject() {
			part += key.Raw + ": "
		}
		parts = append(parts, part+layOut(value, indent+"  "))
		return true
	})
	opening, closing := "[", "]"
	if v.IsObject() {
		opening, closing = "{", "}"
	}
	return opening + "\n" + strings.Join(parts, ",\n") + "\n" + indent + closing
}
