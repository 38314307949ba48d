package once

import (
	"fmt"
	"strings"

	"keymend/pkg/change"
)

// A BegunError says that a change was begun whose end isn't on record.
type BegunError struct {
	Remediation string
	Calls       []change.Call
	Sure        bool // something was written; else it may have been
	Err         error
}

// Error implements error.
func (e *BegunError) Error() string {
	var calls []string
	for _, c := range e.Calls {
		calls = append(calls, c.Action+" on "+c.Target)
	}
	how := " may have been carried out, and how it ended isn't on record: "
	if e.Sure {
		how = " was begun, and how it ended isn't on record: "
	}
	return fmt.Sprintf("%s: %s%s%v", e.Remediation, strings.Join(calls, ", "), how, e.Err)
}

// Unwrap returns what ended it.
func (e *BegunError) Unwrap() error { return e.Err }
