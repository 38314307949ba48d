package access

// Denies reports whether a near-miss is a Deny that applies, or may.
func (r Reason) Denies() bool {
	return r == DeniedUnderCondition || r == MayBeDenied || r == NotPrincipalNeedsMore
}

// Explain says a reason in a sentence that an operator understands.
func Explain(r Reason) string {
	if s, ok := decisionWords()[r]; ok {
		return s
	}
	if s, ok := nearMissWords()[r]; ok {
		return s
	}
	return string(r)
}

func decisionWords() map[Reason]string {
	return map[Reason]string{
		AllowedByStatement:      "a statement of the key policy allows it",
		AllowedByGrant:          "a grant allows it",
		AllowedThroughService:   "a statement allows it to everyone who comes by way of the service that its condition names, as AWS's own key policies do",
		AllowedByPrincipalARN:   "a statement allows it to everyone whose ARN fits its condition; that outlives the role's re-creation",
		AllowedByIdentity:       "the key policy leaves it to IAM, and an identity policy allows it",
		ManagedByAWS:            "the key is AWS's own for this account: whoever may use EBS may use it",
		DeniedByStatement:       "a statement of the key policy denies it explicitly",
		MayBeDenied:             "a statement of the key policy may deny it explicitly: whether it applies isn't known",
		DeniedByIdentity:        "an identity policy denies it explicitly",
		DeniedBySession:         "the session policy denies it explicitly",
		SessionTooNarrow:        "the session policy doesn't allow it",
		DeniedByBoundary:        "the role's permissions boundary denies it explicitly",
		BoundaryTooNarrow:       "the role's permissions boundary doesn't allow it",
		DeniedByServiceControl:  "a service control policy of the organization denies it explicitly",
		ServiceControlTooNarrow: "on some level of the organization no service control policy allows it",
		DeniedByResourceControl: "a resource control policy of the organization denies it explicitly",
		NoMatch:                 "no statement and no grant gives the principal this operation",
		KeyStateNotUsable:       "the key is in a state in which KMS refuses this operation to everyone",
		KeyStateNotKnown:        "the state of the key isn't known",
		KeyNotSymmetric:         "EBS can only use symmetric encryption keys",
		PolicyUnreadable:        "the key policy couldn't be read",
		GrantsUnreadable:        "the grants couldn't be listed",
		ConditionNotKnown:       "it depends on a condition whose value isn't known",
		IdentityNotKnown:        "it depends on identity policies that weren't given",
		StatementNotKnown:       "it depends on a statement that isn't understood in full",
		ForeignManagedByAWS:     "an AWS managed key serves its own account only, and can't be opened to another",
	}
}

func nearMissWords() map[Reason]string {
	return map[Reason]string{
		ServicePrincipal:        "it names a service; launches run as the service-linked role, not as the service",
		GrantConditionOnUse:     "kms:GrantIsForAWSResource exists only on CreateGrant, ListGrants and RevokeGrant; on any other operation the condition is never met",
		GrantConditionOnDirect:  "kms:GrantIsForAWSResource lets only an AWS service call CreateGrant, not a person or role directly",
		RootDelegates:           "it names the account, which leaves it to IAM policies; the service-linked role has none for KMS",
		OtherPrincipal:          "it names another role or user",
		DeadPrincipal:           "it names the id of a role or user that was deleted; a role of the same name is another principal",
		WrongRolePath:           "it names the role without its path aws-service-role/autoscaling.amazonaws.com/",
		WrongRoleSuffix:         "it names an Auto Scaling service-linked role of another suffix",
		OtherServiceLinkedRole:  "it names the service-linked role of another service",
		OtherAccount:            "it names a principal of another account",
		CrossAccountNeedsGrant:  "a key policy alone is never enough for a service-linked role of another account; that takes a grant",
		OrganizationWide:        "\"*\" opens the key to other accounts only where their own IAM policies agree; the service-linked role has none for KMS, so it takes a grant",
		OtherKey:                "it is about another key",
		MissingOperation:        "it names the principal but not this operation",
		NotAPermission:          "kms:ReEncrypt is a call, and no permission; the permissions are kms:ReEncryptFrom and kms:ReEncryptTo",
		WrongPartition:          "it names the role in another partition; ARNs of AWS GovCloud begin with arn:aws-us-gov, those of China with arn:aws-cn",
		ConditionNotMet:         "its condition isn't met",
		GrantConstraint:         "the grant's constraint on the encryption context isn't met",
		GrantLacksOperation:     "the grant doesn't hold this operation (or, for CreateGrant, not what EC2 has to hand on)",
		GrantToEarlierRole:      "the grant is to a role that was deleted; a role of the same name is another principal",
		GrantToOther:            "the grant is to another principal",
		GrantFromKeyAccount:     "the grant was issued by the key's account; it must be issued from the account of the group",
		InvalidStatement:        "the statement isn't in force: KMS wants Action or NotAction, and Resource \"*\"",
		NotPrincipalNeedsMore:   "NotPrincipal exempts a role for certain only if it names the account, the role and the role's session",
		WildcardInsidePrincipal: "a wildcard inside a principal's ARN matches nothing",
		OtherSession:            "it names another session of the role",
		DeniedUnderCondition:    "an explicit Deny applies because of its condition: whoever may do it must meet that too",
		ReplicaKey:              "a replica has a policy and grants of its own; those of the primary key don't count",
	}
}
