package observe_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"keymend/pkg/observe"
)

// TestWhichGroupsLack: what is in service is counted in the units of the desired capacity,
// by the weights that instances have.
func TestWhichGroupsLack(t *testing.T) {
	t.Parallel()
	instance := func(weight, state, health string) string {
		return fmt.Sprintf("<member><InstanceId>i-1</InstanceId><LifecycleState>%s</LifecycleState><HealthStatus>%s</HealthStatus>%s</member>", state, health, weight)
	}
	of := func(n string) string { return "<WeightedCapacity>" + n + "</WeightedCapacity>" }
	for name, tc := range map[string]struct {
		desired          int
		instances, other string
		lacks, stuck     bool
		gone             bool
	}{
		"whole":                 {desired: 1, instances: instance("", "InService", "Healthy")},
		"lacks one":             {desired: 2, instances: instance("", "InService", "Healthy"), lacks: true},
		"whole by weights":      {desired: 4, instances: instance(of("2"), "InService", "Healthy") + instance(of("2"), "InService", "Healthy")},
		"lacks by weights":      {desired: 4, instances: instance(of("1"), "InService", "Healthy") + instance(of("2"), "InService", "Healthy"), lacks: true},
		"more than it shall":    {desired: 3, instances: instance(of("4"), "InService", "Healthy")},
		"one is unhealthy":      {desired: 1, instances: instance("", "InService", "Unhealthy"), lacks: true},
		"one is on its way":     {desired: 1, instances: instance("", "Pending", "Healthy"), lacks: true},
		"somebody stopped it":   {other: "<SuspendedProcesses><member><ProcessName>Launch</ProcessName><SuspensionReason>User suspended at 2026-02-26T18:56:36Z</SuspensionReason></member></SuspendedProcesses>", stuck: true},
		"another process rests": {other: "<SuspendedProcesses><member><ProcessName>AZRebalance</ProcessName></member></SuspendedProcesses>"},
		"it is being deleted":   {desired: 2, other: "<Status>Delete in progress</Status>", gone: true},
		"nothing is wanted":     {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = fmt.Fprintf(w, `<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult><AutoScalingGroups><member><AutoScalingGroupName>web</AutoScalingGroupName><DesiredCapacity>%d</DesiredCapacity><Instances>%s</Instances>%s</member></AutoScalingGroups></DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>`,
					tc.desired, tc.instances, tc.other)
			}))
			t.Cleanup(server.Close)
			groups, err := observe.NewFleet(aws.Config{
				Region: region, BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
			}, accountID, region).Groups(t.Context())
			if err != nil || (len(groups) == 0) != tc.gone {
				t.Fatalf("%+v, %v", groups, err)
			}
			if !tc.gone && (groups[0].Lacks != tc.lacks || groups[0].Stuck != tc.stuck || strings.TrimSpace(groups[0].From) != "") {
				t.Errorf("%+v", groups[0])
			}
		})
	}
}
