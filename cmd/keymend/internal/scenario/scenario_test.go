package scenario_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"keymend/cmd/keymend/internal/scenario"
	"keymend/pkg/sandbox"
)

// TestScenariosAreBroken holds that every scenario's groups fail for their key, but for
// the one that is healthy. How the many groups stand is held by the scan of them.
func TestScenariosAreBroken(t *testing.T) {
	t.Parallel()
	for _, name := range scenario.Names() {
		if name == "many" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			box, err := sandbox.New(sandbox.Options{Switches: sandbox.DefaultSwitches()})
			must(t, err)
			t.Cleanup(func() { _ = box.Close() })
			url, err := box.Listen("127.0.0.1:0")
			must(t, err)
			must(t, scenario.Seed(t.Context(), name, url, box.Advance))
			box.Advance(time.Minute)
			asg := autoscaling.NewFromConfig(scenario.Config(url, scenario.Account, scenario.Region))
			groups, err := asg.DescribeAutoScalingGroups(t.Context(), &autoscaling.DescribeAutoScalingGroupsInput{})
			must(t, err)
			if len(groups.AutoScalingGroups) == 0 {
				t.Fatal("no group")
			}
			for _, g := range groups.AutoScalingGroups {
				out, err := asg.DescribeScalingActivities(t.Context(), &autoscaling.DescribeScalingActivitiesInput{AutoScalingGroupName: g.AutoScalingGroupName})
				must(t, err)
				last := out.Activities[len(out.Activities)-1]
				if name == "healthy" {
					if len(g.Instances) != 2 || last.StatusCode != astypes.ScalingActivityStatusCodeSuccessful {
						t.Errorf("%d in service, %s", len(g.Instances), last.StatusCode)
					}
					continue
				}
				if last.StatusCode != astypes.ScalingActivityStatusCodeCancelled || !strings.Contains(*last.StatusMessage, "KMS") {
					t.Errorf("%s: %s: %s", *g.AutoScalingGroupName, last.StatusCode, *last.StatusMessage)
				}
			}
		})
	}
	if err := scenario.Seed(t.Context(), "atlantis", "http://127.0.0.1:1", nil); err == nil || !strings.Contains(err.Error(), "own-key") {
		t.Errorf("a scenario that isn't there: %v", err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
