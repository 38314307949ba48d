package differential_test

import "slices"

// A contextKey is a condition key with its type, as the IAM reference and the
// Service Authorization Reference give it.
type contextKey struct {
	name  string
	kind  string   // String, ARN, Bool, Numeric, Date, IPAddress, Binary
	multi bool     // ArrayOf…: needs a set operator
	is    []string // values that the request may have; "" = absent
}

// contextKeys are the keys whose values vary freely.
func contextKeys() []contextKey {
	return []contextKey{
		{"kms:ViaService", "String", false, []string{"ec2.eu-west-1.amazonaws.com", "ec2.us-east-1.amazonaws.com", "s3.eu-west-1.amazonaws.com", ""}},
		{"kms:GrantIsForAWSResource", "Bool", false, []string{"true", "true", "false", ""}},
		{"kms:GranteePrincipal", "String", false, []string{roleARN(accountA, "", "deployer"), "ec2.amazonaws.com", ""}},
		{"kms:GrantConstraintType", "String", false, []string{"EncryptionContextEquals", "EncryptionContextSubset", ""}},
		{"kms:GrantOperations", "String", true, []string{"Decrypt", "Encrypt", "CreateGrant", "DescribeKey"}},
		{"kms:EncryptionContextKeys", "String", true, []string{"aws:ebs:id", "department"}},
		{"kms:EncryptionContext:aws:ebs:id", "String", false, []string{"vol-080f7a32d290807f3", "vol-1", ""}},
		{"kms:EncryptionAlgorithm", "String", false, []string{"SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_256", ""}},
		{"kms:RequestAlias", "String", false, []string{"alias/ebs", "alias/team/data", ""}},
		{"kms:ReEncryptOnSameKey", "Bool", false, []string{"true", "false", ""}},
		{"kms:ResourceAliases", "String", true, []string{"alias/ebs", "alias/team/data"}},
		{"aws:PrincipalOrgID", "String", false, []string{"o-a1b2c3d4e5", "o-zzzzzzzzzz", ""}},
		{"aws:PrincipalOrgPaths", "String", true, []string{"o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/"}},
		{"aws:RequestedRegion", "String", false, []string{"eu-west-1", "us-east-1"}},
		{"aws:PrincipalType", "String", false, []string{"AssumedRole", "User", ""}},
		{"aws:userid", "String", false, []string{"AROAMINEMINEMINEMINE1:AutoScaling", "AIDAMINEMINEMINEMINE1"}},
		{"aws:PrincipalTag/team", "String", false, []string{"storage", "Storage Team", "a*b", "st?rage", ""}},
		{"aws:PrincipalTag/key", "String", false, []string{keyID, "*", otherID, ""}},
		{"aws:PrincipalTag/level", "Numeric", false, []string{"7", "-3", "7.5", "007", ""}},
		{"aws:PrincipalTag/blob", "Binary", false, []string{"a2V5bWVuZA==", "AAEC", ""}},
		{"aws:ResourceTag/stage", "String", false, []string{"production", "test", ""}},
		{"aws:ResourceAccount", "String", false, []string{accountA, accountB}},
		{"aws:SourceIp", "IPAddress", false, []string{"203.0.113.17", "10.1.2.3", "2001:db8:1234:5678::1", ""}},
		{"aws:VpcSourceIp", "IPAddress", false, []string{"10.1.2.3", "172.16.9.9", ""}},
		{"aws:SourceVpc", "String", false, []string{"vpc-1a2b3c4d", ""}},
		{"aws:SourceVpce", "String", false, []string{"vpce-1a2b3c4d", ""}},
		{"aws:SourceArn", "ARN", false, []string{"arn:aws:ec2:eu-west-1:111122223333:instance/i-0123456789abcdef0", "arn:aws:sns:us-east-1:444455556666:topic:sub", ""}},
		{"aws:SecureTransport", "Bool", false, []string{"true"}},
		{"aws:ViaAWSService", "Bool", false, []string{"true", "false"}},
		{"aws:PrincipalIsAWSService", "Bool", false, []string{"false"}},
		{"aws:MultiFactorAuthPresent", "Bool", false, []string{"true", "false", ""}},
		{"aws:MultiFactorAuthAge", "Numeric", false, []string{"300", "86400", "0", ""}},
		{"aws:CurrentTime", "Date", false, []string{"2026-11-23T21:30:00Z", "2026-01-01T00:00:00Z"}},
		{"aws:TokenIssueTime", "Date", false, []string{"2026-11-23T20:00:00Z", ""}},
		{"aws:EpochTime", "Date", false, []string{"1795469400"}},
		{"aws:CalledVia", "String", true, []string{"cloudformation.amazonaws.com", "athena.amazonaws.com"}},
		{"aws:CalledViaFirst", "String", false, []string{"cloudformation.amazonaws.com", ""}},
		{"aws:TagKeys", "String", true, []string{"team", "stage"}},
		{"aws:UserAgent", "String", false, []string{"autoscaling.amazonaws.com", "aws-cli/2.1 (x; y) [z]", ""}},
	}
}

