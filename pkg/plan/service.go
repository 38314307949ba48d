package plan

import (
	"fmt"
	"strings"
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

// otherService: AWSServiceRoleForEC2Spot launches the Spot instances of a launch
// configuration, and needs what the group's role needs. Keymend writes for Auto
// Scaling's roles only, so this one is a person's, in AWS's own words.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/service-linked-roles-spot-instance-requests.html
func (f Finding) otherService() *NoFix {
	key := f.Facts.Key.ARN
	return &NoFix{OtherService,
		fmt.Sprintf("%s may not use %s; it is a role of %s, and Keymend opens keys to Auto Scaling's roles only.", f.Principal.ARN, key, f.service()),
		fmt.Sprintf("Either run `aws kms create-grant --region %s --key-id %s --grantee-principal %s --operations %s`, or add these statements to the key's policy: %s",
			f.Region, key, f.Principal.ARN, strings.Join(operations(), " "), f.byHand())}
}

// byHand is Code under other Sids: Keymend's mark what Keymend may take out.
func (f Finding) byHand() string {
	role := f.Principal.ARN[strings.LastIndexByte(f.Principal.ARN, '/')+1:]
	return strings.NewReplacer(`"KeymendUse"`, `"`+role+` use"`, `"KeymendCreateGrant"`, `"`+role+` grants"`).Replace(Code(f))
}
