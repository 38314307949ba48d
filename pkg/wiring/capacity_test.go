package wiring_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"keymend/pkg/outcome"
	"keymend/pkg/remediation/queue"
)

// TestCapacityCalls: failures that AWS puts down to another cause than a key cost no call
// to AWS, and leave a record for each group. One text about a key among them has the group
// looked at.
func TestCapacityCalls(t *testing.T) {
	t.Parallel()
	const (
		capacity = "We currently do not have sufficient m5.large capacity in the Availability Zone you requested (eu-west-1a). Launching EC2 instance failed."
		quota    = "You have requested more vCPU capacity than your current vCPU limit of 32 allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit. Launching EC2 instance failed."
		key      = "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state"
	)
	for name, tc := range map[string]struct {
		texts []string // of the batch's failures, each about group i mod 2
		calls bool
		want  map[outcome.Outcome]int
	}{
		"capacity":               {texts: []string{capacity}, want: map[outcome.Outcome]int{outcome.NotKMS: 1}},
		"a storm of it":          {texts: []string{capacity, capacity, quota, capacity, capacity, quota}, want: map[outcome.Outcome]int{outcome.NotKMS: 2}},
		"a key among the causes": {texts: []string{capacity, capacity, key, capacity}, calls: true, want: map[outcome.Outcome]int{outcome.NotKMS: 1, outcome.Sent: 1}},
	} {
		f := &fleet{calls: map[string]int{}, templates: 1, keys: 1}
		var log kept
		var batch events.SQSEvent
		for i, text := range tc.texts {
			batch.Records = append(batch.Records, delivered(fmt.Sprintf(
				`{"version":"0","id":"e-%d","source":"aws.autoscaling","detail-type":"EC2 Instance Launch Unsuccessful","account":%q,"region":%q,"time":%q,"detail":{"AutoScalingGroupName":"web-%d","StatusCode":"Failed","StatusMessage":%q}}`,
				i, callsAccount, callsRegion, time.Now().UTC().Format(time.RFC3339), i%2, text)).Records...)
		}
		answer, err := queue.Signals{Looker: looker(f, &log), Function: complaining(t)}.Handle(t.Context(), batch)
		if err != nil || len(answer.BatchItemFailures) > 0 {
			t.Errorf("%s: %+v, %v", name, answer, err)
		}
		if called := len(f.calls) > 0; called != tc.calls {
			t.Errorf("%s: %v", name, f.calls)
		}
		for _, r := range log {
			tc.want[r.Outcome]--
		}
		for o, n := range tc.want {
			if n != 0 {
				t.Errorf("%s: %d records of %s are missing (or, below 0, too many)", name, n, o)
			}
		}
	}
}
