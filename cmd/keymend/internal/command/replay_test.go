package command_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// events are the samples that pkg/activity keeps with their sources.
func event(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "pkg", "signal", "testdata", "events", name))
	must(t, err)
	return string(text)
}

const unsuccessful = `{"version":"0","id":"6318c183-0f23-41a5-84e1-a0106fbc4da1","detail-type":"EC2 Instance Launch Unsuccessful","source":"aws.autoscaling",` +
	`"account":"111122223333","time":"2026-03-02T09:00:00Z","region":"eu-west-1","resources":[],"detail":{"AutoScalingGroupName":"web-prod","StatusCode":"Cancelled",` +
	`"StatusMessage":"Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state"}}`

// TestReplay does with an event what the functions would do.
func TestReplay(t *testing.T) {
	w := newWorld(t)
	w.seed("own-key")
	file := w.file("event.json", unsuccessful)
	before := w.policy("alias/platform-ebs")
	w.run("", "replay", file).want(t, 3, "web-prod can't launch: ", "")
	if w.policy("alias/platform-ebs") != before {
		t.Fatal("replaying without --apply changed the policy")
	}
	w.run(unsuccessful, "replay", "-", "--output", "json").want(t, 3, `"signal":"launch-unsuccessful"`, "")
	w.run("", "replay", file, "--apply", "--audit-file", filepath.Join(w.dir, "audit.jsonl")).want(t, 0, "is open to AWSServiceRoleForAutoScaling now", "")
	created := w.file("created.json", `{"source":"aws.autoscaling","detail-type":"AWS API Call via CloudTrail","account":"111122223333","region":"eu-west-1","detail":{"eventSource":"autoscaling.amazonaws.com","eventName":"CreateAutoScalingGroup","requestParameters":{"autoScalingGroupName":"web-prod"}}}`)
	w.run("", "replay", created).want(t, 0, "web-prod", "")
}

// TestReplayBadEvents holds that an error says what, where and what to do.
func TestReplayBadEvents(t *testing.T) {
	w := newWorld(t)
	for name, tc := range map[string]struct {
		text string
		code int
		says string
	}{
		"not JSON":        {`{"detail-type":`, 2, "is not JSON"},
		"not an object":   {`[1,2,3]`, 2, "not an object"},
		"empty":           {``, 2, "is not JSON"},
		"no group":        {strings.Replace(unsuccessful, `"AutoScalingGroupName":"web-prod",`, "", 1), 2, "detail.AutoScalingGroupName"},
		"a group's id":    {strings.Replace(unsuccessful, `"web-prod"`, "7", 1), 2, "detail.AutoScalingGroupName"},
		"account":         {strings.Replace(unsuccessful, "111122223333", "12", 1), 2, "account"},
		"another account": {strings.Replace(unsuccessful, "111122223333", "999988887777", 1), 2, "999988887777"},
		"another Region":  {strings.Replace(unsuccessful, "eu-west-1", "us-east-1", 1), 2, "us-east-1"},
		"too long":        {unsuccessful + strings.Repeat(" ", 1<<20), 2, "longer than 1 MB"},
		"foreign":         {event(t, "s3.json"), 0, "ignored "},
		"refused call":    {event(t, "create-group-refused.json"), 0, "ignored "},
		"gone group":      {unsuccessful, 0, "isn't looked at: "},
		"no group, a key": {event(t, "key-policy.json"), 0, "keymend diagnose GROUP --region eu-west-1 --endpoint-url "},
		"its own write":   {event(t, "own-write-policy.json"), 0, "diagnose holds that to"},
	} {
		t.Run(name, func(t *testing.T) {
			s := w.run("", "replay", w.file("event.json", tc.text)).want(t, tc.code, "", "")
			if text := s.out + s.err; !says(text, tc.says) || tc.code != 0 && !strings.Contains(text, "event") {
				t.Errorf("doesn't say %q: %s", tc.says, text)
			}
		})
	}
}
