package report

import (
	"bytes"
	"encoding/json"
	"strings"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/plan"
	"keymend/pkg/quote"
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

// hidden shows what comes after the owner's half where even the key's name is out of
// sight: the owner tells it.
func (g Group) hidden(p *screen.Page, by plan.ForOwner) {
	p.Row(screen.Bold, "THEN", "someone of account "+g.Head.Account+" does, with the key's id, which account "+by.Account+" tells, in the place of KEY:")
	p.Whole(screen.Bold, "", g.Place.AWS(quote.Task{Account: g.Head.Account, Command: by.Command}))
	p.Row(screen.Bold, "OR", "have Keymend look at that key, too, by its ARN:")
	p.Whole(screen.Bold, "", g.look("--key=ARN"))
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
