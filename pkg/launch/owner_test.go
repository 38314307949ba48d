package launch_test

import (
	"strings"
	"testing"

	"keymend/pkg/launch"
)

// TestOwner: each service's mark, by tag or by name, and what it forbids.
func TestOwner(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		tags []string // key, value, …
		want string   // how it begins; "" = nobody's
		says string
	}{
		{"web", nil, "", ""},
		{"web", []string{"team", "eks"}, "", ""},
		{"eks-things-of-ours", nil, "", ""}, // anyone may name a group so
		{"eks-workers-0ac1", []string{"eks:nodegroup-name", "workers", "eks:cluster-name", "prod"}, "eks", "node group workers of cluster prod: image and template change through aws eks update-nodegroup-version only"},
		{"eks-workers-0ac1", []string{"eks:nodegroup-name", "{eks:nodegroup-name}"}, "eks", "node group {eks:nodegroup-name} of cluster (no tag eks:cluster-name)"},
		{"awseb-e-abcdefghij-stack-AWSEBAutoScalingGroup-1", nil, "elasticbeanstalk", "(no tag elasticbeanstalk:environment-name)"},
		{"x", []string{"elasticbeanstalk:environment-name", "shop", "aws:cloudformation:stack-name", "awseb-e-1-stack"}, "elasticbeanstalk", "and cloudformation (stack awseb-e-1-stack undoes a change of the group"},
		{"AWSBatch-env-asg-1", nil, "batch", "compute environment"},
		{"x", []string{"AWSBatchServiceTag", "batch"}, "batch", "compute environment"},
		{"x", []string{"AmazonECSManaged", ""}, "ecs", "the template is yours"},
		{"x", []string{"GameLift", "GameServerGroups"}, "gamelift", "game server group"},
		{"x", []string{"GameLift", "fans"}, "", ""},
		{"LaunchWizard-SAP-1", nil, "launch-wizard", "deployment"},
		{"x", []string{"aws:cloudformation:stack-name", "prod-web"}, "cloudformation", "stack prod-web undoes a change of the group by hand"},
	} {
		tags := map[string]string{}
		for i := 0; i < len(tc.tags); i += 2 {
			tags[tc.tags[i]] = tc.tags[i+1]
		}
		got := launch.Owner(tc.name, tags)
		if (got == "") != (tc.want == "") || !strings.HasPrefix(got, tc.want) || !strings.Contains(got, tc.says) {
			t.Errorf("%s %v: %s", tc.name, tc.tags, got)
		}
	}
}
