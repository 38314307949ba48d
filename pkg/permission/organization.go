package permission

import (
	"keymend/pkg/notify"
	"keymend/pkg/tag"
)

// What an organization needs: the functions of one account, the hub, act in all its
// accounts, the members, through roles there. Without an organization there is none of
// it. docs/security.md says what each wall is for.

// Members returns the roles of an account whose Keymend is the hub's.
func Members() []Role {
	return []Role{Reader, Granter, PolicyWriter, GroupWriter, Copier, Forwarder, Notifier}
}

// Hub returns the roles of the account in which an organization's functions run, beside
// those that it has as a member.
func Hub() []Role { return []Role{Diagnose, Remediate, Auditor} }

// Wave is the SSM parameter with what an organization's administrator lets the hub do in
// an account and Region (settings.Wave); SwitchParameter is the account owner's there.
const Wave = "/keymend/wave"

// elsewhere is the condition that a resource is another account's with which the
// settings let Keymend deal; nil: there is none. In an organization the account's own
// resources are left out by name: what is for them asks for their owners' tags.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourceorgid
func (p Place) elsewhere() conditions {
	switch {
	case p.Organization != "":
		return conditions{
			"StringEquals": {"aws:ResourceOrgID": {p.Organization}}, "StringNotEquals": {"aws:ResourceAccount": {p.Account}},
		}
	case len(p.Accounts) > 0:
		return conditions{"StringEquals": {"aws:ResourceAccount": p.Accounts}}
	}
	return nil
}

// readBrake: an account's owner, and whoever governs it, can each stop the hub there.
func (p Place) readBrake() []Permission {
	parameter := p.at("ssm", "*", "parameter")
	return []Permission{
		{Action: "ssm:GetParameter", Resource: parameter + p.SwitchParameter, Why: "the account owner's switch that stops all writes here"},
		{Action: "ssm:GetParameter", Resource: parameter + Wave, Why: "what the organization lets the hub do in this account and Region"},
	}
}

// member limits what the hub assumes to the organization: an account that left it may
// still have the roles, and a stranger's of the same name isn't one of them.
func (p Place) member(in []Permission) []Permission {
	for i := range in {
		in[i].Condition = conditions{"StringEquals": {"aws:ResourceOrgID": {p.Organization}}}
	}
	return in
}

// forward: a bus that admits an organization wants the rule's role to be named, and that
// to be allowed.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html
func (p Place) forward() []Permission {
	return []Permission{{Action: "events:PutEvents", Resource: "arn:" + p.Partition + ":events:*:" + p.Hub + ":event-bus/" + p.Bus, Why: "AWS's events that Keymend's rules match, as they are, to the hub"}}
}

// notify lets the hub tell an account what it found there, in any of its Regions: the
// events that it puts on its own bus, and no others.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
func (p Place) notify() []Permission {
	return []Permission{{
		Action: "events:PutEvents", Resource: p.at("events", "*", "event-bus/default"), Why: "tells the account what was recorded of its groups and keys",
		Condition: conditions{"StringEquals": {"events:source": {notify.Source}, "events:detail-type": notify.DetailTypes()}},
	}}
}

// list takes no resource. Organizations answers it in the management account and in those
// of delegated administrators only.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html
func (p Place) list() []Permission {
	return []Permission{{Action: "organizations:ListAccounts", Resource: "*", Why: "which accounts a sweep goes to"}}
}

// assumeLister names the one account that has it.
func (p Place) assumeLister() []Permission {
	p.Account = p.Listing
	return p.member([]Permission{{Action: "sts:AssumeRole", Resource: p.ARN(Lister), Why: "acts through role " + string(Lister)}})
}

// hubTrust lets the hub's functions in, where only is read its auditor, too, and nobody
// of the account itself. The
// organization's id closes the account when the hub leaves the organization. A session
// that writes policies for another account's groups says for which.
func (p Place) hubTrust(r Role) []statement {
	hub := p
	hub.Account = p.Hub
	by := []string{hub.ARN(Remediate)}
	switch r { //nolint:exhaustive // the others write
	case Reader:
		by = []string{hub.ARN(Diagnose), hub.ARN(Remediate), hub.ARN(Auditor)}
	case Notifier:
		by = []string{hub.ARN(Diagnose), hub.ARN(Remediate)}
	case Lister:
		by = []string{hub.ARN(Diagnose)}
	}
	allow := func(action string) statement {
		return statement{
			Effect: "Allow", Principal: map[string]any{"AWS": "arn:" + p.Partition + ":iam::" + p.Hub + ":root"}, Action: action,
			Condition: conditions{"ArnEquals": {"aws:PrincipalArn": by}, "StringEquals": {"aws:PrincipalOrgID": {p.Organization}}},
		}
	}
	out := []statement{allow("sts:AssumeRole")}
	if r == PolicyWriter && len(p.Groups) > 0 {
		tagged := allow("sts:TagSession")
		tagged.Condition["ForAllValues:StringEquals"] = map[string][]string{"aws:TagKeys": {tag.Account}}
		out = append(out, tagged, allow("sts:SetSourceIdentity"))
	}
	return out
}

func (p Place) trustOfMember(r Role) []statement {
	if r == Forwarder {
		return p.forwarderTrust()
	}
	return p.hubTrust(r)
}

// forwarderTrust: EventBridge takes the role for the rules of the account itself only.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html
func (p Place) forwarderTrust() []statement {
	return []statement{{
		Effect: "Allow", Principal: map[string]any{"Service": "events.amazonaws.com"}, Action: "sts:AssumeRole",
		Condition: conditions{"StringEquals": {"aws:SourceAccount": {p.Account}}},
	}}
}
