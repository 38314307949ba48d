package remediation

import (
	"context"
	"fmt"

	"keymend/pkg/guard"
	"keymend/pkg/plan"
)

// plan makes the plan for a finding. Where only KMS knows whether another
// account's key policy lets this one create the grant, it is asked, if whoever
// runs this may ask; the finding comes back with its answer.
func (e *Engine) plan(ctx context.Context, l *look, f plan.Finding) (plan.Finding, plan.Plan, error) {
	o := e.options(f, e.Settings.OwnKey)
	c, err := e.copies(ctx, l, f)
	if f.Copy = c; err != nil {
		return f, plan.For(f, o), fmt.Errorf("look at copies: %w", err)
	}
	p := plan.For(f, o)
	if p.Half != plan.HalfUnknown || len(p.Steps) == 0 || e.Try == nil || f.Principal.ID == toBeMade {
		return f, p, nil
	}
	grant := f.Grant(o)
	trial, err := e.Try(ctx, l.session(grant, "kms:CreateGrant", plan.RemediationID(p.Digest)), grant)
	if err != nil {
		return f, p, fmt.Errorf("try the grant: %w", err)
	}
	f.Trial = trial
	return f, plan.For(f, o), nil
}

// session is that of one step: in the step's account, on the step's key.
func (l *look) session(step plan.Step, action, remediationID string) Session {
	s := Session{Account: step.Account(), Region: l.signal.Region, Name: sessionName(remediationID), Action: action}
	switch step := step.(type) {
	case plan.EditKeyPolicy:
		s.Key = step.Key
	case plan.CreateGrant:
		s.Key = step.Key
	case plan.RetireGrant:
		s.Key = step.Grant.Key
	}
	return s
}

func (e *Engine) options(f plan.Finding, ownKey string) plan.Options {
	o := plan.Options{
		OwnKey: ownKey, OwnershipTags: e.Settings.OwnershipTags,
		ForeignKey: e.Settings.ForeignKey, ForeignStatements: e.Settings.ForeignStatements,
	}
	if e.RetiringRole != nil {
		o.RetiringRole = e.RetiringRole(f.Account)
	}
	if e.Granter != nil {
		o.Granter = e.Granter(f.Account)
	}
	if e.CopierRole != nil {
		o.Copier = e.CopierRole(f.Account)
	}
	return o
}

// judge asks whether the plan may be carried out.
func (e *Engine) judge(l *look, f plan.Finding, p plan.Plan) guard.Verdict {
	in := guard.Input{
		Mode: guard.ParseMode(e.Settings.Mode), Scope: e.Settings.Scope,
		Switch: l.guard, SwitchText: l.guardSay,
		KeyTags: f.Tags, TagsUnreadable: f.TagsUnreadable,
		OwnKey: f.OwnKey(), PersonAsked: e.PersonAsked,
		Principal: f.Principal.ARN, Account: f.Account,
		KeyAccount: f.KeyAccount(), Accounts: e.Settings.Accounts, SharedBy: f.SharedBy,
		Also: l.also(),
	}
	if f.Copy != nil {
		in.CopyKey, in.Sources = f.Copy.CopyKey, f.Copy.Keys
	}
	v := guard.Judge(in, p)
	// To open a key to a role is of no use to a group that may not launch as it.
	if l.move != nil && l.own(f) && (v.Allowed || v.Try) {
		if of := e.judgeRole(l, l.move.step.Plan(l.signal.Region)); !of.Allowed {
			return of
		}
	}
	return v
}

func (l *look) also() []string {
	var out []string
	for _, p := range l.launch.Also {
		out = append(out, p.ARN)
	}
	return out
}
