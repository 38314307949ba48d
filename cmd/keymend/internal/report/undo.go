package report

import (
	"fmt"
	"slices"
	"strings"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/apply"
	"keymend/pkg/keypolicy"
	"keymend/pkg/record"
)

// An Undo is what taking a remediation back comes to.
type Undo struct {
	Record        record.Record   // of the change that is taken back: its outcome, or else its intent
	Before, After string          // the key's policy now, and as it would be; "" for a grant
	Steps         []apply.Preview // what each step of it would do
	Elsewhere     []string        // accounts in which there is more, that other credentials take away
	Place         Place           // where the person looked
	From          []string        // flags by which the record was found
	Done          string          // what was done; "" = nothing yet
	Failed        bool
}

// Changes reports whether there is anything to take away.
func (u Undo) Changes() bool {
	return u.Before != u.After || slices.ContainsFunc(u.Steps, func(p apply.Preview) bool { return len(p.Says) > 0 })
}

// Says lists in words what the steps would do.
func (u Undo) Says() []string {
	var out []string
	for _, step := range u.Steps {
		out = append(out, step.Says...)
	}
	return out
}

// Show writes it on the page.
func (u Undo) Show(p *screen.Page) {
	r := u.Record
	p.Row(screen.Bold, "UNDO", strings.Join(nonEmpty(r.RemediationID, r.Group, r.Account, r.Region), "  "))
	if r.Key != "" {
		p.Row(screen.Bold, "KEY", strings.Join(nonEmpty(r.Alias, keyName(r)), "  "))
	}
	p.Row(screen.Bold, "ROLE", roleName(r.Principal))
	u.takes(p)
	if len(u.Elsewhere) > 0 {
		p.Row(screen.Doubt, "LEFT", "there is more in account "+strings.Join(u.Elsewhere, ", ")+": the same with credentials of that account (--profile) takes it away")
	}
	p.Blank()
	switch {
	case u.Failed:
		p.Row(screen.Bad, "FAILED", u.Done)
	case u.Done != "":
		p.Row(screen.Good, "UNDONE", u.Done)
	case !u.Changes():
		p.Text(screen.Bold, "It is gone already. Nothing changed.")
	default:
		p.Whole(screen.Bold, "TO DO SO", u.Place.Keymend("undo", r.RemediationID, append(u.From, "--apply")...))
		p.Blank()
		p.Text(screen.Bold, "Nothing changed.")
	}
}

// takes lists what goes away.
func (u Undo) takes(p *screen.Page) {
	labels := map[string][]string{}
	var order []string
	for _, step := range u.Steps {
		if len(labels[step.Label]) == 0 && len(step.Says) > 0 {
			order = append(order, step.Label)
		}
		labels[step.Label] = append(labels[step.Label], step.Says...)
	}
	for _, label := range order {
		p.Row(screen.Bold, label, labels[label]...)
	}
	goes := " goes"
	if u.Done != "" && !u.Failed {
		goes = " is gone"
	}
	kept := owned(u.After)
	foreign := 0
	for _, s := range statements(u.Before) {
		if !keypolicy.Owned(s) {
			foreign++
			continue
		}
		if left := kept[s.Sid]; left == 0 {
			p.Row(screen.Bold, "STATEMENT", s.Name()+goes)
		} else if left < len(s.Principal.AWS) {
			p.Row(screen.Bold, "STATEMENT", s.Name()+" stays for "+screen.Count(left, "other role"))
		}
	}
	if u.Before != "" {
		p.Row(screen.Bold, "", fmt.Sprintf("statements of others, which stay as they are: %d", foreign))
	}
}

// owned returns how many roles each of Keymend's statements names.
func owned(policy string) map[string]int {
	out := map[string]int{}
	for _, s := range statements(policy) {
		if keypolicy.Owned(s) {
			out[s.Sid] = len(s.Principal.AWS)
		}
	}
	return out
}

// statements are a policy's; what isn't one has none.
func statements(policy string) []keypolicy.Statement {
	doc, err := keypolicy.Parse(policy)
	if err != nil {
		return nil
	}
	return doc.Statements()
}
