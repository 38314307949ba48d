package account

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"

	"keymend/pkg/settings"

	"keymend/infra/cfn"
	"keymend/infra/queue"
	"keymend/pkg/settings/variable"
)

// environment carries the settings to the functions: each parameter that has a
// variable, and what the stack itself knows.
func environment(parameters []settings.Setting, queues queue.Queues, dedicated awscdk.CfnCondition) map[string]*string {
	out := map[string]*string{}
	for _, s := range parameters {
		if s.Variable != "" {
			out[s.Variable] = value(s)
		}
	}
	out[variable.RolePrefix], out[variable.Partition] = new(cfn.Prefix), cfn.Ref("AWS::Partition")
	out[variable.ChangesQueueURL], out[variable.LooksQueueURL], out[variable.DriftQueueURL] = queues.ChangesURL, queues.LooksURL, queues.DriftURL
	out[variable.ServiceLinkedRole] = cfn.Either(dedicated, map[string]any{"Fn::Sub": "dedicated:${DedicatedRoleSuffix}"}, "keep")
	return out
}
