package report

import (
	"keymend/pkg/access"
	"keymend/pkg/record"
)

// follows says what comes after a change is taken back, by the kinds of the steps that
// take it back. It says what is known, and no more.
func follows(r record.Record) []string {
	var out []string
	for _, step := range r.Undo {
		out = append(out, after(step.Kind(), r)...)
	}
	return unique(out)
}

func after(kind string, r record.Record) []string {
	switch kind {
	case "RemoveStatements", "RevokeGrant", "RetireGrant":
		return []string{launchAfter(r), againAfter(r)}
	case "CreateGrant":
		return []string{"the grant lets the role use the key again, beside what else does"}
	case "UpdateGroup":
		return []string{r.Group + " launches as the role that it had before, at its next launch"}
	case "DeleteServiceLinkedRole":
		return []string{"the role is gone; a group that is to launch as it needs it made again"}
	case "RemoveCopy":
		return []string{"to launch without the other account's key takes a new copy"}
	case "SetDefaultVersion":
		return []string{"groups that follow the template's default version launch from the one before, which needs the other account's key"}
	case "DeleteTemplateVersion":
		return []string{"the template's other versions stay as they are"}
	case "SuspendLaunch":
		return []string{r.Group + " launches nothing until someone resumes Launch; a deployed Keymend never resumes what a person stopped"}
	}
	return nil
}

// launchAfter: what else opens the key by then isn't known from a record.
func launchAfter(r record.Record) string {
	fails := " may fail again"
	if r.Decision == access.Denied {
		fails = " fails again"
	}
	return "the next launch of " + r.Group + fails + ", unless something else lets its role use the key by then"
}

// againAfter: a deployed Keymend knows what its own log has.
func againAfter(r record.Record) string {
	if r.RequestID != "" {
		return "a deployed Keymend wouldn't add it again by itself within 30 days of the change; a person's --apply does"
	}
	return "a deployed Keymend doesn't know what was written at a terminal: where the key is enrolled it adds it again once a launch fails; the tag keymend=ignore on the key keeps it out"
}

func unique(texts []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, text := range texts {
		if !seen[text] {
			out = append(out, text)
		}
		seen[text] = true
	}
	return out
}
