package report

import (
	"slices"
	"strings"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/apply"
	"keymend/pkg/arn"
	"keymend/pkg/keypolicy"
	"keymend/pkg/outcome"
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
	Outcome       outcome.Outcome // of what was done
}

// partly reports whether the rest is in an account that takes other credentials.
func (u Undo) partly() bool { return u.Outcome == outcome.PartlyUndone }

func (u Undo) failed() bool {
	return u.Done != "" && u.Outcome != outcome.Undone && !u.partly()
}

// Changes reports whether there is anything to take away.
func (u Undo) Changes() bool {
	return u.Before != u.After || slices.ContainsFunc(u.Steps, func(p apply.Preview) bool { return len(p.Says) > 0 })
}

// Code returns the exit code: 3 where something is left to take away, or was left.
func (u Undo) Code() Code {
	switch {
	case u.failed():
		return Broke
	case u.partly(), u.Done == "" && u.Changes():
		return Fixable
	}
	return Healed
}

// Lines are what is written as JSON: what would be taken away. What was taken away is in
// records, which were written before.
func (u Undo) Lines() []any {
	if u.Done != "" {
		return nil
	}
	r := u.Record
	return []any{map[string]any{
		"schema": "keymend.undo/1", "remediationId": r.RemediationID, "account": r.Account, "region": r.Region, "group": r.Group,
		"key": r.Key, "principal": r.Principal, "changes": u.Changes(), "before": u.Before, "after": u.After,
		"steps": append([]string{}, u.Says()...), "then": append([]string{}, u.Follows()...), "elsewhere": append([]string{}, u.Elsewhere...),
	}}
}

// Same reports whether another look would take the same away, and leave the same.
func (u Undo) Same(as Undo) bool {
	return u.Before == as.Before && u.After == as.After && slices.Equal(u.Elsewhere, as.Elsewhere) && slices.Equal(u.Says(), as.Says())
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
	ink, first := u.sentence()
	p.Sentence(ink, first)
	u.about(p)
	switch {
	case u.failed():
		p.Row(screen.Bad, "failed", u.Done)
	case u.Done != "":
	case !u.Changes():
		p.Sentence(screen.Bold, "Nothing changed.")
	default:
		p.Row(screen.Doubt, "then", u.Follows()...)
		p.Whole(screen.Bold, "do", u.Place.Undo(u.Record.RemediationID, append(u.From, "--apply")...))
		p.Blank()
		p.Sentence(screen.Bold, "Nothing changed.")
	}
}

// Ask writes what is about to be taken back.
func (u Undo) Ask(p *screen.Page, as string) {
	p.Sentence(screen.Bold, "About to take back what "+u.Record.RemediationID+" changed for "+u.Record.Group+":")
	p.Row(screen.Bold, "as", as)
	u.about(p)
	p.Row(screen.Doubt, "then", u.Follows()...)
	p.Blank()
}

// Follows says what comes after.
func (u Undo) Follows() []string { return follows(u.Record) }

// sentence says first what it is about, or what was done.
func (u Undo) sentence() (screen.Ink, string) {
	r := u.Record
	switch {
	case u.failed():
		return screen.Bad, r.RemediationID + " isn't undone."
	case u.partly():
		return screen.Doubt, r.RemediationID + " is partly undone: " + u.Done + "."
	case u.Done != "":
		return screen.Good, r.RemediationID + " is undone: " + u.Done + "."
	case !u.Changes():
		return screen.Bold, r.RemediationID + " is gone already: there is nothing to take back."
	}
	return screen.Bold, "Undoing " + r.RemediationID + " takes back what was changed for " + r.Group + " at " + screen.Moment(r.Time) + "."
}

// about says where it is, and what goes away.
func (u Undo) about(p *screen.Page) {
	r := u.Record
	p.Row(screen.Bold, "account", screen.Joined("  ", r.Account, r.Region))
	p.Row(screen.Bold, "key", screen.Joined("  ", r.Alias, keyName(r)))
	p.Row(screen.Bold, "role", arn.Last(r.Principal))
	u.takes(p)
	if len(u.Elsewhere) > 0 {
		p.Row(screen.Doubt, "left", "there is more in account "+strings.Join(u.Elsewhere, ", ")+": the same with credentials of that account (--profile) takes it away")
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
		p.Row(screen.Bold, strings.ToLower(label), labels[label]...)
	}
	u.policy(p)
}

// policy lists the statements that go, and counts those that stay.
func (u Undo) policy(p *screen.Page) {
	kept := owned(u.After)
	foreign := 0
	var goes, stays []string
	for _, s := range statements(u.Before) {
		if !keypolicy.Owned(s) {
			foreign++
			continue
		}
		if left := kept[s.Sid]; left == 0 {
			goes = append(goes, "statement "+s.Name())
		} else if left < len(s.Principal.AWS) {
			stays = append(stays, "statement "+s.Name()+" for "+screen.Count(left, "other role"))
		}
	}
	label := "goes"
	if u.Done != "" && !u.failed() {
		label = "gone"
	}
	p.Row(screen.Bold, label, goes...)
	if u.Before != "" {
		stays = append(stays, screen.Count(foreign, "statement")+" of others, as they are")
	}
	p.Row(screen.Bold, "stays", stays...)
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
