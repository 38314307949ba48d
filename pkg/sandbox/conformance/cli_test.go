package conformance_test

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestTheAWSCLIReadsEveryService runs the AWS CLI once per service and
// compares what it prints with what the Go SDK reads.
func TestTheAWSCLIReadsEveryService(t *testing.T) {
	t.Parallel()
	aws := awsCLI.Need(t)
	box, endpoint := newSandbox(t)
	seeded := &run{driver: goSDK(t, endpoint), advance: box.Advance, answers: map[string]answer{}}
	seed(t, seeded)
	for _, c := range []struct{ id, command string }{
		{"me", "sts get-caller-identity"},
		{"role-got", "iam get-role --role-name app"},
		{"aliases", "kms list-aliases --key-id " + at(seeded.answers["key"].Output, "KeyMetadata.KeyId").(string)},
		{"versions", "ec2 describe-launch-template-versions --launch-template-name web --versions 1 $Latest $Default"},
		{"groups", "autoscaling describe-auto-scaling-groups --auto-scaling-group-names web"},
		{"parameter-got", "ssm get-parameter --name /keymend/switch"},
		{"fifo-url", "sqs get-queue-url --queue-name changes.fifo"},
		{"rules", "events list-rules"},
		{"log-groups", "logs describe-log-groups --log-group-name-prefix /keymend/"},
		{"trail", "cloudtrail lookup-events --max-items 1 --lookup-attributes AttributeKey=EventName,AttributeValue=GenerateDataKeyWithoutPlaintext"},
	} {
		want := seeded.do(t, again(t, c.id)).Output
		t.Run(strings.Fields(c.command)[0], func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), aws, append(strings.Fields(c.command), "--endpoint-url", endpoint, "--output", "json")...)
			cmd.Env = isolated()
			var stderr strings.Builder
			cmd.Stderr = &stderr
			text, err := cmd.Output()
			if err != nil {
				t.Fatalf("aws %s: %v\n%s", c.command, err, stderr.String())
			}
			var printed map[string]any
			must(t, json.Unmarshal(text, &printed))
			delete(printed, "NextToken") // the CLI's own, of --max-items
			delete(want, "NextToken")
			if len(leaves(want)) == 0 {
				t.Fatal("nothing to compare")
			}
			for _, d := range differences(dated(policies(printed)), dated(policies(want)), "the CLI", "the Go SDK") {
				t.Error(d)
			}
		})
	}
}

// seed makes the calls of calls.json up to where they take things away.
func seed(t *testing.T, r *run) {
	t.Helper()
	for _, c := range readCalls(t, "calls.json") {
		if c.ID == "terminated" {
			return
		}
		if a := r.do(t, c); a.Error != nil && a.Error.Code != c.Error {
			t.Fatalf("%s: %s", c, a.Error)
		}
	}
}

// again returns the call of calls.json with an id.
func again(t *testing.T, id string) call {
	t.Helper()
	for _, c := range readCalls(t, "calls.json") {
		if c.ID == id {
			return c
		}
	}
	t.Fatalf("no call %s", id)
	return call{}
}

// dated replaces times, which the CLI prints as the service writes them.
func dated(v any) any {
	switch v := v.(type) {
	case map[string]any:
		members := map[string]any{}
		for name, m := range v {
			members[name] = dated(m)
		}
		return members
	case []any:
		list := make([]any, len(v))
		for i, m := range v {
			list[i] = dated(m)
		}
		return list
	case string:
		if _, err := time.Parse(time.RFC3339, v); err == nil {
			return "<time>"
		}
	case float64:
		if v > 1e9 {
			return "<time>"
		}
	}
	return v
}
