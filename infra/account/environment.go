package account

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"

	"keymend/infra/cfn"
	"keymend/pkg/settings"
)

// environment carries the settings to the functions: every name that they read.
func environment(changesURL *string, dedicated awscdk.CfnCondition) map[string]*string {
	return map[string]*string{
		settings.EnvMode: cfn.Ref("Mode"), settings.EnvScope: cfn.Ref("Scope"), settings.EnvOwnKey: cfn.Ref("OwnKey"),
		settings.EnvOwnershipTags: cfn.Ref("OwnershipTags"), settings.EnvSwitchParameter: cfn.Ref("SwitchParameter"),
		settings.EnvRolePrefix: new(cfn.Prefix), settings.EnvPartition: cfn.Ref("AWS::Partition"), settings.EnvChangesQueueURL: changesURL,
		settings.EnvVerifyReads: cfn.Ref("VerifyReads"), settings.EnvVerifyInterval: cfn.Ref("VerifyInterval"),
		settings.EnvAccounts:   awscdk.Token_AsString(map[string]any{"Fn::Join": []any{",", map[string]any{"Ref": "Accounts"}}}, nil),
		settings.EnvForeignKey: cfn.Ref("ForeignKey"), settings.EnvForeignStatements: cfn.Ref("ForeignStatements"),
		settings.EnvServiceLinkedRole: cfn.Either(dedicated, map[string]any{"Fn::Sub": "dedicated:${DedicatedRoleSuffix}"}, "keep"),
		settings.EnvCopyKey:           cfn.Ref("CopyKey"), settings.EnvMoveDefault: cfn.Ref("MoveDefault"),
	}
}
