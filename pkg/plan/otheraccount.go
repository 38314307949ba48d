package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"keymend/pkg/access"
	"keymend/pkg/arn"
	"keymend/pkg/change"
	"keymend/pkg/keypolicy"
	"keymend/pkg/kind/grant"
	"keymend/pkg/kind/statements"
	"keymend/pkg/settings"
	"keymend/pkg/slr"
)

// A Half says how the first half of AWS's procedure for another account's key
// stands: whether the key policy lets the group's account create the grant that
// is the second half.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
type Half string

// How it can stand.
const (
	HalfUnknown Half = "unknown" // it can't be told from here
	HalfMissing Half = "missing"
	HalfGiven   Half = "given" // by Keymend's statements for the account, whoever added them, or by KMS's own word
	HalfOpen    Half = "open"  // by another statement, which wasn't written for this
)

// A Trial is KMS's answer to a CreateGrant with DryRun, which writes nothing.
// https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html
type Trial struct {
	Answer TrialAnswer
	Text   string // KMS's own
}

// A TrialAnswer is what the trial showed. The zero value is TrialNone.
type TrialAnswer uint8

// The answers.
const (
	TrialNone    TrialAnswer = iota // not tried
	TrialWorks                      // it would have been granted
	TrialRefused                    // for want of permission, or by the key's state
)

// Grant returns the step that would give the principal a grant on another
// account's key. A plan has it as a step; a trial asks AWS about it.
func (f Finding) Grant(o Options) grant.Create {
	return f.grant(o, "the key belongs to account "+f.KeyAccount()+"; a key policy alone never opens it to a role of account "+f.Account)
}

// across plans for a key of another account: its owner's half where that is
// missing and may be done, and the grant.
func (f Finding) across(o Options, p *Plan) {
	granter := f.granterMay(f.Facts, o)
	p.Half = f.half(o, granter)
	if p.Half == HalfMissing && f.Facts.Policy != nil {
		p.NearMisses = granter.NearMisses
	}
	edit, refused := f.delegation(o)
	p.ForOwner = f.forOwner(o, p.Half, edit)
	create := f.Grant(o)
	switch g, stands := f.hasGrant(create); {
	case stands:
		p.NoFix, p.ForOwner = f.beyondView(g), nil // the owner's half was done, or there would be no grant
	case !strings.Contains(f.Facts.Key.ARN, ":key/"):
		p.NoFix = f.report(p.ForOwner, "which key "+f.Facts.Key.ARN+" names can't be seen from account "+f.Account)
	case p.Half != HalfMissing:
		p.Steps = change.Steps{create}
	case slr.IsSpot(f.Principal.ARN, f.Account):
		p.NoFix, p.ForOwner = f.foreignSpot(), nil
	default:
		if p.NoFix = f.ownersAlone(o, p, granter, refused); p.NoFix == nil {
			p.Steps = change.Steps{edit, create}
			p.NoFix = f.tryHalf(o, p.Steps)
		}
	}
}

// edits reports whether an account lets its keys' policies be edited for others' groups.
func (o Options) edits(account string) bool {
	if o.Owners != nil {
		return o.Owners[account] == settings.ForeignGrant
	}
	return o.ForeignKey != settings.ForeignReport
}

// ownersAlone says why the missing half is the key owner's to do; nil = Keymend
// may.
func (f Finding) ownersAlone(o Options, p *Plan, granter access.Result, refused string) *NoFix {
	owned := f.ownedByCode(o)
	switch {
	case granter.Reason == access.DeniedByStatement:
		return &NoFix{ExplicitDeny,
			fmt.Sprintf("statement %s of the policy of %s denies kms:CreateGrant to %s%s; no statement or grant outweighs that.",
				granter.DecidedBy, f.Facts.Key.ARN, o.Granter.ARN, near(p.NearMisses)),
			"The owner of the key, account " + f.KeyAccount() + ", has to except " + o.Granter.ARN + " from that statement. " + p.ForOwner.String()}
	case f.Facts.Policy == nil:
		return f.report(p.ForOwner, f.Trial.Text)
	case !o.edits(f.KeyAccount()):
		return f.report(p.ForOwner, "the settings leave the key policy to its owner (foreignKey: report)"+near(p.NearMisses))
	case owned != "":
		return f.report(p.ForOwner, owned+near(p.NearMisses))
	case refused != "":
		return &NoFix{PolicyRefused, fmt.Sprintf("the policy of %s can't take the statements: %s", f.Facts.Key.ARN, refused), p.ForOwner.String()}
	}
	return nil
}

// half says how it stands by what the policy lets the granter do; where the policy or
// the answer isn't known, a trial decides.
func (f Finding) half(o Options, granter access.Result) Half {
	switch known := f.Facts.Policy != nil; {
	case known && granter.Decision == access.Allowed:
		return f.given(o)
	case known && granter.Decision == access.Denied:
		return HalfMissing
	}
	switch f.Trial.Answer {
	case TrialWorks:
		if f.Facts.Policy != nil {
			return HalfOpen // by a statement that hangs on what isn't known, an organization's perhaps
		}
		return HalfGiven
	case TrialRefused:
		return HalfMissing
	case TrialNone:
	}
	return HalfUnknown
}

