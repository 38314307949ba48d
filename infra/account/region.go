package account

import (
	"maps"
	"slices"
	"strings"

	"keymend/pkg/settings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"

	"keymend/infra/cfn"
	"keymend/pkg/permission"
	"keymend/pkg/settings/variable"
)

// approverRoleID is a parameter that no setting gives: IAM gives the role its id.
func approverRoleID() settings.Setting {
	return settings.Setting{
		Variable: variable.ApproverRoleID, Context: "approverRoleId", Pattern: "(AROA[A-Z0-9]+)?",
		Help: "Unique id of the role keymend-approver, whose sessions may approve here. None: nobody may.",
	}
}

// NewRegion makes the stack of a further Region of an account: all that the account's
// stack has but the roles, which are global. Those that the account's stack makes serve
// this one, too.
func NewRegion(scope constructs.Construct, id, region string, props Props) (awscdk.Stack, error) {
	stack := cfn.NewStack(scope, id, "Keymend in a further Region of an account. Its IAM roles are those of the account's stack, which is deployed first.", &awscdk.Environment{Region: &region})
	all := append(without(parameters(), "groupAccounts", "rolesOnly"), approverRoleID())
	if err := newParameters(stack, all, regional(props.Defaults, region)); err != nil {
		return nil, err
	}
	c := regionConditions(stack)
	c.reaching = cfn.Condition(stack, "OtherAccounts", given("Accounts"))
	queues := newSources(stack, c, nil)
	newFunctions(stack, c, queues, runs{code: props.Code, environment: environment(all, queues, c.dedicated), diagnose: roleARN(permission.Diagnose), remediate: roleARN(permission.Remediate)})
	return stack, nil
}

// regional are the settings of a further Region: a topic is that of the same name there,
// and a key the replica.
func regional(defaults map[string]string, region string) map[string]string {
	out := maps.Clone(defaults)
	for _, name := range []string{"actionTopic", "alarmTopic", "encryptionKey"} {
		if part := strings.SplitN(out[name], ":", 6); len(part) == 6 {
			part[3] = region
			out[name] = strings.Join(part, ":")
		}
	}
	out[approverRoleID().Context] = ""
	return out
}

// regionConditions are those of a stack without roles.
func regionConditions(stack awscdk.Stack) conditions {
	return conditions{
		dedicated: cfn.Condition(stack, "Dedicated", cfn.IsSet("DedicatedRoleSuffix")),
		copies:    cfn.Condition(stack, "Copies", cfn.Is("ForeignKey", "copy")),
		encrypted: cfn.Condition(stack, "OwnEncryption", cfn.IsSet("EncryptionKey")),
		alarming:  cfn.Condition(stack, "WithAlarmTopic", cfn.IsSet("AlarmTopic")),
		asking:    cfn.Condition(stack, "WithActionTopic", cfn.IsSet("ActionTopic")),
	}
}

// roleARN names a role that another stack of the account makes.
func roleARN(r permission.Role) *string {
	return awscdk.Fn_Sub(new("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/"+cfn.Prefix+string(r)), nil)
}

func without(all []settings.Setting, keys ...string) []settings.Setting {
	return slices.DeleteFunc(all, func(s settings.Setting) bool { return slices.Contains(keys, s.Context) })
}
