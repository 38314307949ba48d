package keypolicy

import (
	"bytes"
	"encoding/json"

	"github.com/tidwall/gjson"
)

// Member returns the value of a statement's member, as JSON on one line: path names the
// members that lead to it. "" = there is none.
func (d *Document) Member(statement int, path ...string) string {
	if statement < 0 || statement >= len(d.layout.statements) {
		return ""
	}
	at := gjson.Parse(d.layout.statements[statement].of(d.raw))
	for _, name := range path {
		var next gjson.Result
		at.ForEach(func(key, value gjson.Result) bool {
			if key.Str == name {
				next = value
			}
			return next.Raw == ""
		})
		at = next
	}
	var out bytes.Buffer
	if at.Raw == "" || json.Compact(&out, []byte(at.Raw)) != nil {
		return ""
	}
	return out.String()
}