// given tells Keymend's statements from others: who added them wanted this. A
// statement that shares the key with the account for something else, or with
// everyone, doesn't say that a robot may pass it on.
func (f Finding) given(o Options) Half {
	var ours []string
	for i, s := range gjson.Get(f.Facts.Policy.String(), "Statement").Array() {
		if keypolicy.Owned(f.Facts.Policy.Statements()[i]) {
			ours = append(ours, s.Raw)
		}
	}
	facts := f.Facts
	var err error
	facts.Policy, err = keypolicy.Parse(`{"Version":"2012-10-17","Statement":[` + strings.Join(ours, ",") + `]}`)
	if err == nil && f.granterMay(facts, o).Decision == access.Allowed {
		return HalfGiven
	}
	return HalfOpen
}

// delegation edits the key policy, and says why KMS would refuse the result.
func (f Finding) delegation(o Options) (statements.Add, string) {
	to := keypolicy.Delegation{Partition: arn.Partition(f.Facts.Key.ARN), Account: f.Account}
	if o.ForeignStatements == settings.Least {
		to.Granter = o.Granter.ARN
	}
	before := f.Facts.Policy
	if before == nil {
		before = noStatements()
	}
	edit, err := keypolicy.Delegate(before, to)
	return f.edited(edit, err, arn.Root(arn.Partition(f.Facts.Key.ARN), f.Account))
}

// report leaves the first half to the key's owner.
func (f Finding) report(owner *ForOwner, why string) *NoFix {
	return &NoFix{ForeignKey,
		fmt.Sprintf("%s belongs to account %s, whose key policy doesn't let account %s create the grant that the launch needs: %s",
			f.Facts.Key.ARN, f.KeyAccount(), f.Account, strings.TrimSuffix(why, ".")+"."),
		owner.String()}
}

// foreignSpot: Keymend's statement in another account's policy is for grants to
// Auto Scaling's roles only.
func (f Finding) foreignSpot() *NoFix {
	return &NoFix{OtherService,
		fmt.Sprintf("%s belongs to account %s, whose key policy doesn't let account %s create the grant to %s that the launch needs; Keymend lets it create grants to Auto Scaling's roles only.",
			f.Facts.Key.ARN, f.KeyAccount(), f.Account, f.Principal.ARN),
		fmt.Sprintf("The owner of the key, account %s, lets account %s do kms:CreateGrant on it; then someone there makes the grant.", f.KeyAccount(), f.Account)}
}

// beyondView: the grant stands, and the rest is in the key's account, which
// can't be seen.
func (f Finding) beyondView(g access.Grant) *NoFix {
	whose := "Keymend's grant"
	if !grant.Ours(g) {
		whose = "the grant " + cmp.Or(g.Name, g.ID)
	}
	return &NoFix{NotKnown,
		fmt.Sprintf("%s on %s to %s stands; whether anything else in account %s stands in the way can't be seen from here: %s",
			whose, f.Facts.Key.ARN, f.Principal.ARN, f.KeyAccount(), f.Facts.PolicyUnreadable),
		"If launches still fail for the key: its owner, account " + f.KeyAccount() + ", looks whether it is Enabled and whether a Deny in its policy names the role."}
}

// hasGrant returns the grant that stands on a key whose policy can't be read:
// Keymend's, or another one that gives as much. Where it can, the evaluator answers.
func (f Finding) hasGrant(create grant.Create) (access.Grant, bool) {
	if f.Facts.Policy != nil {
		return access.Grant{}, false
	}
	ours := slices.IndexFunc(f.Facts.Grants, func(g access.Grant) bool { return g.Name == create.Name && g.GranteePrincipal == create.Principal })
	if ours >= 0 {
		return f.Facts.Grants[ours], true
	}
	return f.standing()
}

// hidden reports whether all of the key but its name is out of sight.
func (f Finding) hidden() bool { return f.Facts.Policy == nil && f.Facts.Key.State == "" }

// revealed takes what can't be seen of a key for what is most likely: so a grant
// can be tried for what it gives. The proof of it is KMS's.
func (f Finding) revealed(facts access.Facts) access.Facts {
	if facts.Policy != nil {
		return facts
	}
	facts.Policy, facts.PolicyUnreadable = noStatements(), ""
	if facts.Key.State == "" {
		facts.Key.State = "Enabled"
	}
	return facts
}

// tryHalf evaluates the edited policy: one that still doesn't let the granter
// create the grant is not written.
func (f Finding) tryHalf(o Options, steps change.Steps) *NoFix {
	after, err := change.Simulate(f.Facts, steps[:1])
	if err != nil {
		return &NoFix{WouldNotHelp, err.Error(), toReport}
	}
	r := f.granterMay(after, o)
	if r.Decision == access.Allowed {
		return nil
	}
	return &NoFix{WouldNotHelp,
		fmt.Sprintf("%s would still not be known to be allowed kms:CreateGrant on %s: %s", o.Granter.ARN, f.Facts.Key.ARN, unseen(r)),
		"Look at the statement or condition named; its owner is account " + f.KeyAccount() + "."}
}
