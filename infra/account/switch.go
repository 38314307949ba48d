package account

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"

	"keymend/infra/cfn"
)

// newSwitch makes the parameter that stops every write unless it is on. What a
// person sets it to stays until its value here changes.
func newSwitch(stack awscdk.Stack, condition awscdk.CfnCondition) {
	cfn.Place(awsssm.NewCfnParameter(stack, new("Switch"), &awsssm.CfnParameterProps{
		Name: cfn.Ref("SwitchParameter"), Type: new("String"), Value: new("on"), Description: new("Keymend writes while this is on"),
	}), condition)
}
