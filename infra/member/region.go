package member

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"
	"github.com/aws/constructs-go/constructs/v10"

	"keymend/infra/cfn"
	"keymend/infra/rule"
	"keymend/pkg/permission"
	"keymend/pkg/signal"
)

// NewRegion makes the stack with the rules of one Region and its two brakes. Where
// its events go is a mapping, made of the settings: StackSets have no parameter for each
// Region that new accounts would get, too.
func NewRegion(scope constructs.Construct, id string, props Props) awscdk.Stack {
	stack := cfn.NewPlainStack(scope, id, "Keymend in one Region of an account of an organization: rules that send AWS's events to the hub.", nil)
	newParameters(stack, append(common(props),
		parameter{"mode", "unitsMode", "What the hub may do here at most: observe: record only; propose: publish plans; enforce: carry out what is consented to", "observe"},
	))
	to := map[string]*map[string]any{}
	for _, region := range props.Organization.Regions {
		to[region] = &map[string]any{"Region": props.Organization.HubRegion(region)}
	}
	awscdk.NewCfnMapping(stack, new("Hub"), &awscdk.CfnMappingProps{Mapping: &to})
	// What the owner sets it to stays: no roll-out changes the value here.
	newParameter(stack, "Switch", Switch, "on", "The account owner's: Keymend writes nothing here unless this is on")
	hub := awscdk.Fn_FindInMap(new("Hub"), cfn.Ref("AWS::Region"), new("Region"), nil)
	wave := `{"mode":"${Mode}","hub":"${HubRegion}","ownKey":"${OwnKey}","foreignKey":"${ForeignKey}"}` // settings.Wave
	newParameter(stack, "Wave", permission.Wave, *awscdk.Fn_Sub(&wave, &map[string]*string{"HubRegion": hub}), "The organization's: what Keymend may do here at most, and from which Region")
	copies := cfn.Condition(stack, "Copies", cfn.Is("ForeignKey", "copy"))
	rules := map[string]awscdk.CfnCondition{}
	for _, r := range signal.Rules() {
		switch {
		case r.Schedule != "", r.Elsewhere: // the hub's own; and nobody here writes elsewhere
		case r.Copies:
			rules[r.ID] = copies
		default:
			rules[r.ID] = nil
		}
	}
	rule.New(stack, "Rules", rule.Props{Rules: rules, Forward: true, Signals: rule.Target{
		Bus:  awscdk.Fn_Sub(new("arn:${AWS::Partition}:events:${HubRegion}:${HubAccount}:event-bus/"+rule.Bus), &map[string]*string{"HubRegion": hub}),
		Role: awscdk.Fn_Sub(new("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/"+cfn.Prefix+string(permission.Forwarder)), nil),
	}})
	return stack
}

func newParameter(stack awscdk.Stack, id, name, value, description string) {
	cfn.Place(awsssm.NewCfnParameter(stack, &id, &awsssm.CfnParameterProps{Name: &name, Type: new("String"), Value: &value, Description: &description}), nil)
}
