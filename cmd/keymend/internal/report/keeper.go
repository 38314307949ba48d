package report

import (
	"bytes"
	"encoding/json"
	"strings"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/plan"
)

// keeper shows what whoever keeps the policy of an own key does, where it keeps Keymend
// out: either of two things is enough.
func keeper(p *screen.Page, by plan.ForOwner) {
	p.Row(screen.Bold, "BY HAND", "whoever keeps the key's policy adds to it, for the group:")
	p.Raw(indented(by.Statements))
	if len(by.Let) > 0 {
		p.Row(screen.Bold, "OR", "these, so that Keymend may see the key, and open it:")
		p.Raw(indented(by.Let))
	}
}

// indented are statements as a list, as one reads it; those that aren't JSON as they are.
func indented(statements []string) string {
	list := "[" + strings.Join(statements, ",") + "]"
	var text bytes.Buffer
	if err := json.Indent(&text, []byte(list), "", "  "); err != nil {
		return list
	}
	return text.String()
}
