package remediation

import (
	"context"
	"fmt"

	"keymend/pkg/access"
	"keymend/pkg/account"
	"keymend/pkg/arn"
	"keymend/pkg/guard"
	"keymend/pkg/plan"
)

// A move is a group's way from the role that it launches as to the one that the
// settings name. It is computed anew at every look, from what is there: first the
// role is made, then each key is opened to it, then the group launches as it. The
// findings are about the new role meanwhile.
type move struct {
	suffix string
	to     access.Principal // without ID while the role is missing
	step   plan.UpdateGroup
}

// missing reports whether the role is still to be made.
func (m *move) missing() bool { return m.to.ID == "" }

// moving decides whether the group is moved. One that launches as it is stays as
// it is, and so does one that a service or a stack owns: its keys are opened to
// the role that it has.
func (e *Engine) moving(ctx context.Context, l *look) error {
	suffix := e.Settings.DedicatedSuffix()
	to := dedicated(l.launch.GroupARN, suffix)
	if suffix == "" || to == l.launch.Principal.ARN || !e.shut(l) {
		return nil
	}
	if l.launch.ManagedBy != "" {
		l.keeps = "the settings would have the group launch as " + to + ", but " + l.launch.ManagedBy + " manages it, so that it keeps its role"
		return nil
	}
	role, err := l.view.Role(ctx, to)
	if account.AccessDenied(err) {
		// Of a role that isn't there IAM knows no path, and a permission for roles
		// under a path doesn't reach it. If it is there after all, making it says so.
		role, err = access.Principal{ARN: to}, nil
	}
	if err != nil {
		return fmt.Errorf("read role %s: %w", to, err)
	}
	l.move = &move{suffix: suffix, to: role, step: plan.UpdateGroup{
		Group: l.launch.GroupARN, Name: l.launch.Group, Before: l.launch.Principal.ARN, After: to, ID: role.ID,
	}}
	return l.turn(ctx)
}

// dedicated returns the ARN of the role with a suffix in a group's account.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/autoscaling-service-linked-role.html
func dedicated(groupARN, suffix string) string {
	group, ok := arn.Parse(groupARN)
	if !ok {
		return ""
	}
	return "arn:" + group.Partition + ":iam::" + group.Account + ":role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_" + suffix
}

// own reports whether a finding is about the role that the group itself launches
// as, or shall.
func (l *look) own(f plan.Finding) bool {
	return f.Principal.ARN == l.launch.Principal.ARN || l.move != nil && f.Principal.ARN == l.move.to.ARN
}

// open reports whether the role may use the key, as far as that can be seen: of
// another account's key, Keymend's grant may be all that can.
func open(f plan.Finding) bool {
	return f.Decision() == access.Allowed || !f.OwnKey() && f.Facts.Policy == nil && f.ByKeymend()
}

// shut reports whether a key is known to be closed to the group's own role, or is
// one that Keymend would open to it.
func (e *Engine) shut(l *look) bool {
	for _, f := range l.findings {
		if l.own(f) && !open(f) && (f.Decision() == access.Denied || plan.For(f, e.options(f, e.Settings.OwnKey)).NoFix == nil) {
			return true
		}
	}
	return false
}

// allOpen reports whether every key is open to the group's own role.
func (l *look) allOpen() bool {
	for _, f := range l.findings {
		if l.own(f) && !open(f) {
			return false
		}
	}
	return true
}

// turn makes the findings about the group's own role findings about the new one.
// A role that is missing has no grants, and none are asked for: how KMS answers
// that isn't documented.
func (l *look) turn(ctx context.Context) error {
	tasks := make([]func() error, 0, len(l.findings))
	for i := range l.findings {
		f := &l.findings[i]
		if !l.own(*f) {
			continue
		}
		f.Principal = l.move.to
		tasks = append(tasks, func() error {
			switch {
			case f.KeyNotFound != "":
			case l.move.missing():
				f.Facts.Grants, f.Facts.GrantsUnreadable = nil, ""
			default:
				state, err := l.view.Key(ctx, f.Facts.Key.ARN, f.Principal.ARN)
				if err != nil {
					return fmt.Errorf("read key %s: %w", f.Facts.Key.ARN, err)
				}
				f.Facts = state.Facts
			}
			*f = f.Evaluate()
			return nil
		})
	}
	return together(tasks)
}

// rolePlan is the move's next step that isn't about a key; false where the group
// isn't moved. It says whether the time for it has come: the role is made once
// every key may be opened to it, and the group updated once every key is.
func (e *Engine) rolePlan(l *look) (p plan.Plan, due bool, ok bool) {
	if l.move == nil {
		return plan.Plan{}, false, false
	}
	if !l.move.missing() {
		return l.move.step.Plan(l.signal.Region), l.allOpen() && len(l.unseen) == 0, true
	}
	due = true
	for _, f := range l.findings {
		if l.own(f) && !open(f) {
			ahead := e.ahead(l, f)
			v := e.judge(l, f, plan.For(ahead, e.options(f, e.Settings.OwnKey)))
			due = due && (v.Allowed || v.Try)
		}
	}
	return plan.EnsureServiceLinkedRole{Role: l.move.to.ARN, Suffix: l.move.suffix}.Plan(l.signal.Region), due, true
}

// toBeMade stands for the unique id of a role that is missing.
const toBeMade = "to be made"

// ahead is a finding as it will be once the role is made. Its plan shows what
// comes then; it is never sent, and what it says of the role's id isn't known.
func (e *Engine) ahead(l *look, f plan.Finding) plan.Finding {
	if l.move != nil && l.move.missing() && l.own(f) {
		f.Principal.ID = toBeMade
	}
	return f
}

// judgeRole asks whether a step of the move may be carried out.
func (e *Engine) judgeRole(l *look, p plan.Plan) guard.Verdict {
	return guard.JudgeRole(guard.Input{
		Mode: guard.ParseMode(e.Settings.Mode), Switch: l.guard, SwitchText: l.guardSay, Account: l.signal.Account,
		Dedicated: dedicated(l.launch.GroupARN, e.Settings.DedicatedSuffix()), GroupTags: l.launch.Tags,
	}, p)
}
