package report

import (
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/plan"
)

// describeRole is describe for what is about roles, groups and grants that go.
func describeRole(step plan.Step) string {
	switch s := step.(type) {
	case plan.EnsureServiceLinkedRole:
		return "role " + roleName(s.Role) + " made"
	case plan.UpdateGroup:
		return "the group launches as " + roleName(s.After) + " instead of " + roleName(s.Before)
	case plan.RetireGrant:
		return "1 grant retired"
	}
	return step.Type()
}

// waits says what comes later, and after what.
func (k Key) waits(p *screen.Page) {
	what, why := describe(k.Finding.Plan)
	p.Row(screen.Bold, "THEN", nonEmpty(what, why, k.Finding.Reason)...)
}

// moves says which role a finding about a role or group is about.
func (k Key) moves(p *screen.Page) {
	if k.Finding.GroupRole != "" {
		p.Row(screen.Bold, "ROLE", roleName(k.Finding.Principal))
	}
	k.groupRole(p)
}

// groupRole says as which role the group launches, where that is another one than
// the settings would have.
func (k Key) groupRole(p *screen.Page) {
	if k.Finding.GroupRole != "" {
		p.Row(screen.Bold, "", "the group launches as "+roleName(k.Finding.GroupRole))
	}
	if k.Finding.KeepsRole != "" {
		p.Row(screen.Doubt, "", k.Finding.KeepsRole)
	}
}

// bridges shows the grants that stand in for statements.
func (k Key) bridges(p *screen.Page, all []string) {
	if len(all) > 0 {
		p.Row(screen.Doubt, "BRIDGE", all...)
	}
}
