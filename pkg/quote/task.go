package quote

import "strings"

// A Task is a command that someone of an account runs; the zero value is none.
type Task struct {
	Account string `json:"account"`
	Command string `json:"command"` // for a POSIX shell; nothing in it says whose credentials it takes
}

// Told says the tasks behind a text, "" where there are none: " Account A runs: B".
func Told(tasks []Task) string {
	var parts []string
	for _, t := range tasks {
		parts = append(parts, "ccount "+t.Account+" runs: "+t.Command)
	}
	if len(parts) == 0 {
		return ""
	}
	return " A" + strings.Join(parts, "; a")
}
