package cloudtrail_test

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	awstrail "github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/sandbox/clock"
	"keymend/pkg/sandbox/cloudtrail"
	"keymend/pkg/sandbox/eventbridge"
	"keymend/pkg/sandbox/wire"
)

var update = flag.Bool("update", false, "write the golden files anew")

const keyARN = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-5e6f-1a2b-3c4d-5e6f1a2b3c4d"

func admin() *wire.Caller {
	return &wire.Caller{Account: "111122223333", Region: "eu-west-1", ARN: "arn:aws:iam::111122223333:user/admin", Admin: true, Agent: "aws-cli/2", RequestID: "req-1"}
}

func linked() *wire.Caller {
	return &wire.Caller{
		Account: "111122223333", Region: "eu-west-1", ARN: "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForAutoScaling/AutoScaling",
		Role:     "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
		UniqueID: "AROAZQ3DSS4VILINXU7ZK", Session: "AutoScaling", InvokedBy: "autoscaling.amazonaws.com", RequestID: "req-1",
	}
}

type bus struct{ events []eventbridge.Event }

func (b *bus) Put(_, _ string, e eventbridge.Event) { b.events = append(b.events, e) }

func set() (*clock.Clock, *bus, *cloudtrail.Service) {
	c, b := clock.New(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)), &bus{}
	return c, b, cloudtrail.New(c, b)
}

// TestRecords holds whole records to golden files, whose shapes are those of
// the samples in AWS's guides and of recorded events (facts/events.md 3 to 5).
func TestRecords(t *testing.T) {
	t.Parallel()
	denied := &wire.Error{Code: "AccessDeniedException", Message: "User: " + linked().ARN + " is not authorized to perform: kms:GenerateDataKeyWithoutPlaintext on resource: " + keyARN + " because no resource-based policy allows the kms:GenerateDataKeyWithoutPlaintext action"}
	for name, call := range map[string]wire.Call{
		"denied-data-key": {Caller: linked(), Service: "kms", Operation: "GenerateDataKeyWithoutPlaintext", Err: denied, Resources: []string{keyARN},
			Params: map[string]any{"keyId": keyARN, "numberOfBytes": 64, "encryptionContext": map[string]string{"aws:ebs:id": "vol-080f7a32d290807f3"}}},
		"put-key-policy": {Caller: admin(), Service: "kms", Operation: "PutKeyPolicy", Resources: []string{keyARN},
			In: &kms.PutKeyPolicyInput{KeyId: new(keyARN), Policy: new("{}")}, Out: &kms.PutKeyPolicyOutput{}},
		"create-grant": {Caller: admin(), Service: "kms", Operation: "CreateGrant", Resources: []string{keyARN},
			In: &kms.CreateGrantInput{KeyId: new(keyARN), GranteePrincipal: new(linked().Role), Operations: []kmstypes.GrantOperation{"Decrypt"},
				Constraints: &kmstypes.GrantConstraints{EncryptionContextSubset: map[string]string{"aws:ebs:id": "vol-1"}}},
			Out: &kms.CreateGrantOutput{GrantId: new("abc"), GrantToken: new("a credential")}},
		"retire-grant": {Caller: admin(), Service: "kms", Operation: "RetireGrant", Resources: []string{keyARN},
			In: &kms.RetireGrantInput{KeyId: new(keyARN), GrantId: new("abc")}, Out: &kms.RetireGrantOutput{}},
		"retire-grant-by-service": {Caller: &wire.Caller{Account: "111122223333", Region: "eu-west-1", InvokedBy: "ebs.amazonaws.com", RequestID: "req-1"}, Service: "kms", Operation: "RetireGrant",
			Resources: []string{keyARN}, In: &kms.RetireGrantInput{KeyId: new(keyARN), GrantId: new("abc")}, Out: &kms.RetireGrantOutput{}},
		"create-auto-scaling-group": {Caller: admin(), Service: "autoscaling", Operation: "CreateAutoScalingGroup",
			In: &autoscaling.CreateAutoScalingGroupInput{AutoScalingGroupName: new("web-prod"), MinSize: new(int32(0)), MaxSize: new(int32(4)),
				VPCZoneIdentifier: new("subnet-1,subnet-2"), ServiceLinkedRoleARN: new(linked().Role), TargetGroupARNs: []string{"arn:t"},
				LaunchTemplate: &astypes.LaunchTemplateSpecification{LaunchTemplateId: new("lt-1"), Version: new("$Latest")},
				Tags:           []astypes.Tag{{Key: new("k"), Value: new("v"), PropagateAtLaunch: new(true)}}},
			Out: &autoscaling.CreateAutoScalingGroupOutput{}},
		"create-launch-template-version": {Caller: admin(), Service: "ec2", Operation: "CreateLaunchTemplateVersion",
			In: &struct{ LaunchTemplateId, SourceVersion *string }{new("lt-1"), new("1")}},
		"failed-run-instances": {Caller: admin(), Service: "ec2", Operation: "RunInstances", Err: wire.Errorf("UnauthorizedOperation", "You are not authorized")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, b, s := set()
			s.Record(call)
			c.Advance(time.Minute)
			if len(b.events) != 1 || b.events[0].DetailType != "AWS API Call via CloudTrail" || b.events[0].Source != "aws."+call.Service {
				t.Fatalf("%+v", b.events)
			}
			golden(t, name, b.events[0].Detail)
		})
	}
}

