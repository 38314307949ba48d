// Package cfn has what the constructs write CloudFormation with: references, and
// resources under the logical ids that they are given.
package cfn

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
)

// Prefix begins the names of all that Keymend deploys.
const Prefix = "keymend-"

// NewStack makes a stack whose functions' code lies in the CDK's bucket. The CLI checks the
// bootstrap version by the assembly's manifest: no rule of the template does so once more,
// with a parameter that nobody sets.
func NewStack(scope constructs.Construct, id, description string, env *awscdk.Environment) awscdk.Stack {
	return newStack(scope, id, description, env, awscdk.NewDefaultStackSynthesizer(&awscdk.DefaultStackSynthesizerProps{GenerateBootstrapVersionRule: new(false)}))
}

// NewPlainStack makes a stack without assets, which is plain CloudFormation: StackSets
// take it, and it is deployed without a bucket.
func NewPlainStack(scope constructs.Construct, id, description string, env *awscdk.Environment) awscdk.Stack {
	return newStack(scope, id, description, env, awscdk.NewBootstraplessSynthesizer(&awscdk.BootstraplessSynthesizerProps{}))
}

func newStack(scope constructs.Construct, id, description string, env *awscdk.Environment, by awscdk.IStackSynthesizer) awscdk.Stack {
	return awscdk.NewStack(scope, &id, &awscdk.StackProps{Description: &description, AnalyticsReporting: new(false), Env: env, Synthesizer: by})
}

// Group makes a construct that holds others.
func Group(scope constructs.Construct, id string) constructs.Construct {
	return constructs.NewConstruct(scope, &id)
}

// Place gives a resource its construct's id as logical id, and the condition under
// which it is there; nil: always.
func Place(r awscdk.CfnResource, condition awscdk.CfnCondition) {
	r.OverrideLogicalId(r.Node().Id())
	if condition != nil {
		r.CfnOptions().SetCondition(condition)
	}
}

// Ref gives what a parameter holds, or how a resource is referred to.
func Ref(name string) *string { return awscdk.Fn_Ref(&name) }

// GetAtt gives an attribute of a resource.
func GetAtt(name, attribute string) *string {
	return awscdk.Token_AsString(awscdk.Fn_GetAtt(&name, &attribute), nil)
}

// NoValue is nothing: what has it isn't there.
func NoValue() *string { return Ref("AWS::NoValue") }

// Either gives one value where the condition holds, and another where it doesn't.
func Either(condition awscdk.CfnCondition, holds, doesNot any) *string {
	return awscdk.Token_AsString(awscdk.Fn_ConditionIf(condition.LogicalId(), holds, doesNot), nil)
}

// Condition makes a condition of a stack.
func Condition(stack awscdk.Stack, name string, e awscdk.ICfnConditionExpression) awscdk.CfnCondition {
	return awscdk.NewCfnCondition(stack, &name, &awscdk.CfnConditionProps{Expression: e})
}

// Is holds where a parameter has a value.
func Is(parameter, value string) awscdk.ICfnConditionExpression {
	return awscdk.Fn_ConditionEquals(Ref(parameter), &value)
}

// IsSet holds where a parameter isn't empty.
func IsSet(parameter string) awscdk.ICfnConditionExpression {
	return awscdk.Fn_ConditionNot(Is(parameter, ""))
}

// Number returns n as the CDK takes numbers.
func Number(n int) *float64 {
	f := float64(n)
	return &f
}

// An Optional is a parameter, and the condition that it is set.
type Optional struct {
	Value *string
	Given awscdk.CfnCondition
}

// OrNothing gives the value, and nothing where it isn't set.
func (o Optional) OrNothing() *string { return Either(o.Given, o.Value, NoValue()) }

// Unset has the CDK's own validation leave out a rule about the form of values: it
// takes the default of a parameter for one, though its condition doesn't hold then.
func Unset(in constructs.Construct, rule string) {
	awscdk.Validations_Of(in).Acknowledge(&awscdk.Acknowledgment{
		Id: new("CloudFormation-Validate::" + rule), Reason: new("The value is only there where the parameter is set."),
	})
}
