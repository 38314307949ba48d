package sandbox_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"keymend/pkg/sandbox"
)

const (
	account = "111122223333"
	region  = "eu-west-1"
)

// A world is a sandbox and an administrator's clients.
type world struct {
	t   *testing.T
	box *sandbox.Sandbox
	url string
	cfg aws.Config
}

func newWorld(t *testing.T, change func(*sandbox.Switches)) *world {
	t.Helper()
	sw := sandbox.DefaultSwitches()
	if change != nil {
		change(&sw)
	}
	box, err := sandbox.New(sandbox.Options{Start: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), Switches: sw})
	must(t, err)
	t.Cleanup(func() { must(t, box.Close()) })
	url, err := box.Listen("127.0.0.1:0")
	must(t, err)
	return &world{t, box, url, aws.Config{Region: region, BaseEndpoint: &url,
		Credentials: credentials.NewStaticCredentialsProvider(account, "any", "")}}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// group makes a group of one instance whose volume needs a key that the
// service-linked role may not use. It returns the key's ARN.
func (w *world) group(name string) string {
	w.t.Helper()
	ctx := w.t.Context()
	key, err := kms.NewFromConfig(w.cfg).CreateKey(ctx, &kms.CreateKeyInput{})
	must(w.t, err)
	ec := ec2.NewFromConfig(w.cfg)
	volume, err := ec.CreateVolume(ctx, &ec2.CreateVolumeInput{AvailabilityZone: new(region + "a"), Size: new(int32(8))})
	must(w.t, err)
	w.box.Advance(time.Minute)
	snapshot, err := ec.CreateSnapshot(ctx, &ec2.CreateSnapshotInput{VolumeId: volume.VolumeId})
	must(w.t, err)
	w.box.Advance(time.Minute)
	image, err := ec.RegisterImage(ctx, &ec2.RegisterImageInput{Name: &name, RootDeviceName: new("/dev/xvda"),
		BlockDeviceMappings: []ec2types.BlockDeviceMapping{{DeviceName: new("/dev/xvda"), Ebs: &ec2types.EbsBlockDevice{SnapshotId: snapshot.SnapshotId}}}})
	must(w.t, err)
	_, err = ec.CreateLaunchTemplate(ctx, &ec2.CreateLaunchTemplateInput{LaunchTemplateName: &name,
		LaunchTemplateData: &ec2types.RequestLaunchTemplateData{ImageId: image.ImageId, InstanceType: "t3.micro",
			BlockDeviceMappings: []ec2types.LaunchTemplateBlockDeviceMappingRequest{{DeviceName: new("/dev/xvda"),
				Ebs: &ec2types.LaunchTemplateEbsBlockDeviceRequest{Encrypted: new(true), KmsKeyId: key.KeyMetadata.Arn}}}}})
	must(w.t, err)
	_, err = autoscaling.NewFromConfig(w.cfg).CreateAutoScalingGroup(ctx, &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: &name, MinSize: new(int32(1)), MaxSize: new(int32(1)), AvailabilityZones: []string{region + "a"},
		LaunchTemplate: &astypes.LaunchTemplateSpecification{LaunchTemplateName: &name, Version: new("$Latest")}})
	must(w.t, err)
	return *key.KeyMetadata.Arn
}

// activities returns what a group did, newest first.
func (w *world) activities(name string) []astypes.Activity {
	w.t.Helper()
	out, err := autoscaling.NewFromConfig(w.cfg).DescribeScalingActivities(w.t.Context(),
		&autoscaling.DescribeScalingActivitiesInput{AutoScalingGroupName: &name})
	must(w.t, err)
	return out.Activities
}

