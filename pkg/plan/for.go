package plan

import (
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/keypolicy"
)

// operations are the eight that AWS's procedure grants.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
func operations() []string {
	return []string{
		"Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey",
		"GenerateDataKeyWithoutPlaintext", "DescribeKey", "CreateGrant",
	}
}

// stackTag is CloudFormation's mark on what it made: a change there by hand is
// drift, and goes with the next update.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
const stackTag = "aws:cloudformation:stack-name"

// For returns the plan for a finding, by the table at the head of the package.
func For(f Finding, o Options) Plan {
	p := Plan{Target: f.Facts.Key.ARN}
	p.NoFix = f.obstacle()
	switch {
	case o.ForeignKey == "copy" && f.clears(&p):
	case p.NoFix != nil:
	case f.OwnKey():
		p.Steps, p.NoFix = f.cure(o)
	case o.ForeignKey == "copy":
		f.without(o, &p)
	default:
		f.across(o, &p)
	}
	if p.NoFix == nil && !p.Copies() {
		p.NoFix = f.try(p.Steps)
	}
	if p.NoFix != nil {
		p.Steps = nil
	}
	p.OthersAffected = f.Affected(p.Steps)
	p.FactsDigest = f.FactsDigest()
	p.Digest = f.digest(p)
	return p
}

// cure chooses between statements and a grant.
func (f Finding) cure(o Options) (Steps, *NoFix) {
	if o.OwnKey == "grant" {
		return Steps{f.grant(o, "the settings ask for grants")}, nil
	}
	step, refused := f.statements()
	if o.OwnKey == "policy" {
		if refused != "" {
			return nil, &NoFix{PolicyRefused,
				fmt.Sprintf("the policy of %s can't take the two statements: %s", f.Facts.Key.ARN, refused),
				"Mend that part of the policy, or let Keymend use a grant (ownKey: auto)."}
		}
		return Steps{step}, nil
	}
	if why := f.ownedByCode(o); why != "" {
		return Steps{f.grant(o, why)}, nil
	}
	if refused != "" {
		return Steps{f.grant(o, "KMS would refuse the edited policy: "+refused)}, nil
	}
	return Steps{step}, nil
}

// ownedByCode says by which mark the key's policy belongs to someone's code; ""
// = to nobody's.
func (f Finding) ownedByCode(o Options) string {
	if f.TagsUnreadable != "" {
		return "whether the policy belongs to someone's code couldn't be told: " + f.TagsUnreadable
	}
	for _, tag := range append([]string{stackTag}, o.OwnershipTags...) {
		if value, ok := f.Tags[tag]; ok {
			return fmt.Sprintf("the policy belongs to code (tag %s=%s), which would take the statements out again", tag, value)
		}
	}
	return ""
}

// statements edits the policy, and says why KMS would refuse the result.
func (f Finding) statements() (EditKeyPolicy, string) {
	edit, err := keypolicy.Allow(f.Facts.Policy, f.Principal.ARN)
	return f.edited(edit, err, f.Principal.ARN)
}

// edited makes a step of an edit of the policy, and says why KMS would refuse
// the result.
func (f Finding) edited(edit keypolicy.Edit, err error, principal string) (EditKeyPolicy, string) {
	if err != nil {
		return EditKeyPolicy{}, err.Error()
	}
	after, err := keypolicy.Parse(edit.After)
	if err != nil {
		return EditKeyPolicy{}, err.Error()
	}
	var refused []string
	for _, r := range keypolicy.Refusals(after) {
		refused = append(refused, strings.TrimPrefix(r.Statement+": ", ": ")+r.Text)
	}
	return EditKeyPolicy{
		Key: f.Facts.Key.ARN, Principal: principal,
		Before: edit.Before, After: edit.After, Added: edit.Added, Sids: edit.Sids,
	}, strings.Join(refused, "; ")
}

// grant is the same access as the two statements give. The role's unique id is
// part of the name: a grant to a deleted and re-created role is dead, and one of
// the same name would be taken for it.
func (f Finding) grant(o Options, why string) CreateGrant {
	ops := operations()
	slices.Sort(ops)
	return CreateGrant{
		Key: f.Facts.Key.ARN, Principal: f.Principal.ARN,
		Name:       grantPrefix + hash(append([]string{f.Facts.Key.ARN, f.Principal.ID}, ops...)...),
		Operations: ops, Retiring: o.RetiringRole, Why: why,
	}
}

// grantPrefix begins the name of every grant of Keymend's.
const grantPrefix = "keymend-"

// try evaluates the facts as they would be: a plan that doesn't open the key is
// no plan.
func (f Finding) try(steps Steps) *NoFix {
	after, err := Simulate(f.Facts, steps)
	if err != nil {
		return &NoFix{WouldNotHelp, err.Error(), "This is a fault of Keymend; please report it."}
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
