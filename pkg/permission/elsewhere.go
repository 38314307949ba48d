package permission

import (
	"maps"

	"keymend/pkg/tag"
)

// What groups of this account need of other accounts' keys. Without other
// accounts there is none of it.

// readElsewhere: of a key whose account lets nothing be read, Keymend's own
// grants can be seen all the same. KMS authorises the call by the retiring
// principal alone. Where the key's policy lets this account list them, so can
// everybody's: AWS's procedure may have been done by hand.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_ListRetirableGrants.html
func (p Place) readElsewhere() []Permission {
	return []Permission{
		{Action: "kms:ListRetirableGrants", Resource: "*", Why: "Keymend's own grants on keys of accounts that can't be read"},
		{Action: "kms:ListGrants", Resource: "arn:" + p.Partition + ":kms:*:*:key/*", Why: "who may use a key of one of the other accounts that are listed, where its policy lets this account see it",
			Condition: p.elsewhere()},
	}
}

// grantElsewhere has no condition on the key's tag: nothing says whether
// aws:ResourceTag holds across accounts. The owner's tag is the guard's to check,
// and the owner's key policy has to let the grant be made in any case.
func (p Place) grantElsewhere() []Permission {
	condition := p.grantees()
	maps.Copy(condition, p.elsewhere())
	return []Permission{{
		Action: "kms:CreateGrant", Resource: "arn:" + p.Partition + ":kms:*:*:key/*", Condition: condition,
		Why: "opens a key of one of the other accounts that are listed, where its owner lets this account do so",
	}}
}

// assumeElsewhere names the roles, and any account: their trust policies decide
// who gets in, and the setting accounts where Keymend asks.
func (p Place) assumeElsewhere(roles ...Role) []Permission {
	p.Account = "*"
	var out []Permission
	for _, r := range roles {
		if p.Organization == "" {
			out = append(out, Permission{Action: "sts:AssumeRole", Resource: p.ARN(r), Why: "acts through role " + string(r) + " of another account that trusts this one"})
		}
		if r == PolicyWriter {
			out = append(out,
				Permission{Action: "sts:TagSession", Resource: p.ARN(r), Why: "says which account the session is from, so that IAM there holds it to the keys enrolled for that"},
				Permission{Action: "sts:SetSourceIdentity", Resource: p.ARN(r), Why: "the same, for CloudTrail there"})
		}
	}
	if p.Organization != "" {
		return p.member(out)
	}
	return out
}

// writePolicyForOthers is what sessions from other accounts may write: the policies
// of keys that are enrolled for the account that they are from, whatever the scope.
// Where a session has no such tag, the variable stands for nothing, and the condition
// doesn't hold.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
func (p Place) writePolicyForOthers() []Permission {
	condition := conditions{
		"Null": {"kms:BypassPolicyLockoutSafetyCheck": {"true"}},
		"StringLike": {
			"aws:ResourceTag/" + tag.Keymend:  tag.Enrolments(),
			"aws:ResourceTag/" + tag.Accounts: {"*${aws:PrincipalTag/" + tag.Account + "}*"},
		},
	}
	if p.Organization != "" {
		condition["Null"]["aws:PrincipalTag/"+tag.Account] = []string{"false"}
		condition["StringLike"]["aws:ResourceTag/"+tag.Accounts] = append(condition["StringLike"]["aws:ResourceTag/"+tag.Accounts], tag.Organization)
	}
	return []Permission{{
		Action: "kms:PutKeyPolicy", Resource: p.keys(), Condition: condition,
		Why: "adds Keymend's two statements for the account that the session is from, or takes them away",
	}}
}

// readForOthers is all that the functions of other accounts read here: the keys that
// their groups need, and the snapshots of images that are shared with them.
func (p Place) readForOthers() []Permission {
	return append(p.readKeys(), Permission{Action: "ec2:DescribeSnapshots", Resource: "*", Why: "the key of a snapshot whose image is shared with an account, and it isn't"})
}

// letIn returns the statements by which the functions of other accounts may take
// a role of this one. The principal limits the accounts, the condition whom of
// them. No one needs a granter elsewhere: a grant is issued in the group's own
// account. Whoever takes a role that writes says which account they are from, and
// can't say another; an empty tag is none.
func (p Place) letIn(r Role) []statement {
	by := map[Role][]Role{KeyReader: {Diagnose, Remediate}, PolicyWriter: {Remediate}}[r]
	if len(p.Groups) == 0 || by == nil {
		return nil
	}
	accounts := p.Groups
	p.Account = "*"
	var arns []string
	for _, role := range by {
		arns = append(arns, p.ARN(role))
	}
	allow := func(action string, keys ...string) statement {
		s := statement{
			Effect: "Allow", Principal: map[string]any{"AWS": accounts}, Action: action,
			Condition: conditions{"ArnLike": {"aws:PrincipalArn": arns}},
		}
		for _, key := range keys {
			if s.Condition["StringEquals"] == nil {
				s.Condition["StringEquals"] = map[string][]string{}
			}
			s.Condition["StringEquals"][key] = []string{"${aws:PrincipalAccount}"}
		}
		return s
	}
	const tagged, sourced = "aws:RequestTag/" + tag.Account, "sts:SourceIdentity"
	if r == PolicyWriter {
		return []statement{allow("sts:AssumeRole", tagged, sourced), allow("sts:TagSession", tagged), allow("sts:SetSourceIdentity", sourced)}
	}
	return []statement{allow("sts:AssumeRole")}
}
