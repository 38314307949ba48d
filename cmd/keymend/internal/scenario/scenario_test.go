package scenario_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"keymend/cmd/keymend/internal/scenario"
	"keymend/pkg/sandbox/sandboxtest"
)

// TestScenariosAreBroken holds that every scenario's groups fail for their key, but for
// the one that is healthy. How many groups stand, of all kinds, is held elsewhere.
func TestScenariosAreBroken(t *testing.T) {
	t.Parallel()
	for _, name := range scenario.Names() {
		if name == "account" || name == "many" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			box, url := sandboxtest.Start(t)
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

// TestOneAccount: in the scenario account a group launches, or its key is in the way.
func TestOneAccount(t *testing.T) {
	t.Parallel()
	box, url := sandboxtest.Start(t)
	must(t, scenario.Seed(t.Context(), "account", url, box.Advance))
	got, err := scenario.Look(t.Context(), url, scenario.Account)
	must(t, err)
	var launch, fail []string
	for i, name := range got.Names {
		switch got.Groups[i] {
		case name + ": 2 of 2 in service":
			launch = append(launch, name)
		case name + ": 0 of 2 in service":
			fail = append(fail, name)
		}
	}
	if want := "api-canary api-eu api-internal api-us edge ledger store store-replica vault"; strings.Join(launch, " ") != want {
		t.Errorf("%s launch, and not %s", launch, want)
	}
	if want := "batch-prod eks-workers-2ac1a2b3-0f1e-2d3c-4b5a-69788796a5b4 partner-import payments reports search web-canary web-prod"; strings.Join(fail, " ") != want {
		t.Errorf("%s fail, and not %s", fail, want)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
