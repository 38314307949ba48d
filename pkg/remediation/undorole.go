package remediation

import (
	"context"
	"fmt"
	"strings"

	"keymend/pkg/apply"
	"keymend/pkg/audit"
)

// fits reports whether an undo is about the record's own role, and its group.
func fits(u apply.Undo, r audit.Record) bool {
	if u.Account() != r.Account || r.Account == "" {
		return false
	}
	if d := u.DeleteRole; d != nil {
		return d.Role == r.Principal && strings.Contains(d.Role, "/AWSServiceRoleForAutoScaling_")
	}
	g := u.RestoreRole
	return g.Name == r.Group && g.Ours == r.Principal && strings.HasSuffix(g.Group, ":autoScalingGroupName/"+g.Name) &&
		strings.Contains(g.Role, "/") && sameService(g.Role, g.Ours)
}

// takeRoleBack gives a group the role that it had, or deletes one that Keymend
// made and nobody uses.
func (e *Engine) takeRoleBack(ctx context.Context, of audit.Record, u apply.Undo, session string) (apply.Done, error) {
	if e.OpenRole == nil {
		return apply.Done{}, errNobody
	}
	s := Session{Account: of.Account, Region: of.Region, Name: session, Action: "iam:DeleteServiceLinkedRole"}
	if u.DeleteRole != nil {
		s.Key = u.DeleteRole.Role
	} else {
		s.Action, s.Key, s.Pass = "autoscaling:UpdateAutoScalingGroup", u.RestoreRole.Group, u.RestoreRole.Role
	}
	w, err := e.OpenRole(ctx, s)
	if err != nil {
		return apply.Done{}, fmt.Errorf("open session for %s: %w", s.Action, err)
	}
	if u.DeleteRole != nil {
		changed, err := u.DeleteRole.Run(ctx, w, w, e.Sleep)
		return apply.Done{Changed: changed}, err
	}
	view, err := e.View(ctx, of.Account, of.Region)
	if err != nil {
		return apply.Done{}, fmt.Errorf("read account %s: %w", of.Account, err)
	}
	changed, err := u.RestoreRole.Run(ctx, roleOf(view, u.RestoreRole.Name), w, e.Sleep)
	return apply.Done{Changed: changed}, err
}
