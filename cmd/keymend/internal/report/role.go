package report

import (
	"fmt"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/arn"
	"keymend/pkg/change"
	"keymend/pkg/record"
)

// waits says what comes later, and after what.
func (g Group) waits(p *screen.Page, k Key) {
	p.Row(screen.Bold, "waits", k.plainly(k.Finding.Reason))
	g.change(p, k, "then: ")
	g.owners(p, k)
}

// proof says what was seen after a write. Of a role or a group there is nothing
// to evaluate.
func proof(p *screen.Page, r *record.Record) {
	switch {
	case r.Proof == nil:
	case r.Proof.GrantID != "":
		p.Row(screen.Bold, "proof", "KMS answers the repeated CreateGrant with grant "+r.Proof.GrantID)
	case r.Key == "":
		p.Row(screen.Bold, "proof", screen.Reads(r.Proof.EqualReads))
	default:
		p.Row(screen.Bold, "proof", fmt.Sprintf("evaluates as %s, %s", r.Proof.Decision, screen.Reads(r.Proof.EqualReads)))
	}
}

// launchesNext reports whether the group can launch once the record's change
// stands: not after each step of a move, but after the last.
func launchesNext(r *record.Record) bool {
	if r.Suspended != "" || r.GroupRole == "" || len(r.Steps) == 0 {
		return r.Suspended == ""
	}
	return change.Steps(r.Steps).End(change.Result{}).Last
}

// moves says which role a finding about a role or group is about.
func (k Key) moves(p *screen.Page) {
	if k.Finding.GroupRole != "" {
		p.Row(screen.Bold, "role", arn.Last(k.Finding.Principal))
	}
	k.groupRole(p)
}

// groupRole says as which role the group launches, where that is another one than
// the settings would have.
func (k Key) groupRole(p *screen.Page) {
	if k.Finding.GroupRole != "" {
		p.Row(screen.Bold, "", "until it is moved, the group launches as "+arn.Last(k.Finding.GroupRole))
	}
	if k.Finding.KeepsRole != "" {
		p.Row(screen.Doubt, "", k.plainly(k.Finding.KeepsRole))
	}
}

// standIns shows the grants that stand in for statements.
func (k Key) standIns(p *screen.Page, all []string) {
	for _, text := range all {
		p.Row(screen.Doubt, "stand-in", k.plainly(text))
	}
}
