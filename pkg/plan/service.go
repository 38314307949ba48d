package plan

import (
	"fmt"

	"keymend/pkg/slr"
)

// otherServices reports whether the principal is of another service than Keymend opens
// keys to: Auto Scaling's roles, and the Spot role of the group's account, which
// needs what the group's own role needs.
func (f Finding) otherServices() bool {
	service := slr.Service(f.Principal.ARN)
	return service != "" && service != slr.AutoScaling && !slr.IsSpot(f.Principal.ARN, f.Account)
}

// foreignSpot: Keymend's statement in another account's policy is for grants to
// Auto Scaling's roles only.
func (f Finding) foreignSpot() *NoFix {
	return &NoFix{OtherService,
		fmt.Sprintf("%s belongs to account %s, whose key policy doesn't let account %s create the grant to %s that the launch needs; Keymend lets it create grants to Auto Scaling's roles only.",
			f.Facts.Key.ARN, f.KeyAccount(), f.Account, f.Principal.ARN),
		fmt.Sprintf("The owner of the key, account %s, lets account %s do kms:CreateGrant on it; then someone there makes the grant.", f.KeyAccount(), f.Account)}
}

// otherService: Keymend writes for Auto Scaling's roles and for the Spot role, so
// any other is a person's.
func (f Finding) otherService() *NoFix {
	key := f.Facts.Key.ARN
	return &NoFix{OtherService,
		fmt.Sprintf("%s may not use %s; it is a role of %s, and Keymend opens keys to Auto Scaling's roles and to AWSServiceRoleForEC2Spot only.", f.Principal.ARN, key, slr.Service(f.Principal.ARN)),
		"Make the grant by hand."}
}
