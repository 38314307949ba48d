package report

import (
	"strings"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/arn"
	"keymend/pkg/quote"
	"keymend/pkg/record"
)

// A Proposal is what a person is asked to approve.
type Proposal struct {
	Record     record.Record
	By, Ticket string // who is asked, and what they say
	Sent       bool   // to the functions
}

// Ask writes what is about to be approved: what it is for, what it changes, and whom it
// lets in.
func (a Proposal) Ask(p *screen.Page) {
	r := a.Record
	p.Row(screen.Bold, "approve", screen.Joined("  ", r.Proposal, r.Group, r.Account, r.Region))
	p.Row(screen.Bold, "key", screen.Joined("  ", r.Alias, keyName(r)))
	p.Row(screen.Bold, "role", arn.Last(r.Principal))
	for _, text := range a.changes() {
		p.Row(screen.Bold, "change", text)
	}
	p.Row(screen.Bold, "proposed", screen.Moment(r.Time)+": "+strings.TrimSuffix(r.Reason, quote.Told(r.Run)))
	if r.Key != "" {
		p.Row(screen.Doubt, "risk", "whoever may create Auto Scaling groups in "+r.Account+" can then use this key through the role")
	}
	p.Row(screen.Bold, "as", screen.Joined("  ", a.By, a.Ticket))
	p.Blank()
}

// changes are the proposal's steps in words.
func (a Proposal) changes() []string {
	out := []string{}
	for _, step := range a.Record.Steps {
		w := step.Words()
		out = append(out, screen.Joined("  ", w.What, w.Which))
	}
	return out
}

// Code returns the exit code: 3 where it wasn't approved.
func (a Proposal) Code() Code {
	if a.Sent {
		return Healed
	}
	return Fixable
}

// Lines are what is written as JSON.
func (a Proposal) Lines() []any {
	r := a.Record
	return []any{map[string]any{
		"schema": "keymend.approve/1", "proposal": r.Proposal, "sent": a.Sent, "by": a.By, "ticket": a.Ticket, "proposed": r.Time.UTC(), "reason": strings.TrimSuffix(r.Reason, quote.Told(r.Run)),
		"account": r.Account, "region": r.Region, "group": r.Group, "key": r.Key, "principal": r.Principal, "changes": a.changes(),
	}}
}

// Show writes what follows once the proposal was handed over.
func (a Proposal) Show(p *screen.Page) {
	if !a.Sent {
		return
	}
	id := a.Record.Proposal
	p.Row(screen.Good, "sent", id)
	p.Sentence(screen.Plain, "The functions look again, and carry it out if the facts are still the same, the key is enrolled, "+
		"nothing stops all writes, the hour's changes aren't used up, nobody took the same away before, and you made neither the group nor the version of its template. "+
		"Within an hour; then the approval expires. What came of it is on record in the log group /aws/lambda/keymend-remediate, with remediationId = "+id+".")
}