// fixedKeys follow from principal and key.
func fixedKeys() []contextKey {
	return []contextKey{
		{name: "aws:PrincipalArn", kind: "ARN"}, {name: "aws:PrincipalAccount", kind: "String"},
		{name: "kms:CallerAccount", kind: "String"}, {name: "kms:KeySpec", kind: "String"},
		{name: "kms:KeyUsage", kind: "String"}, {name: "kms:KeyOrigin", kind: "String"},
		{name: "kms:MultiRegion", kind: "Bool"}, {name: "kms:MultiRegionKeyType", kind: "String"},
	}
}

// makeContext gives each key a value, or not. Keys that an operation doesn't
// carry are given too: both evaluators have to leave them aside.
func (m *maker) makeContext() map[string][]string {
	k := m.q.key
	out := map[string][]string{
		"aws:PrincipalArn": {m.q.principal.ARN}, "aws:PrincipalAccount": {m.q.account()}, "kms:CallerAccount": {m.q.account()},
		"kms:KeySpec": {k.Spec}, "kms:KeyUsage": {k.Usage}, "kms:KeyOrigin": {k.Origin}, "kms:MultiRegion": {"false"},
	}
	if k.MultiRegion {
		out["kms:MultiRegion"], out["kms:MultiRegionKeyType"] = []string{"true"}, []string{k.MultiRegionType}
	}
	for _, key := range contextKeys() {
		if key.multi {
			if m.chance(70) {
				out[key.name] = some(m, key.is, len(key.is))
			}
		} else if v := one(m, key.is); v != "" {
			out[key.name] = []string{v}
		}
	}
	return out
}

// multiValued reports whether a key may have several values in a request.
func multiValued(name string) bool {
	return slices.ContainsFunc(contextKeys(), func(k contextKey) bool { return k.multi && equalFold(k.name, name) })
}

// carries reports whether requests for the operation carry the key, by the
// Service Authorization Reference's table for KMS. Written apart from the
// product's, so that the two check each other.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html
func carries(operation, key string) bool {
	only := map[string][]string{
		"kms:GrantIsForAWSResource":        {"CreateGrant"},
		"kms:GranteePrincipal":             {"CreateGrant"},
		"kms:GrantConstraintType":          {"CreateGrant"},
		"kms:GrantOperations":              {"CreateGrant"},
		"kms:ReEncryptOnSameKey":           {"ReEncryptFrom", "ReEncryptTo"},
		"kms:EncryptionContextKeys":        slices.DeleteFunc(operations(), func(o string) bool { return o == "DescribeKey" }),
		"kms:EncryptionContext:aws:ebs:id": slices.DeleteFunc(operations(), func(o string) bool { return o == "DescribeKey" }),
		"kms:EncryptionAlgorithm":          slices.DeleteFunc(operations(), func(o string) bool { return o == "DescribeKey" || o == "CreateGrant" }),
		"kms:RequestAlias":                 slices.DeleteFunc(operations(), func(o string) bool { return o == "CreateGrant" }),
	}
	in, limited := only[key]
	return !limited || slices.Contains(in, operation)
}
