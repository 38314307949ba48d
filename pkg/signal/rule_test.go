package signal_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/signal"
)

// TestRules: each rule has a name, a description and a kind of its own.
func TestRules(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range signal.Rules() {
		for what, value := range map[string]string{"id": r.ID, "description": r.Description, "signal": r.Signal} {
			if value == "" || seen[value] {
				t.Errorf("%s: the %s %q is empty, or another's", r.ID, what, value)
			}
			seen[value] = true
		}
		if want := r.ID == "ImageChanged"; r.Copies != want {
			t.Errorf("%s is for copies alone: %v", r.ID, r.Copies)
		}
		if want := r.ID == "OwnSessions"; r.Elsewhere != want {
			t.Errorf("%s is for other accounts alone: %v", r.ID, r.Elsewhere)
		}
	}
}

// TestPatterns holds the patterns as EventBridge gets them, and that a prefix that
// is a reference stays one.
func TestPatterns(t *testing.T) {
	t.Parallel()
	const calls = `"PutKeyPolicy","CreateGrant","RetireGrant","CopyImage","CopySnapshot","DeregisterImage","DeleteSnapshot",` +
		`"CreateLaunchTemplateVersion","ModifyLaunchTemplate","CreateServiceLinkedRole","UpdateAutoScalingGroup","ResumeProcesses"`
	got := map[string]string{}
	for _, r := range signal.Rules() {
		text, err := json.Marshal(r.Pattern("${Prefix}-"))
		if err != nil {
			t.Fatal(err)
		}
		if got[r.ID] = string(text); r.Schedule != "" {
			got[r.ID] = r.Name + " " + r.Schedule
		}
	}
	want := map[string]string{
		"LaunchUnsuccessful": `{"detail-type":["EC2 Instance Launch Unsuccessful"],"source":["aws.autoscaling"]}`,
		"RefreshFailed":      `{"detail-type":["EC2 Auto Scaling Instance Refresh Failed"],"source":["aws.autoscaling"]}`,
		"GroupCreated": `{"detail":{"errorCode":[{"exists":false}],"eventName":["CreateAutoScalingGroup"],"eventSource":["autoscaling.amazonaws.com"]},` +
			`"detail-type":["AWS API Call via CloudTrail"],"source":["aws.autoscaling"]}`,
		"ImageChanged": `{"detail-type":["EC2 AMI State Change"],"source":["aws.ec2"]}`,
		"OwnWrites": `{"detail":{"errorCode":[{"exists":false}],"eventName":[` + calls + `],"userIdentity":{"sessionContext":{"sessionIssuer":{"userName":` +
			`["${Prefix}-granter","${Prefix}-policy-writer","${Prefix}-group-writer","${Prefix}-copier"]}}}},` +
			`"detail-type":["AWS API Call via CloudTrail"],"source":["aws.kms","aws.ec2","aws.iam","aws.autoscaling"]}`,
	}
	// What somebody else called, and no service of AWS by itself.
	for id, call := range map[string][3]string{
		"GroupUpdated": {"autoscaling", `"UpdateAutoScalingGroup"`}, "TemplateChanged": {"ec2", `"CreateLaunchTemplateVersion","ModifyLaunchTemplate"`},
		"DefaultsChanged": {"ec2", `"ModifyEbsDefaultKmsKeyId","EnableEbsEncryptionByDefault"`}, "KeyChanged": {"kms", `"PutKeyPolicy","DisableKey","ScheduleKeyDeletion"`},
		"GrantTaken": {"kms", `"RevokeGrant","RetireGrant"`, `"invokedBy":[{"exists":false}],`}, "RoleChanged": {"iam", `"CreateServiceLinkedRole","DeleteServiceLinkedRole"`},
	} {
		want[id] = `{"detail":{"errorCode":[{"exists":false}],"eventName":[` + call[1] + `],"userIdentity":{` + call[2] + `"sessionContext":{"sessionIssuer":{"userName":` +
			`[{"exists":false},{"anything-but":{"prefix":"${Prefix}-"}}]}},"type":[{"anything-but":"AWSService"}]}},"detail-type":["AWS API Call via CloudTrail"],"source":["aws.` + call[0] + `"]}`
	}
	want["KeyDenied"] = `{"detail":{"errorCode":["AccessDenied","AccessDeniedException"],"userIdentity":{"sessionContext":{"sessionIssuer":{"userName":` +
		`[{"prefix":"AWSServiceRoleForAutoScaling"},"AWSServiceRoleForEC2Spot"]}}}},"detail-type":["AWS API Call via CloudTrail"],"source":["aws.kms"]}`
	want["OwnSessions"] = `{"detail":{"errorCode":[{"exists":false}],"eventName":["AssumeRole"],"requestParameters":{"roleArn":[{"suffix":":role/${Prefix}-policy-writer"}]}},` +
		`"detail-type":["AWS API Call via CloudTrail"],"source":["aws.sts"]}`
	want["SweepRecent"], want["SweepFull"] = "sweep-recent rate(15 minutes)", "sweep-full rate(6 hours)"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("patterns (-want +got):\n%s", diff)
	}
}

// TestOwnWritesAreToldApart: each call that the rule sends is read as a write of
// its own service, and as nothing else.
func TestOwnWritesAreToldApart(t *testing.T) {
	t.Parallel()
	rules := signal.Rules()
	pattern := rules[slices.IndexFunc(rules, func(r signal.Rule) bool { return r.ID == "OwnWrites" })].Pattern("keymend-")
	actions := map[string]bool{}
	for _, source := range pattern["source"].([]any) {
		service := strings.TrimPrefix(source.(string), "aws.")
		for _, call := range pattern["detail"].(map[string]any)["eventName"].([]any) {
			s, err := signal.Decode([]byte(write(service, call.(string))), "keymend-")
			if w, ok := s.(signal.OwnWrite); err == nil && (!ok || w.Action != service+":"+call.(string) || w.Session != "b") {
				t.Errorf("%s:%s: %+v", service, call, s)
			} else if err == nil {
				actions[w.Action] = true
			}
		}
	}
	if n := len(pattern["detail"].(map[string]any)["eventName"].([]any)); len(actions) != n {
		t.Errorf("%d calls, read as %v", n, slices.Sorted(maps.Keys(actions)))
	}
}
