// Package function is the Lambda functions, what each takes its messages from, and
// their log groups.
package function

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	"github.com/aws/constructs-go/constructs/v10"

	"keymend/infra/cfn"
	"keymend/pkg/limit"
)

// The functions, by the name that their zips, roles and log groups have too.
const (
	Diagnose  = "diagnose"
	Remediate = "remediate"
)

// Names returns every function.
func Names() []string { return []string{Diagnose, Remediate} }

// Props are what the functions need; each map is by function.
type Props struct {
	Condition   awscdk.CfnCondition
	Code        map[string]string  // path of the zip
	Roles       map[string]*string // ARNs
	Sources     []Source
	Environment map[string]*string
	Logs        Logs // the functions' log groups
}

// A Source is a queue whose messages a function takes. Many at once cost what their
// distinct groups cost.
type Source struct {
	ID, Function string
	Queue        *string // ARN
	Batch        int     // messages at once
}

// New makes the functions, and lets them take the messages of their queues.
func New(scope constructs.Construct, id string, props Props) {
	in := cfn.Group(scope, id)
	functions := map[string]awslambda.CfnFunction{}
	for _, name := range Names() {
		functions[name] = newFunction(in, name, props)
	}
	for _, source := range props.Sources {
		mapping := &awslambda.CfnEventSourceMappingProps{
			EventSourceArn: source.Queue, FunctionName: functions[source.Function].Ref(), BatchSize: cfn.Number(source.Batch),
			FunctionResponseTypes: &[]*string{new("ReportBatchItemFailures")},
			// Of what two write at once, neither sees the other's in the log yet: see "Braked" in docs/deploy.md.
			ScalingConfig: &awslambda.CfnEventSourceMapping_ScalingConfigProperty{MaximumConcurrency: cfn.Number(2)},
		}
		if source.Batch > 1 {
			mapping.MaximumBatchingWindowInSeconds = cfn.Number(int(limit.Window.Seconds()))
		}
		cfn.Place(awslambda.NewCfnEventSourceMapping(in, &source.ID, mapping), props.Condition)
	}
}

func newFunction(in constructs.Construct, name string, props Props) awslambda.CfnFunction {
	code := awss3assets.NewAsset(in, new(LogicalID(name)+"Code"), &awss3assets.AssetProps{Path: new(props.Code[name])})
	function := awslambda.NewCfnFunction(in, new(LogicalID(name)), &awslambda.CfnFunctionProps{
		FunctionName: new(cfn.Prefix + name), Description: new("Keymend: " + name),
		Runtime: new("provided.al2023"), Architectures: &[]*string{new("arm64")}, Handler: new("bootstrap"),
		Code: &awslambda.CfnFunction_CodeProperty{S3Bucket: code.S3BucketName(), S3Key: code.S3ObjectKey()},
		Role: props.Roles[name], Timeout: cfn.Number(int(limit.Invocation.Seconds())), MemorySize: cfn.Number(256),
		Environment: &awslambda.CfnFunction_EnvironmentProperty{Variables: &props.Environment},
	})
	cfn.Place(function, props.Condition)
	// Lambda would make the log group itself, without retention.
	function.AddResourceDependency(props.Logs.groups[name], nil)
	return function
}

// LogicalID names a function within the template.
func LogicalID(name string) string { return cfn.Capital(name) }
