package command

import (
	"errors"
	"fmt"
	"strings"

	"keymend/cmd/keymend/internal/report"
	"keymend/pkg/quote"
)

// A complaint is an error as the program says it.
type complaint struct {
	Schema  string      `json:"schema"`
	Error   string      `json:"error"`
	Hint    *string     `json:"hint"`    // what a person can do about it; nil = the error says it
	Command *string     `json:"command"` // takes back a write that was begun, or goes on with a scan; nil = neither
	Exit    report.Code `json:"exit"`
}

const errorSchema = "keymend.error/1"

func complaintOf(err error) complaint {
	code := report.Broke
	if _, ok := errors.AsType[*misuse](err); ok {
		code = report.Misused
	}
	c := complaint{Schema: errorSchema, Error: quote.Line(strings.ReplaceAll(err.Error(), "\n", "; ")), Exit: code} // joined errors have lines
	if h := hint(err); h != "" {
		c.Hint = new(quote.Line(h))
	}
	if a, ok := errors.AsType[*advice](err); ok && a.command != "" {
		c.Command = &a.command
	}
	return c
}

// complain writes an error, and what to do about it, on standard error.
func (s Surroundings) complain(err error) int {
	c := complaintOf(err)
	s.say(c)
	return int(c.Exit)
}

func (s Surroundings) say(c complaint) {
	if s.asJSON {
		_ = line(s.Err, c) // nobody is left to tell
		return
	}
	_, _ = fmt.Fprintf(s.Err, "keymend: %s\n", c.Error) // nobody is left to tell
	for _, more := range []*string{c.Hint, c.Command} {
		if more != nil {
			_, _ = fmt.Fprintf(s.Err, "  %s\n", *more)
		}
	}
}
