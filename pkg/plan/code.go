package plan

import (
	"encoding/json"
	"strings"

	"keymend/pkg/keypolicy"
)

// Code is the permanent fix as the key's owner would write it into the
// policy's code: the two statements as a JSON list, indented. It is "" where the
// principal isn't a service-linked role.
func (f Finding) Code() string {
	edit, err := keypolicy.Allow(noStatements(), f.Principal.ARN)
	if err != nil {
		return ""
	}
	raw := json.RawMessage("[" + strings.Join(edit.Added, ",") + "]")
	text, err := json.MarshalIndent(raw, "", "  ")
	if err != nil {
		return ""
	}
	return string(text)
}
