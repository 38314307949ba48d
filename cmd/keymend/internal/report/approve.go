package report

import (
	"strings"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/quote"
	"keymend/pkg/record"
)

// A Proposal is what a person is asked to approve.
type Proposal struct {
	Record     record.Record
	By, Ticket string // who is asked, and what they say
	Place      Place
	Sent       bool // to the functions
}

// Show writes it on the page: what it is for, what it changes, and whom it lets in.
func (a Proposal) Show(p *screen.Page) {
	r := a.Record
	p.Row(screen.Bold, "approve", strings.Join(nonEmpty(r.Proposal, r.Group, r.Account, r.Region), "  "))
	if r.Key != "" {
		p.Row(screen.Bold, "key", strings.Join(nonEmpty(r.Alias, keyName(r)), "  "))
	}
	if r.Principal != "" {
		p.Row(screen.Bold, "role", roleName(r.Principal))
	}
	for _, step := range r.Steps {
		w := step.Words()
		p.Row(screen.Bold, "change", strings.Join(nonEmpty(w.What, w.Which), "  "))
	}
	p.Row(screen.Bold, "proposed", r.Time.UTC().Format("2006-01-02 15:04:05 UTC")+": "+strings.TrimSuffix(r.Reason, quote.Told(r.Run)))
	if r.Key != "" {
		p.Row(screen.Doubt, "risk", "whoever may create Auto Scaling groups in "+r.Account+" can then use this key through the role")
	}
	p.Row(screen.Bold, "as", strings.Join(nonEmpty(a.By, a.Ticket), "  "))
	p.Blank()
}

// Object is the same for programs.
func (a Proposal) Object() any {
	r := a.Record
	changes := []string{}
	for _, step := range r.Steps {
		w := step.Words()
		changes = append(changes, strings.Join(nonEmpty(w.What, w.Which), "  "))
	}
	return map[string]any{
		"schema": "keymend.approve/1", "proposal": r.Proposal, "sent": a.Sent, "by": a.By, "ticket": a.Ticket, "proposed": r.Time.UTC(), "reason": strings.TrimSuffix(r.Reason, quote.Told(r.Run)),
		"account": r.Account, "region": r.Region, "group": r.Group, "key": r.Key, "principal": r.Principal, "changes": changes,
	}
}

// Approved says what follows once a proposal was handed over.
func Approved(p *screen.Page, id string) {
	p.Row(screen.Good, "sent", id)
	p.Wrapped("", 0, "The functions look again, and carry it out if the facts are still the same, the key is enrolled, "+
		"nothing stops all writes, the hour's changes aren't used up, nobody took the same away before, and you made neither the group nor the version of its template. "+
		"Within an hour; then the approval expires. What came of it is on record in the log group /aws/lambda/keymend-remediate, with remediationId = "+id+".")
}
