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
	statements := f.twoStatements()
	if len(statements) == 0 {
		return ""
	}
	text, err := json.MarshalIndent(json.RawMessage("["+strings.Join(statements, ",")+"]"), "", "  ")
	if err != nil {
		return ""
	}
	return string(text)
}

// twoStatements are those that AWS's procedure adds for the principal, JSON; none where
// that isn't a service-linked role.
func (f Finding) twoStatements() []string {
	edit, err := keypolicy.Allow(noStatements(), f.Principal.ARN)
	if err != nil {
		return nil
	}
	return edit.Added
}