func golden(t *testing.T, name string, detail any) {
	t.Helper()
	got, err := json.MarshalIndent(detail, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = regexp.MustCompile(`"eventID": "[0-9a-f-]{36}"`).ReplaceAll(got, []byte(`"eventID": "e-1"`))
	path := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.WriteFile(path, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)+"\n"); d != "" {
		t.Error(d)
	}
}

// TestWhatIsRecorded: data events aren't; without a trail nothing reaches the
// bus, and LookupEvents answers all the same.
func TestWhatIsRecorded(t *testing.T) {
	t.Parallel()
	c, b, s := set()
	s.SetTrail(false)
	s.Record(wire.Call{Caller: admin(), Service: "kms", Operation: "DisableKey", Resources: []string{keyARN}})
	s.Record(wire.Call{Caller: admin(), Service: "sqs", Operation: "SendMessage", In: &sqs.SendMessageInput{}})
	c.Advance(time.Minute)
	if len(b.events) != 0 {
		t.Errorf("without a trail %d events", len(b.events))
	}
	s.SetTrail(true)
	s.Record(wire.Call{Caller: linked(), Service: "kms", Operation: "DescribeKey"})
	c.Advance(time.Minute)
	s.Record(wire.Call{Caller: admin(), Service: "iam", Operation: "CreateRole"})
	c.Advance(time.Minute)
	if len(b.events) != 2 {
		t.Errorf("%d events, want 2", len(b.events))
	}
	lookup := func(region string, in *awstrail.LookupEventsInput) int {
		caller := admin()
		caller.Region = region
		out, err := s.LookupEvents(wire.WithCaller(context.Background(), caller), in)
		if err != nil {
			t.Fatal(err)
		}
		return len(out.Events)
	}
	by := func(key types.LookupAttributeKey, value string) *awstrail.LookupEventsInput {
		return &awstrail.LookupEventsInput{LookupAttributes: []types.LookupAttribute{{AttributeKey: key, AttributeValue: &value}}}
	}
	for _, tc := range []struct {
		region string
		in     *awstrail.LookupEventsInput
		want   int
	}{
		{"eu-west-1", &awstrail.LookupEventsInput{}, 2},
		{"us-east-1", &awstrail.LookupEventsInput{}, 1},
		{"eu-west-1", by("EventName", "DisableKey"), 1},
		{"eu-west-1", by("Username", "AutoScaling"), 1},
		{"eu-west-1", by("ResourceName", keyARN), 1},
		{"eu-west-1", by("EventSource", "iam.amazonaws.com"), 0},
		{"eu-west-1", &awstrail.LookupEventsInput{StartTime: new(time.Date(2026, 3, 2, 9, 1, 0, 0, time.UTC))}, 1},
		{"eu-west-1", &awstrail.LookupEventsInput{MaxResults: new(int32(1))}, 1},
	} {
		if got := lookup(tc.region, tc.in); got != tc.want {
			t.Errorf("%s %+v: %d, want %d", tc.region, tc.in, got, tc.want)
		}
	}
}
