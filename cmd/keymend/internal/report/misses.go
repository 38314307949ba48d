package report

import (
	"strings"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/access"
	"keymend/pkg/keypolicy"
	"keymend/pkg/plan"
)

// misses shows what looks like access and isn't, with the part of the statement
// that misleads.
func (k Key) misses(p *screen.Page) {
	if len(k.Finding.NearMisses) == 0 {
		return
	}
	p.Blank()
	p.Text(screen.Bold, "LOOKS LIKE ACCESS, ISN'T")
	column := 0
	for _, m := range k.Finding.NearMisses {
		column = max(column, len(m.Source))
	}
	for _, m := range k.Finding.NearMisses {
		pad := strings.Repeat(" ", column-len(m.Source)+2)
		text := strings.TrimLeft(strings.TrimPrefix(m.Text, m.Source), ": ")
		if part := k.misleading(m); part != "" {
			p.Text(screen.Plain, "  "+m.Source+pad+part)
			p.Text(screen.Doubt, "  "+strings.Repeat(" ", len(m.Source+pad))+strings.Repeat("^", len(part))+" "+text)
			continue
		}
		p.Text(screen.Plain, "  "+m.Source+pad+text)
	}
}

// misleading returns the principal by which a statement looks like access,
// where one name of it is the reason why it isn't.
func (k Key) misleading(m access.NearMiss) string {
	kind, name := "AWS", func(string) bool { return false }
	switch m.Reason {
	case access.ServicePrincipal:
		kind, name = "Service", func(s string) bool { return s == "autoscaling.amazonaws.com" || s == "ec2.amazonaws.com" }
	case access.DeadPrincipal:
		name = keypolicy.IsUniqueID
	case access.WrongRolePath, access.WrongRoleSuffix:
		name = func(s string) bool { return strings.Contains(s, "AWSServiceRoleForAutoScaling") }
	default: // the words say it all
	}
	for _, s := range k.statements() {
		if s.Name() != m.Source || s.Principal == nil {
			continue
		}
		for _, n := range map[string][]string{"AWS": s.Principal.AWS, "Service": s.Principal.Service}[kind] {
			if name(n) {
				return `"` + kind + `": "` + n + `"`
			}
		}
	}
	return ""
}

// statements are those of the policy as it was read, as far as the record has
// it: with the step that would change it.
func (k Key) statements() []keypolicy.Statement {
	if k.Finding.Plan == nil {
		return nil
	}
	for _, step := range k.Finding.Plan.Steps {
		if s, ok := step.(plan.EditKeyPolicy); ok {
			if doc, err := keypolicy.Parse(s.Before); err == nil {
				return doc.Statements()
			}
		}
	}
	return nil
}