// The whole of AWS that Keymend is about: a launch without access to its key
// is cancelled with AWS's text, the denial is recorded as the service-linked
// role's, and the two statements of AWS's documentation heal the group.
func TestALaunchFailsAndTheTwoStatementsHealIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	key := w.group("web")
	w.box.Advance(time.Minute)
	first := w.activities("web")
	if len(first) == 0 || !slices.ContainsFunc(first, func(a astypes.Activity) bool {
		return a.StatusCode == astypes.ScalingActivityStatusCodeCancelled && strings.HasSuffix(*a.StatusMessage,
			"Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state")
	}) {
		t.Fatalf("activities %+v", first)
	}
	if !slices.ContainsFunc(w.box.Calls(), func(c sandbox.SeenCall) bool {
		return c.Operation == "GenerateDataKeyWithoutPlaintext" && c.Error != "" && slices.Contains(c.Resources, key) &&
			strings.HasSuffix(c.Caller, ":assumed-role/AWSServiceRoleForAutoScaling/AutoScaling") && c.InvokedBy == "autoscaling.amazonaws.com"
	}) {
		t.Errorf("no denial of the service-linked role among the calls")
	}
	w.open(key)
	w.box.Advance(30 * time.Minute)
	if last := w.activities("web")[0]; last.StatusCode != astypes.ScalingActivityStatusCodeSuccessful {
		t.Errorf("after the fix: %s %s", last.StatusCode, *last.StatusMessage)
	}
}

// open lets the account's service-linked role use a key, as AWS's
// documentation has it.
func (w *world) open(key string) {
	w.t.Helper()
	role := "arn:aws:iam::" + account + ":role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
	policy := `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"kms:*","Resource":"*"},
		{"Effect":"Allow","Principal":{"AWS":"` + role + `"},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"*"},
		{"Effect":"Allow","Principal":{"AWS":"` + role + `"},"Action":"kms:CreateGrant","Resource":"*","Condition":{"Bool":{"kms:GrantIsForAWSResource":true}}}]}`
	_, err := kms.NewFromConfig(w.cfg).PutKeyPolicy(w.t.Context(), &kms.PutKeyPolicyInput{KeyId: &key, Policy: &policy})
	must(w.t, err)
}

func TestAdvanceUntilIdle(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	start := w.box.Clock().Now()
	must(t, w.box.AdvanceUntilIdle(time.Hour))
	if now := w.box.Clock().Now(); !now.Equal(start) {
		t.Errorf("an idle sandbox moved to %s", now)
	}
	key := w.group("web")
	start = w.box.Clock().Now()
	if err := w.box.AdvanceUntilIdle(time.Hour); !errors.Is(err, sandbox.ErrNotIdle) {
		t.Errorf("a failing group was idle: %v", err)
	}
	if passed := w.box.Clock().Now().Sub(start); passed != time.Hour {
		t.Errorf("%s passed, want an hour", passed)
	}
	w.open(key)
	must(t, w.box.AdvanceUntilIdle(time.Hour))
}

// ask sends a request to the control API and decodes the answer.
func (w *world) ask(method, path, body string, status int) map[string]any {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+"/_keymend/"+path, strings.NewReader(body))
	must(w.t, err)
	response, err := http.DefaultClient.Do(r)
	must(w.t, err)
	text, err := io.ReadAll(response.Body)
	must(w.t, errors.Join(err, response.Body.Close()))
	if response.StatusCode != status {
		w.t.Fatalf("%s %s: %d %s", method, path, response.StatusCode, text)
	}
	answer := map[string]any{}
	must(w.t, json.Unmarshal(text, &answer))
	return answer
}

func TestControlClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	if got := w.ask("GET", "clock", "", 200); got["now"] != "2026-03-02T09:00:00Z" || got["next"] != nil {
		t.Errorf("clock %v", got)
	}
	if got := w.ask("POST", "clock", `{"advance":"90s"}`, 200); got["now"] != "2026-03-02T09:01:30Z" {
		t.Errorf("clock %v", got)
	}
	if got := w.ask("POST", "clock", `{"untilIdle":"1h"}`, 200); got["now"] != "2026-03-02T09:01:30Z" {
		t.Errorf("clock %v", got)
	}
	for _, bad := range []string{"", "{}", `{"advance":"x"}`, `{"advance":"-1s"}`, `{"advance":"1000h"}`, `{"advance":"1s","untilIdle":"1s"}`, `{"forward":"1s"}`} {
		if got := w.ask("POST", "clock", bad, 400); got["error"] == "" {
			t.Errorf("%s: %v", bad, got)
		}
	}
	w.ask("GET", "nothing", "", 400)
	w.ask("DELETE", "clock", "", 400)
}

