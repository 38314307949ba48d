package scenario

import (
	"strings"

	"keymend/pkg/slr"
)

// groupRole is the role that groups launch as.
func groupRole(account string) string { return slr.ARN("aws", account, "") }

func policy(statements ...string) string {
	return `{"Version":"2012-10-17","Id":"key-default-1","Statement":[` + strings.Join(statements, ",") + `]}`
}

// root is the statement of KMS's default key policy.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
func root(account string) string {
	return `{"Sid":"Enable IAM User Permissions","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"kms:*","Resource":"*"}`
}

// kept lets a role manage the key, and nobody else.
func kept(role string) string {
	return `{"Sid":"Keeper","Effect":"Allow","Principal":{"AWS":"` + role + `"},"Action":"kms:*","Resource":"*"}`
}

// open are AWS's two statements for a group's role.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
func open(account string) string {
	return `{"Sid":"Allow use of the key","Effect":"Allow","Principal":{"AWS":"` + groupRole(account) + `"},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"*"},` +
		`{"Sid":"Allow attachment of persistent resources","Effect":"Allow","Principal":{"AWS":"` + groupRole(account) + `"},"Action":"kms:CreateGrant","Resource":"*","Condition":{"Bool":{"kms:GrantIsForAWSResource":true}}}`
}

// shared are AWS's two statements by which a key's owner lets another account make the
// grant that its groups' role needs (same page).
func shared(account string) string {
	return `{"Sid":"Allow external account use of the key","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"*"},` +
		`{"Sid":"Allow attachment of persistent resources in external account","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"kms:CreateGrant","Resource":"*"}`
}

// inside denies the key's use to all that doesn't come from the company's addresses,
// and so to EBS.
func inside() string {
	return `{"Sid":"DenyOutside","Effect":"Deny","Principal":"*","Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:CreateGrant"],"Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}}`
}
