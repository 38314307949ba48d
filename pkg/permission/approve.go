package permission

// approve is what a person needs who approves a proposal: to read it, and to hand it to
// remediate, which holds it to the facts, to the guard and to who sent it.
func (p Place) approve() []Permission {
	return []Permission{
		{Action: "logs:FilterLogEvents", Resource: p.logStreams(Diagnose), Why: "reads the proposal"},
		{Action: "sqs:GetQueueUrl", Resource: p.queue(p.Changes), Why: "where remediate takes changes from"},
		{Action: "sqs:SendMessage", Resource: p.queue(p.Changes), Why: "hands it to remediate; SQS says who sent it"},
	}
}

// approverTrust lets identities of the account in that its IAM policies let assume the
// role, each under its own name only: a user's session has the user's name, a session's
// has its own name. So what SQS says of a message's sender is who approved, and nobody
// approves in another's name. Where a variable stands for nothing, nobody gets in.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#ck_rolesessionname
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable
func (p Place) approverTrust() []statement {
	account := map[string]any{"AWS": p.at("iam", "", "root")}
	in := func(operator, key, value string) statement {
		return statement{Effect: "Allow", Principal: account, Action: "sts:AssumeRole", Condition: conditions{operator: {key: {value}}}}
	}
	return []statement{
		in("StringEquals", "sts:RoleSessionName", "${aws:username}"),
		in("StringLike", "aws:userid", "*:${sts:RoleSessionName}"),
	}
}
