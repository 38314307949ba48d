package plan

import (
	"fmt"
	"strings"

	"keymend/pkg/arn"
)

// autoScaling is the service whose roles Keymend opens keys to.
const autoScaling = "autoscaling.amazonaws.com"

// service returns the service whose service-linked role the principal is, by
// the path of such roles; Auto Scaling's where the path doesn't say.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-friendly-names
func (f Finding) service() string {
	_, path, ok := strings.Cut(f.Principal.ARN, ":role/aws-service-role/")
	if service, _, named := strings.Cut(path, "/"); ok && named {
		return service
	}
	return autoScaling
}

// spot reports whether the principal is the role of the group's account as which
// the Spot instances of a launch configuration are launched. It needs what the
// group's own role needs.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/service-linked-roles-spot-instance-requests.html
func (f Finding) spot() bool {
	return f.Principal.ARN == "arn:"+arn.Partition(f.Principal.ARN)+":iam::"+f.Account+":role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot"
}

// foreignSpot: Keymend's statement in another account's policy is for grants to
// Auto Scaling's roles only.
func (f Finding) foreignSpot() *NoFix {
	return &NoFix{OtherService,
		fmt.Sprintf("%s belongs to account %s, whose key policy doesn't let account %s create the grant to %s that the launch needs; Keymend lets it create grants to Auto Scaling's roles only.",
			f.Facts.Key.ARN, f.KeyAccount(), f.Account, f.Principal.ARN),
		fmt.Sprintf("The owner of the key, account %s, lets account %s do kms:CreateGrant on it. %s", f.KeyAccount(), f.Account, f.grantByHand())}
}

// otherService: Keymend writes for Auto Scaling's roles and for the Spot role, so
// any other is a person's.
func (f Finding) otherService() *NoFix {
	key := f.Facts.Key.ARN
	return &NoFix{OtherService,
		fmt.Sprintf("%s may not use %s; it is a role of %s, and Keymend opens keys to Auto Scaling's roles and to AWSServiceRoleForEC2Spot only.", f.Principal.ARN, key, f.service()),
		f.grantByHand()}
}

func (f Finding) grantByHand() string {
	return fmt.Sprintf("Run `aws kms create-grant --region %s --key-id %s --grantee-principal %s --operations %s`.",
		f.Region, f.Facts.Key.ARN, f.Principal.ARN, strings.Join(operations(), " "))
}
