package plan

import (
	"cmp"
	"fmt"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/change"
	"keymend/pkg/keypolicy"
	"keymend/pkg/kind/grant"
	"keymend/pkg/kind/statements"
	"keymend/pkg/settings"
	"keymend/pkg/slr"
	"keymend/pkg/tag"
)

// For returns the plan for a finding, by the table at the head of the package.
func For(f Finding, o Options) Plan { return o.Known.plan(f, o) }

func planned(f Finding, o Options) Plan {
	p := Plan{Target: f.Facts.Key.ARN}
	p.NoFix = f.obstacle()
	switch {
	case o.ForeignKey == settings.ForeignCopy && !f.OwnKey():
		f.without(o, &p)
	case p.NoFix != nil:
	case f.OwnKey():
		p.Steps, p.NoFix = f.cure(o)
	default:
		f.across(o, &p)
	}
	if p.NoFix == nil && p.Opens() {
		p.NoFix = cmp.Or(f.lockedOut(o, p.Steps), f.try(p.Steps))
	}
	if p.NoFix != nil && p.NoFix.Reason == PolicyUnreadable && (f.KeptOut || f.Facts.Policy != nil) {
		f.toKeeper(o, &p)
	}
	if p.NoFix != nil {
		p.Steps = nil
		p.Run = append(p.Run, f.commands(*p.NoFix)...)
	}
	if len(p.Steps) > 0 && p.Opens() {
		p.Doubt = f.doubt()
	}
	return f.sealed(p)
}

// toReport is the remedy of what can't be.
const toReport = "This is a fault of Keymend; please report it."

// doubt says why what stands may be access enough: a condition of somebody's statement
// may be met, a grant may not have been listed. Of another account's key that can't be
// read, a trial tells.
func (f Finding) doubt() string {
	if f.Facts.Policy == nil || f.FailedSince || len(f.Decided(access.Denied)) > 0 {
		return ""
	}
	for _, r := range f.Results {
		if r.Decision == access.Unknown {
			return fmt.Sprintf("kms:%s may be allowed already: %s", r.Operation, unseen(r))
		}
	}
	return ""
}

// sealed adds what identifies a plan on these facts, and whom else it affects.
func (f Finding) sealed(p Plan) Plan {
	p.OthersAffected = f.Affected(p.Steps)
	p.FactsDigest = f.FactsDigest()
	p.Digest = f.digest(p)
	return p
}

// cure chooses between statements and a grant.
func (f Finding) cure(o Options) (change.Steps, *NoFix) {
	if o.OwnKey == settings.OwnKeyGrant {
		return change.Steps{f.grant(o, "the settings ask for grants")}, nil
	}
	step, refused := f.statements()
	if f.Refused != "" {
		refused = f.Refused
	}
	if o.OwnKey == settings.OwnKeyPolicy {
		if refused != "" {
			return nil, &NoFix{PolicyRefused,
				fmt.Sprintf("the policy of %s can't take the two statements: %s", f.Facts.Key.ARN, refused),
				"Mend that part of the policy, or let Keymend use a grant (ownKey: auto)."}
		}
		return change.Steps{step}, nil
	}
	if why := f.ownedByCode(o); why != "" {
		return change.Steps{f.grant(o, why)}, nil
	}
	if refused != "" {
		return change.Steps{f.grant(o, "KMS would refuse the edited policy: "+refused)}, nil
	}
	return change.Steps{step}, nil
}

// ownedByCode says by which mark the key's policy belongs to someone's code; ""
// = to nobody's.
func (f Finding) ownedByCode(o Options) string {
	if f.TagsUnreadable != "" {
		return "whether the policy belongs to someone's code couldn't be told: " + f.TagsUnreadable
	}
	for _, name := range append([]string{tag.Stack}, o.OwnershipTags...) {
		if value, ok := f.Tags[name]; ok {
			return fmt.Sprintf("the policy belongs to code (tag %s=%s), which would take the statements out again", name, value)
		}
	}
	return ""
}

// statements edits the policy, and says why KMS would refuse the result.
func (f Finding) statements() (statements.Add, string) {
	edit, err := keypolicy.Allow(f.Facts.Policy, f.Principal.ARN)
	return f.edited(edit, err, f.Principal.ARN)
}

// edited makes a step of an edit of the policy, and says why KMS would refuse
// the result.
func (f Finding) edited(edit keypolicy.Edit, err error, principal string) (statements.Add, string) {
	if err != nil {
		return statements.Add{}, err.Error()
	}
	after, err := keypolicy.Parse(edit.After)
	if err != nil {
		return statements.Add{}, err.Error()
	}
	var refused []string
	for _, r := range keypolicy.Refusals(after) {
		refused = append(refused, strings.TrimPrefix(r.Statement+": ", ": ")+r.Text)
	}
	return statements.Add{
		Key: f.Facts.Key.ARN, Principal: principal,
		Before: edit.Before, After: edit.After, Added: edit.Added, Sids: edit.Sids,
	}, strings.Join(refused, "; ")
}

// grant is the same access as the two statements give. The role's unique id is
// part of the name: a grant to a deleted and re-created role is dead, and one of
// the same name would be taken for it.
func (f Finding) grant(o Options, why string) grant.Create {
	ops := slr.Operations()
	return grant.Create{
		Key: f.Facts.Key.ARN, Principal: f.Principal.ARN,
		Name:       grant.Prefix + hash(append([]string{f.Facts.Key.ARN, f.Principal.ID}, ops...)...),
		Operations: ops, Retiring: o.RetiringRole, Why: why,
	}
}

// try evaluates the facts as they would be: a plan that doesn't open the key is
// no plan.
func (f Finding) try(steps change.Steps) *NoFix {
	after, err := change.Simulate(f.Facts, steps)
	if err != nil {
		return &NoFix{WouldNotHelp, err.Error(), toReport}
	}
	results := f.evaluate(f.revealed(after))
	if access.Decide(results) == access.Allowed {
		return nil
	}
	text := "the access would still not be allowed: "
	for _, r := range results {
		if r.Decision != access.Allowed {
			text += "kms:" + r.Operation + ": " + strings.TrimSpace(string(r.Reason)+" "+r.DecidedBy) + ": " + unseen(r)
			break
		}
	}
	return &NoFix{WouldNotHelp, text, "Look at the statement or condition named, or add AWS's two statements for the role by hand."}
}
