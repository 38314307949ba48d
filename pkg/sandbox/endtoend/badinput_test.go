package endtoend_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"keymend/pkg/outcome"
	"keymend/pkg/sandbox"
)

// TestNotOursToFix holds that what Keymend can't or mustn't mend is said, with
// the remedy, and that nothing is changed.
func TestNotOursToFix(t *testing.T) {
	t.Parallel()
	const deny = `{"Version":"2012-10-17","Statement":[{"Sid":"EnableRoot","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"kms:*","Resource":"*"},{"Sid":"NoGrants","Effect":"Deny","Principal":"*","Action":"kms:CreateGrant","Resource":"*","Condition":{"Bool":{"kms:GrantIsForAWSResource":"true"}}}]}`
	const unreadable = `{"Version":"2012-10-17","Statement":[{"Sid":"Owner","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:user/admin"},"Action":"kms:*","Resource":"*"},{"Sid":"Readers","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":["kms:DescribeKey","kms:ListResourceTags","kms:ListGrants"],"Resource":"*"}]}`
	for name, tc := range map[string]struct {
		policy string
		ruin   func(w *world, key string)
		says   string // in the finding's reason, or its remedy
	}{
		"disabled key":         {ruin: func(w *world, key string) { w.disable(key) }, says: "Disabled"},
		"key pending deletion": {ruin: func(w *world, key string) { w.scheduleDeletion(key) }, says: "PendingDeletion"},
		"explicit deny":        {policy: deny, says: "NoGrants"},
		"unreadable policy":    {policy: unreadable, says: "kms:GetKeyPolicy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			policy := tc.policy
			if policy == "" {
				policy = rootOnly
			}
			key := w.key(policy, enrolled)
			if tc.ruin != nil {
				tc.ruin(w, key)
			}
			w.broken("web-prod", key)
			w.box.Advance(10 * time.Minute)
			if n := w.writes(); n != 0 {
				t.Errorf("%d writes, want 0", n)
			}
			w.wantFinding("web-prod", key, tc.says)
		})
	}
}

// TestGroupsThatNeedNothing holds that a group under the AWS managed key, and
// one that fails for another reason, are left alone.
func TestGroupsThatNeedNothing(t *testing.T) {
	t.Parallel()
	t.Run("AWS managed key", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.encryptByDefault()
		w.group("web-prod", w.template("web", w.image(), nil), "$Latest")
		w.box.Advance(10 * time.Minute)
		if n := w.inService("web-prod"); n != 2 {
			t.Fatalf("%d in service, want 2", n)
		}
		w.wantUntouched()
	})
	t.Run("no capacity", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, switched(func(s *sandbox.Switches) { s.NoCapacity = []string{"m5.large"} }))
		w.group("ml-prod", w.template("ml", w.image(), nil), "$Latest")
		w.box.Advance(10 * time.Minute)
		w.wantUntouched()
	})
}

// TestGroupThatIsGone holds that an event about a group that is deleted, or
// being deleted, changes nothing.
func TestGroupThatIsGone(t *testing.T) {
	t.Parallel()
	for name, force := range map[string]bool{"gone": true, "never there": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			key := w.key(rootOnly, enrolled)
			if force {
				w.broken("web-prod", key)
				_, err := w.asg.DeleteAutoScalingGroup(t.Context(), &autoscaling.DeleteAutoScalingGroupInput{AutoScalingGroupName: new("web-prod"), ForceDelete: new(true)})
				must(t, err)
			} else {
				w.deliver(strings.ReplaceAll(launchUnsuccessful, "GROUP", "web-prod"))
			}
			w.box.Advance(10 * time.Minute)
			w.wantUntouched()
			w.wantOutcome("web-prod", outcome.Ignored)
		})
	}
}

// TestMalformedEvents holds that what isn't an event of ours is put on record
// and taken off the queue, not retried.
func TestMalformedEvents(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"not JSON":            `{"detail-type":`,
		"not an event":        `[1,2,3]`,
		"foreign":             `{"source":"aws.s3","detail-type":"Object Created","account":"` + account + `","region":"` + region + `","detail":{}}`,
		"no group":            strings.ReplaceAll(launchUnsuccessful, `"AutoScalingGroupName":"GROUP",`, ""),
		"no account":          strings.ReplaceAll(launchUnsuccessful, account, "12"),
		"a group's long name": strings.ReplaceAll(launchUnsuccessful, "GROUP", strings.Repeat("g", 300)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deliver(body)
			w.box.Advance(time.Hour)
			w.wantUntouched()
			w.wantOutcome("", outcome.Ignored)
			if n := w.waiting("keymend-signals") + " " + w.waiting("keymend-signals-dead"); n != "0+0 0+0" {
				t.Errorf("messages left in the queues: %s", n)
			}
		})
	}
}

const launchUnsuccessful = `{"version":"0","id":"6318c183-0f23-41a5-84e1-a0106fbc4da1","detail-type":"EC2 Instance Launch Unsuccessful","source":"aws.autoscaling","account":"` + account + `","time":"2026-03-02T09:00:00Z","region":"` + region + `","resources":[],"detail":{"AutoScalingGroupName":"GROUP","StatusCode":"Cancelled","StatusMessage":"Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state","EC2InstanceId":"i-0123456789abcdef0","ActivityId":"0e9d8daa-1fb8-4d84-91e0-0c4e57800be4"}}`

// deliver puts a message on the signals queue as EventBridge would.
func (w *world) deliver(body string) {
	w.t.Helper()
	queue, err := w.sqs.GetQueueUrl(w.t.Context(), &sqs.GetQueueUrlInput{QueueName: new("keymend-signals")})
	must(w.t, err)
	_, err = w.sqs.SendMessage(w.t.Context(), &sqs.SendMessageInput{QueueUrl: queue.QueueUrl, MessageBody: &body})
	must(w.t, err)
}

func (w *world) disable(key string) {
	_, err := w.kms.DisableKey(w.t.Context(), &kms.DisableKeyInput{KeyId: &key})
	must(w.t, err)
}

func (w *world) scheduleDeletion(key string) {
	_, err := w.kms.ScheduleKeyDeletion(w.t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: &key})
	must(w.t, err)
}
