package function

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"

	"keymend/infra/cfn"
)

// LogsProps are what the log groups need.
type LogsProps struct {
	Condition       awscdk.CfnCondition
	RetentionInDays *float64
	// Key encrypts the events instead of CloudWatch Logs' own key; its policy has to
	// let CloudWatch Logs use it (docs/deploy.md).
	Key cfn.Optional
}

// Logs are the functions' log groups, which hold the audit records.
type Logs struct {
	Names  map[string]*string // by function
	groups map[string]awscdk.CfnResource
}

// NewLogs makes the log groups. They outlive the stack, and nobody deletes them by
// mistake.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/protecting-log-groups-from-deletion.html
func NewLogs(scope constructs.Construct, id string, props LogsProps) Logs {
	in := cfn.Group(scope, id)
	cfn.Unset(in, "F3031") // of keys
	out := Logs{Names: map[string]*string{}, groups: map[string]awscdk.CfnResource{}}
	for _, name := range Names() {
		g := awslogs.NewCfnLogGroup(in, new(LogicalID(name)+"Log"), &awslogs.CfnLogGroupProps{
			LogGroupName: new("/aws/lambda/" + cfn.Prefix + name), RetentionInDays: props.RetentionInDays,
			KmsKeyId: props.Key.OrNothing(), DeletionProtectionEnabled: true,
		})
		g.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN, nil)
		cfn.Place(g, props.Condition)
		out.Names[name], out.groups[name] = g.Ref(), g
	}
	return out
}
