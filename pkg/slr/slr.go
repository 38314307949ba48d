// Package slr names the service-linked roles that launch instances, and the
// operations that they need on a key.
//
// It depends on nothing but the standard library and pkg/arn, so that the
// infrastructure shares it.
//
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/autoscaling-service-linked-role.html
package slr

import (
	"regexp"
	"strings"

	"keymend/pkg/arn"
)

// AutoScaling is the service whose roles Keymend opens keys to.
const AutoScaling = "autoscaling.amazonaws.com"

// Name is that of Auto Scaling's default role, and begins that of every other.
const Name = "AWSServiceRoleForAutoScaling"

// SpotName is the name of the role that Spot returns the ARN of.
const SpotName = "AWSServiceRoleForEC2Spot"

const (
	path = ":role/aws-service-role/"
	name = path + AutoScaling + "/" + Name
	spot = path + "spot.amazonaws.com/" + SpotName
)

// ARN returns the ARN of Auto Scaling's role with a suffix in an account; "" is
// the suffix of the default role.
func ARN(partition, account, suffix string) string {
	if suffix != "" {
		suffix = "_" + suffix
	}
	return "arn:" + partition + ":iam::" + account + name + suffix
}

// Spot returns the ARN of the role that launches the Spot instances of a launch
// configuration.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/service-linked-roles-spot-instance-requests.html
func Spot(partition, account string) string { return "arn:" + partition + ":iam::" + account + spot }

var (
	partitions = regexp.MustCompile(`^[a-z-]+$`)
	resources  = regexp.MustCompile(`^` + regexp.QuoteMeta(name[1:]) + `(_[\w+=,.@-]{1,35})?$`)
)

// Is reports whether an ARN is that of a role of Auto Scaling's in an account.
func Is(role, account string) bool {
	a, ok := arn.Parse(role)
	if !ok || len(account) != 12 || a.Account != account || !strings.HasPrefix(a.Partition, "aws") {
		return false
	}
	return partitions.MatchString(a.Partition) && a.Service == "iam" && a.Region == "" && resources.MatchString(a.Resource)
}

// IsSpot reports whether an ARN is that of an account's Spot role.
func IsSpot(role, account string) bool {
	return len(account) == 12 && arn.Partition(role) != "" && role == Spot(arn.Partition(role), account)
}

// Service returns the service whose role an ARN names, by the path of
// service-linked roles; "" where the ARN names another role.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-friendly-names
func Service(role string) string {
	_, rest, ok := strings.Cut(role, path)
	service, _, named := strings.Cut(rest, "/")
	if !ok || !named {
		return ""
	}
	return service
}

// Operations are the eight that AWS's procedure lets the role do on a key,
// without "kms:", sorted.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
func Operations() []string {
	return []string{
		"CreateGrant", "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey",
		"GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo",
	}
}
