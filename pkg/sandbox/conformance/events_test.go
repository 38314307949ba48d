package conformance_test

import (
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A story makes a group fail on a key and heal, through any client.
type story struct {
	*run
	t *testing.T
}

// newStory seeds a key that the service-linked role may not use, and a queue
// that gets every event of AWS's.
func newStory(t *testing.T, r *run) *story {
	t.Helper()
	s := &story{run: r, t: t}
	for _, c := range readCalls(t, "story.json") {
		if a := s.do(t, c); a.Error != nil {
			t.Fatalf("%s: %s", c, a.Error)
		}
	}
	return s
}

// ask makes a call that must be answered.
func (s *story) ask(service, operation string, input map[string]any) map[string]any {
	s.t.Helper()
	a := s.do(s.t, call{Service: service, Operation: operation, Input: input})
	if a.Error != nil {
		s.t.Fatalf("%s:%s: %s", service, operation, a.Error)
	}
	return a.Output
}

// inService counts the group's instances that are in service.
func (s *story) inService() int {
	s.t.Helper()
	n := 0
	groups := s.ask("autoscaling", "DescribeAutoScalingGroups", map[string]any{"AutoScalingGroupNames": []any{"web"}})
	instances, _ := at(groups, "AutoScalingGroups.0.Instances").([]any)
	for _, i := range instances {
		if at(i, "LifecycleState") == "InService" {
			n++
		}
	}
	return n
}

// events takes every event from the queue.
func (s *story) events() []map[string]any {
	s.t.Helper()
	var all []map[string]any
	for {
		got := s.ask("sqs", "ReceiveMessage", map[string]any{"QueueUrl": "${queue.QueueUrl}", "MaxNumberOfMessages": 10})
		messages, _ := at(got, "Messages").([]any)
		if len(messages) == 0 {
			return all
		}
		for _, m := range messages {
			var event map[string]any
			must(s.t, json.Unmarshal([]byte(at(m, "Body").(string)), &event))
			all = append(all, event)
			s.ask("sqs", "DeleteMessage", map[string]any{"QueueUrl": "${queue.QueueUrl}", "ReceiptHandle": at(m, "ReceiptHandle")})
		}
	}
}

// Every event that the sandbox sends is as AWS's registry says; what the
// registry doesn't know is listed with its source.
func TestEventsAreAsAWSDescribesThem(t *testing.T) {
	t.Parallel()
	box, endpoint := newSandbox(t)
	s := newStory(t, &run{driver: goSDK(t, endpoint), advance: box.Advance, answers: map[string]answer{}})
	box.Advance(time.Minute)
	s.ask("kms", "CreateGrant", map[string]any{
		"KeyId":            "${key.KeyMetadata.Arn}",
		"GranteePrincipal": "${groups.AutoScalingGroups.0.ServiceLinkedRoleARN}",
		"Operations":       []any{"CreateGrant", "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"},
	})
	box.Advance(time.Hour)
	s.ask("autoscaling", "UpdateAutoScalingGroup", map[string]any{"AutoScalingGroupName": "web", "MinSize": 0, "DesiredCapacity": 0})
	box.Advance(10 * time.Minute)
	r := readRegistry(t)
	seen, faults := map[string]int{}, map[string]bool{}
	for _, event := range s.events() {
		seen[event["detail-type"].(string)]++
		for _, fault := range r.judge(event) {
			if !faults[fault] {
				t.Error(fault)
			}
			faults[fault] = true
		}
	}
	for _, kind := range []string{
		"EC2 Instance Launch Unsuccessful", "EC2 Instance Launch Successful",
		"EC2 Instance State-change Notification", "AWS API Call via CloudTrail",
	} {
		if seen[kind] == 0 {
			t.Errorf("no %s among %v: nothing was judged", kind, seen)
		}
	}
	for _, m := range r.more {
		if m.Source == "" || !m.used {
			t.Errorf("%s of %s is listed without a source, or needlessly", m.Member, m.Event)
		}
	}
}

// The field's procedure, done by hand with boto3, heals a group: the sandbox
// is not made to be healed by Keymend alone.
func TestTheProcedureByHandHeals(t *testing.T) {
	t.Parallel()
	python := boto3.Need(t)
	box, endpoint := newSandbox(t)
	s := newStory(t, &run{driver: goSDK(t, endpoint), advance: box.Advance, answers: map[string]answer{}})
	box.Advance(time.Minute)
	if n := s.inService(); n != 0 {
		t.Fatalf("%d instances in service before the procedure", n)
	}
	keymend := buildKeymend(t)
	if code, text := diagnose(t, keymend, endpoint); code != 3 {
		t.Errorf("before: keymend diagnose ends with %d, want 3 (a fix is available):\n%s", code, text)
	}
	key := at(s.answers["key"].Output, "KeyMetadata.KeyId").(string)
	cmd := exec.CommandContext(t.Context(), python, filepath.Join("testdata", "python", "procedure.py"), endpoint, account, region, key)
	cmd.Env = isolated()
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("procedure.py: %v\n%s", err, text)
	}
	box.Advance(time.Hour)
	if n := s.inService(); n != 2 {
		t.Errorf("%d instances in service after the procedure, want 2", n)
	}
	if code, text := diagnose(t, keymend, endpoint); code != 0 {
		t.Errorf("after: keymend diagnose ends with %d, want 0 (nothing to do):\n%s", code, text)
	}
	policy := s.ask("kms", "GetKeyPolicy", map[string]any{"KeyId": key})["Policy"].(string)
	for _, part := range []string{"EnableRoot", "AWSServiceRoleForAutoScaling", "kms:GrantIsForAWSResource"} {
		if !strings.Contains(policy, part) {
			t.Errorf("no %s in the policy: %s", part, policy)
		}
	}
	failed := slices.ContainsFunc(s.events(), func(e map[string]any) bool { return e["detail-type"] == "EC2 Instance Launch Unsuccessful" })
	if !failed {
		t.Error("the group never failed")
	}
}

// buildKeymend builds the program; what it links is in the build cache.
func buildKeymend(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "keymend")
	if text, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "keymend/cmd/keymend").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, text)
	}
	return program
}

// diagnose runs Keymend against the story's group and returns its exit code.
func diagnose(t *testing.T, program, endpoint string) (int, string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, "diagnose", "web", "--endpoint-url", endpoint, "--region", region)
	cmd.Env = isolated()
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("keymend diagnose: %v", err)
	}
	return cmd.ProcessState.ExitCode(), string(text)
}
