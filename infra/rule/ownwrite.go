package rule

import (
	"keymend/infra/cfn"
	"keymend/pkg/permission"
)

// ownWrite matches the calls that change something, by the roles that may make
// them. infra/template's tests hold it to pkg/permission, and to what the function
// understands.
func ownWrite() map[string]any {
	var roles []any
	for _, r := range []permission.Role{permission.Granter, permission.PolicyWriter, permission.GroupWriter, permission.Copier} {
		roles = append(roles, cfn.Prefix+string(r))
	}
	return map[string]any{
		"eventName": []any{
			"PutKeyPolicy", "CreateGrant", "RetireGrant", "CopyImage", "CopySnapshot", "DeregisterImage", "DeleteSnapshot",
			"CreateLaunchTemplateVersion", "ModifyLaunchTemplate", "CreateServiceLinkedRole", "UpdateAutoScalingGroup",
		},
		"errorCode":    []any{map[string]any{"exists": false}},
		"userIdentity": map[string]any{"sessionContext": map[string]any{"sessionIssuer": map[string]any{"userName": roles}}},
	}
}
