package access

// A Reason names why an answer came out as it did, or why a statement or grant
// that looks like access isn't. The set is closed; Explain has a sentence for
// each.
type Reason string

// Reasons that decide.
const (
	AllowedByStatement  Reason = "allowed-by-statement"
	AllowedByGrant      Reason = "allowed-by-grant"
	AllowedByIdentity   Reason = "allowed-by-identity-policy"
	ManagedByAWS        Reason = "aws-managed-key"       // aws/ebs of the own account: nothing needed
	DeniedByStatement   Reason = "denied-by-statement"   // explicit Deny
	MayBeDenied         Reason = "may-be-denied"         // by a Deny of the key policy, for all that is known
	NoMatch             Reason = "no-matching-statement" // nothing matches
	KeyStateNotUsable   Reason = "key-state-not-usable"
	KeyNotSymmetric     Reason = "key-not-symmetric"
	PolicyUnreadable    Reason = "policy-unreadable"
	GrantsUnreadable    Reason = "grants-unreadable"
	ConditionNotKnown   Reason = "condition-not-known"
	ForeignManagedByAWS Reason = "aws-managed-key-of-another-account"
	DeniedByIdentity    Reason = "denied-by-identity-policy"
	DeniedBySession     Reason = "denied-by-session-policy"
	SessionTooNarrow    Reason = "session-policy-lacks-it"
	IdentityNotKnown    Reason = "identity-policies-not-known"

	// What walls refuse: see Walls.
	DeniedByBoundary        Reason = "denied-by-permissions-boundary"
	BoundaryTooNarrow       Reason = "permissions-boundary-lacks-it"
	DeniedByServiceControl  Reason = "denied-by-service-control-policy"
	ServiceControlTooNarrow Reason = "service-control-policies-lack-it"
	DeniedByResourceControl Reason = "denied-by-resource-control-policy"

	KeyStateNotKnown  Reason = "key-state-not-known"
	StatementNotKnown Reason = "statement-not-understood" // members or operators of a newer grammar

	// Unusual forms that are access: "*", narrowed by a condition.
	AllowedThroughService Reason = "allowed-through-service"  // kms:ViaService, as AWS's own key policies do
	AllowedByPrincipalARN Reason = "allowed-by-principal-arn" // aws:PrincipalArn
)

// Near-misses: what looks like access and isn't.
const (
	ServicePrincipal        Reason = "service-principal"
	GrantConditionOnUse     Reason = "grant-condition-on-use-operations"
	RootDelegates           Reason = "root-delegates-to-iam"
	OtherPrincipal          Reason = "other-principal"
	DeadPrincipal           Reason = "dead-principal"
	WrongRolePath           Reason = "wrong-role-path"
	WrongRoleSuffix         Reason = "wrong-role-suffix"
	OtherServiceLinkedRole  Reason = "other-service-linked-role"
	OtherAccount            Reason = "other-account"
	CrossAccountNeedsGrant  Reason = "cross-account-needs-grant"
	OtherKey                Reason = "other-key"
	MissingOperation        Reason = "missing-operation"
	NotAPermission          Reason = "not-a-permission" // kms:ReEncrypt, which is a call
	WrongPartition          Reason = "wrong-partition"
	ConditionNotMet         Reason = "condition-not-met"
	GrantConstraint         Reason = "grant-constraint"
	GrantLacksOperation     Reason = "grant-lacks-operation"
	GrantToEarlierRole      Reason = "grant-to-earlier-role"
	GrantToOther            Reason = "grant-to-other-principal"
	InvalidStatement        Reason = "invalid-statement"
	NotPrincipalNeedsMore   Reason = "not-principal-denies-account"
	WildcardInsidePrincipal Reason = "wildcard-inside-principal"
	GrantConditionOnDirect  Reason = "grant-condition-on-direct-call"
	OrganizationWide        Reason = "organization-wide-needs-grant"
	ReplicaKey              Reason = "replica-has-its-own-policy"
	GrantFromKeyAccount     Reason = "grant-from-key-account"
	OtherSession            Reason = "other-session"
	DeniedUnderCondition    Reason = "denied-under-condition" // a Deny that hangs on the request, not on the role
)
