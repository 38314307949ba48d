package command

import (
	"maps"

	"keymend/cmd/keymend/internal/report"
)

// ends says what a command ends with, by exit code. Failure and wrong usage mean the same
// of every command, and needn't be said.
type ends map[report.Code]string

// about is what a command's help says beside its flags.
type about struct {
	says     string   // more than its sentence in the list of commands; "" = nothing
	examples []string // lines to copy
	ends     ends
}

// helped is a command that says so much of itself: each does.
type helped interface{ about() about }

// whole adds what every command ends with.
func (e ends) whole() ends {
	out := ends{
		report.Broke:   "Keymend failed; standard error says why",
		report.Misused: "wrong usage: nothing was done",
	}
	maps.Copy(out, e)
	return out
}

// done has the exit codes of a command that either does what it is asked for or fails.
func done(what string) ends { return ends{report.Healed: what} }

// ofGroups has the exit codes of commands that look at groups.
func ofGroups() ends {
	return ends{
		report.Healed:  "nothing to do, or healed",
		report.Fixable: "a fix is available, and was not applied",
		report.NotOurs: "broken and not Keymend's to fix, or refused",
	}
}