func TestControlSwitches(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	before := w.ask("GET", "switches", "", 200)
	if before["cancelledEmitsEvent"] != true || before["oldFailureText"] != false || before["suspendAfter"] != "24h0m0s" {
		t.Errorf("switches %v", before)
	}
	w.ask("POST", "switches", `{"oldFailureText":true,"retryDelays":["5s"],"principalDelayPolicy":"1s","principalDelayGrant":"2s","principalDelayGroup":"3s","principalDelayLaunch":"4s","tagDelay":"5s"}`, 200)
	after := w.ask("GET", "switches", "", 200)
	if after["oldFailureText"] != true || after["cancelledEmitsEvent"] != true || len(after["retryDelays"].([]any)) != 1 {
		t.Errorf("switches %v", after)
	}
	if after["principalDelayPolicy"] != "1s" || after["principalDelayGrant"] != "2s" || after["principalDelayGroup"] != "3s" || after["principalDelayLaunch"] != "4s" || after["tagDelay"] != "5s" {
		t.Errorf("switches %v", after)
	}
	w.ask("POST", "switches", `{"principalDelayLaunch":"0s"}`, 200)
	for _, bad := range []string{`{"oldFailuretext":1}`, `{"noSuch":true}`, `{"suspendAfter":"-1h"}`, `{"suspendAfter":"x"}`, `{"principalDelayGrant":"-1s"}`, `{"retryDelays":["0s"]}`} {
		w.ask("POST", "switches", bad, 400)
	}
	w.group("web")
	w.box.Advance(time.Minute)
	last := w.activities("web")
	if !slices.ContainsFunc(last, func(a astypes.Activity) bool {
		return a.StatusMessage != nil && strings.HasSuffix(*a.StatusMessage, "Client.InternalError: Client error on launch")
	}) {
		t.Errorf("activities %+v", last)
	}
}

func TestControlCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	client := iam.NewFromConfig(w.cfg)
	list := func() {
		_, err := client.ListRoles(t.Context(), &iam.ListRolesInput{})
		must(t, err)
	}
	list()
	_, err := client.GetRole(t.Context(), &iam.GetRoleInput{RoleName: new("nobody")})
	if err == nil {
		t.Fatal("a role that isn't there")
	}
	got := w.ask("GET", "calls", "", 200)
	calls := got["calls"].([]any)
	if len(calls) != 2 || got["next"] != 2.0 || got["counts"].(map[string]any)["iam:ListRoles"] != 1.0 {
		t.Fatalf("calls %v", got)
	}
	if second := calls[1].(map[string]any); second["operation"] != "GetRole" || second["error"] != "NoSuchEntity" ||
		second["caller"] != "arn:aws:iam::"+account+":user/admin" || second["serial"] != 2.0 {
		t.Errorf("call %v", second)
	}
	list()
	if got := w.ask("GET", "calls?since=2", "", 200); len(got["calls"].([]any)) != 1 || got["next"] != 3.0 {
		t.Errorf("calls since 2: %v", got)
	}
	if got := w.ask("GET", "calls?since=3", "", 200); len(got["calls"].([]any)) != 0 || got["next"] != 3.0 {
		t.Errorf("calls since 3: %v", got)
	}
	w.ask("GET", "calls?since=x", "", 400)
}

// The functions' endpoint can be closed alone, and doesn't serve the control
// API.
func TestFunctionsEndpoint(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	url, err := w.box.ListenFunctions("127.0.0.1:0")
	must(t, err)
	cfg := w.cfg
	cfg.BaseEndpoint, cfg.Retryer = &url, func() aws.Retryer { return aws.NopRetryer{} }
	list := func() error {
		_, err := sqs.NewFromConfig(cfg).ListQueues(t.Context(), &sqs.ListQueuesInput{})
		return err
	}
	must(t, list())
	response, err := http.Get(url + "/_keymend/clock") //nolint:noctx // one request of a test
	must(t, err)
	response.Body.Close() //nolint:errcheck // read-only
	if response.StatusCode == http.StatusOK {
		t.Error("functions can move the clock")
	}
	must(t, w.box.CloseFunctions())
	if list() == nil {
		t.Error("the closed endpoint answers")
	}
	_, err = iam.NewFromConfig(w.cfg).ListRoles(t.Context(), &iam.ListRolesInput{})
	must(t, err)
}
