package wire_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	awshttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/sandbox/wire"
)

// services have one operation a protocol, all of which answer with err.
func services(err error) []wire.Service {
	describe := wire.Handle("DescribeKey", func(context.Context, *kms.DescribeKeyInput) (*kms.DescribeKeyOutput, error) {
		return &kms.DescribeKeyOutput{}, err
	})
	groups := wire.Handle("DescribeAutoScalingGroups",
		func(context.Context, *autoscaling.DescribeAutoScalingGroupsInput) (*autoscaling.DescribeAutoScalingGroupsOutput, error) {
			return &autoscaling.DescribeAutoScalingGroupsOutput{}, err
		})
	volumes := wire.Handle("DescribeVolumes", func(context.Context, *ec2.DescribeVolumesInput) (*ec2.DescribeVolumesOutput, error) {
		return &ec2.DescribeVolumesOutput{}, err
	})
	receive := wire.Handle("ReceiveMessage", func(context.Context, *sqs.ReceiveMessageInput) (*sqs.ReceiveMessageOutput, error) {
		return &sqs.ReceiveMessageOutput{}, err
	})
	return []wire.Service{
		{Name: "kms", Target: "TrentService", Denied: "AccessDeniedException", DeniedCode: 400, Operations: []wire.Operation{describe}},
		{Name: "sqs", Target: "AmazonSQS", Version: "1.0", Denied: "AccessDenied", DeniedCode: 403, Operations: []wire.Operation{receive}},
		{Name: "autoscaling", Protocol: wire.Query, Version: "2011-01-01", Denied: "AccessDenied", DeniedCode: 403, Operations: []wire.Operation{groups}},
		{Name: "ec2", Protocol: wire.EC2Query, Version: "2016-11-15", Denied: "UnauthorizedOperation", DeniedCode: 403, Operations: []wire.Operation{volumes}},
	}
}

// callEach calls the operation of each service and returns the errors.
func callEach(t *testing.T, auth wire.Authenticator, failure error, onCall func(wire.Call)) map[string]error {
	t.Helper()
	server := httptest.NewServer(wire.NewHandler(services(failure), auth, onCall))
	defer server.Close()
	cfg, ctx := configFor(server.URL), t.Context()
	errs := map[string]error{}
	_, errs["kms"] = kms.NewFromConfig(cfg).DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: new("k")})
	_, errs["sqs"] = sqs.NewFromConfig(cfg).ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: new("http://q")})
	_, errs["autoscaling"] = autoscaling.NewFromConfig(cfg).DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{})
	_, errs["ec2"] = ec2.NewFromConfig(cfg).DescribeVolumes(ctx, &ec2.DescribeVolumesInput{})
	return errs
}

// An outcome is what a client sees of an error.
type outcome struct {
	Code, Message string
	Status        int
}

func outcomes(t *testing.T, errs map[string]error) map[string]outcome {
	t.Helper()
	seen := map[string]outcome{}
	for name, err := range errs {
		var api smithy.APIError
		var response *awshttp.ResponseError
		if !errors.As(err, &api) || !errors.As(err, &response) {
			t.Fatalf("%s: not an API error: %v", name, err)
		}
		seen[name] = outcome{api.ErrorCode(), api.ErrorMessage(), response.HTTPStatusCode()}
		if response.Response.Header.Get("X-Amzn-RequestId") == "" {
			t.Errorf("%s: no request id", name)
		}
	}
	return seen
}

func all(o outcome) map[string]outcome {
	return map[string]outcome{"kms": o, "sqs": o, "autoscaling": o, "ec2": o}
}

func TestErrorsTravelInEachProtocol(t *testing.T) {
	t.Parallel()
	const text = `a "quoted" <text> & more`
	for name, c := range map[string]struct {
		err  error
		want outcome
	}{
		"an error of ours":        {&wire.Error{Code: "Some.Code", Message: text, Status: 409}, outcome{"Some.Code", text, 409}},
		"without a status":        {wire.Errorf("Code", "%s", text), outcome{"Code", text, 400}},
		"an exception of the SDK": {&smithy.GenericAPIError{Code: "Code", Message: text}, outcome{"Code", text, 400}},
		"anything else":           {errors.New(text), outcome{"InternalFailure", text, 500}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(all(c.want), outcomes(t, callEach(t, everyone{}, c.err, nil))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestErrorsBecomeTheSDKsExceptions(t *testing.T) {
	t.Parallel()
	errs := callEach(t, everyone{}, wire.Errorf("NotFoundException", "gone"), nil)
	var notFound *kmstypes.NotFoundException
	if !errors.As(errs["kms"], &notFound) || *notFound.Message != "gone" {
		t.Errorf("got %v", errs["kms"])
	}
	errs = callEach(t, everyone{}, &wire.Error{Code: "QueueDoesNotExist", Message: "gone",
		QueryCode: "AWS.SimpleQueueService.NonExistentQueue"}, nil)
	var noQueue *sqstypes.QueueDoesNotExist
	if !errors.As(errs["sqs"], &noQueue) || noQueue.ErrorCode() != "AWS.SimpleQueueService.NonExistentQueue" {
		t.Errorf("got %v", errs["sqs"])
	}
}

// A guard answers every request with one error.
type guard struct{ authenticate, authorize error }

func (g guard) Authenticate(key, token, region string) (*wire.Caller, error) {
	c, _ := everyone{}.Authenticate(key, token, region)
	return c, g.authenticate
}
func (g guard) Authorize(*wire.Caller, wire.Check) error { return g.authorize }

func TestRefusalsHaveEachServicesCode(t *testing.T) {
	t.Parallel()
	var calls []wire.Call
	got := outcomes(t, callEach(t, guard{authorize: &wire.Error{Message: "User: x"}}, nil, func(c wire.Call) { calls = append(calls, c) }))
	want := map[string]outcome{
		"kms":         {"AccessDeniedException", "User: x", 400},
		"sqs":         {"AccessDenied", "User: x", 403},
		"autoscaling": {"AccessDenied", "User: x", 403},
		"ec2":         {"UnauthorizedOperation", "You are not authorized to perform this operation. User: x", 403},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, c := range calls {
		if c.Err == nil || c.Out != nil || c.Operation == "" || c.Caller.RequestID == "" || c.Caller.Agent == "" {
			t.Errorf("a refused call was told as %+v", c)
		}
	}
	if len(calls) != 4 {
		t.Errorf("%d calls were told, want 4", len(calls))
	}
}

func TestBadCredentialsHaveEachProtocolsCode(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]map[string]outcome{
		"InvalidClientTokenId": {
			"kms":         {"UnrecognizedClientException", "text", 400},
			"sqs":         {"UnrecognizedClientException", "text", 400},
			"autoscaling": {"InvalidClientTokenId", "text", 403},
			"ec2":         {"AuthFailure", "AWS was not able to validate the provided access credentials", 401},
		},
		"ExpiredToken": {
			"kms":         {"ExpiredTokenException", "text", 400},
			"sqs":         {"ExpiredTokenException", "text", 400},
			"autoscaling": {"ExpiredToken", "text", 403},
			"ec2":         {"RequestExpired", "text", 400},
		},
	} {
		got := outcomes(t, callEach(t, guard{authenticate: wire.Errorf(code, "text")}, nil, nil))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestAPanicIsAnAnswer(t *testing.T) {
	t.Parallel()
	s := wire.Service{Name: "kms", Target: "TrentService", Operations: []wire.Operation{
		wire.Handle("DescribeKey", func(context.Context, *kms.DescribeKeyInput) (*kms.DescribeKeyOutput, error) { panic("oh") }),
	}}
	server := httptest.NewServer(wire.NewHandler([]wire.Service{s}, everyone{}, nil))
	defer server.Close()
	_, err := kms.NewFromConfig(configFor(server.URL)).DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: new("k")})
	want := map[string]outcome{"kms": {"InternalFailure", "the sandbox broke in kms:DescribeKey: oh", 500}}
	if diff := cmp.Diff(want, outcomes(t, map[string]error{"kms": err})); diff != "" {
		t.Error(diff)
	}
}

// What the sandbox doesn't have is a client's error: SDKs retry a 5xx.
func TestNotInTheSandbox(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(wire.NewHandler(services(nil), everyone{}, nil))
	defer server.Close()
	cfg, ctx := configFor(server.URL), t.Context()
	errs := map[string]error{}
	_, errs["kms:Encrypt"] = kms.NewFromConfig(cfg).Encrypt(ctx, &kms.EncryptInput{KeyId: new("k"), Plaintext: []byte("x")})
	_, errs["ec2:RunInstances"] = ec2.NewFromConfig(cfg).RunInstances(ctx, &ec2.RunInstancesInput{MinCount: new(int32(1)), MaxCount: new(int32(1))})
	_, errs["autoscaling:DescribePolicies"] = autoscaling.NewFromConfig(cfg).DescribePolicies(ctx, &autoscaling.DescribePoliciesInput{})
	for name, got := range outcomes(t, errs) {
		if want := (outcome{"NotInTheSandbox", name + " is not in the sandbox", 400}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

func TestAnUnknownServiceAndNoSignature(t *testing.T) {
	t.Parallel()
	handler := wire.NewHandler(services(nil), everyone{}, nil)
	for name, c := range map[string]struct {
		authorization, target, body string
		status                      int
		want                        string
	}{
		"unknown JSON service": {scope("dynamodb"), "DynamoDB_20120810.ListTables", "{}", 400,
			`{"__type":"NotInTheSandbox","message":"dynamodb:ListTables is not in the sandbox"}`},
		"unknown query service": {scope("sns"), "", "Action=ListTopics", 400, "<Message>sns:ListTopics is not in the sandbox</Message>"},
		"unknown REST service":  {scope("lambda"), "", "", 400, `"lambda is not in the sandbox; docs/sandbox.md lists what is"`},
		"S3":                    {scope("s3"), "", "", 400, "<Message>s3 is not in the sandbox;"},
		"no signature":          {"", "TrentService.DescribeKey", "{}", 403, `"MissingAuthenticationToken"`},
		"half a signature":      {"AWS4-HMAC-SHA256 Credential=111122223333/20260302", "TrentService.DescribeKey", "{}", 403, `"MissingAuthenticationToken"`},
		"another's target":      {scope("kms"), "AmazonSSM.GetParameter", "{}", 400, "UnknownOperationException"},
		"no target":             {scope("kms"), "", "{}", 400, "UnknownOperationException"},
		"broken JSON":           {scope("kms"), "TrentService.DescribeKey", "{", 400, "SerializationException"},
		"wrong type":            {scope("kms"), "TrentService.DescribeKey", `{"KeyId":3}`, 400, "KeyId: can't be the number 3"},
		"broken number":         {scope("autoscaling"), "", "Action=DescribeAutoScalingGroups&MaxRecords=x", 400, "<Code>ValidationError</Code>"},
		"no action":             {scope("ec2"), "", "", 400, "<Code>NotInTheSandbox</Code>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(c.body))
			r.Header.Set("Authorization", c.authorization)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if c.target != "" {
				r.Header.Set("X-Amz-Target", c.target)
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			body, _ := io.ReadAll(w.Result().Body)
			if w.Code != c.status || !strings.Contains(string(body), c.want) {
				t.Errorf("%d %s\nwant %d …%s…", w.Code, body, c.status, c.want)
			}
		})
	}
}

func scope(service string) string {
	return "AWS4-HMAC-SHA256 Credential=111122223333/20260302/eu-west-1/" + service + "/aws4_request, SignedHeaders=host, Signature=0"
}

func TestDryRunAsksOnly(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(wire.NewHandler(services(nil), everyone{}, nil))
	defer server.Close()
	_, err := ec2.NewFromConfig(configFor(server.URL)).DescribeVolumes(t.Context(), &ec2.DescribeVolumesInput{DryRun: new(true)})
	want := map[string]outcome{"ec2": {"DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412}}
	if diff := cmp.Diff(want, outcomes(t, map[string]error{"ec2": err})); diff != "" {
		t.Error(diff)
	}
}

// AWS's answers have their lists also where they are empty: boto3 indexes
// them. SQS alone leaves an empty one out.
func TestEmptyListsAreThere(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(wire.NewHandler(services(nil), everyone{}, nil))
	defer server.Close()
	volumes, err := ec2.NewFromConfig(configFor(server.URL)).DescribeVolumes(t.Context(), &ec2.DescribeVolumesInput{})
	if err != nil || volumes.Volumes == nil {
		t.Errorf("volumes %v, %v", volumes, err)
	}
	messages, err := sqs.NewFromConfig(configFor(server.URL)).ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: new("http://q")})
	if err != nil || messages.Messages != nil {
		t.Errorf("messages %v, %v", messages, err)
	}
}

// NoDevice="" drops a device; a member that isn't there doesn't.
func TestAnEmptyParameterIsAValue(t *testing.T) {
	t.Parallel()
	var got []ec2types.LaunchTemplateBlockDeviceMappingRequest
	s := wire.Service{Name: "ec2", Protocol: wire.EC2Query, Version: "2016-11-15", Operations: []wire.Operation{
		wire.Handle("CreateLaunchTemplate", func(_ context.Context, in *ec2.CreateLaunchTemplateInput) (*ec2.CreateLaunchTemplateOutput, error) {
			got = in.LaunchTemplateData.BlockDeviceMappings
			return &ec2.CreateLaunchTemplateOutput{}, nil
		}),
	}}
	server := httptest.NewServer(wire.NewHandler([]wire.Service{s}, everyone{}, nil))
	defer server.Close()
	_, err := ec2.NewFromConfig(configFor(server.URL)).CreateLaunchTemplate(t.Context(), &ec2.CreateLaunchTemplateInput{
		LaunchTemplateName: new("t"), LaunchTemplateData: &ec2types.RequestLaunchTemplateData{
			BlockDeviceMappings: []ec2types.LaunchTemplateBlockDeviceMappingRequest{
				{DeviceName: new("/dev/sdb"), NoDevice: new("")}, {DeviceName: new("/dev/sdc")}}}})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].NoDevice == nil || *got[0].NoDevice != "" || got[1].NoDevice != nil {
		t.Errorf("arrived as %+v", got)
	}
}

// Twelve items travel in order: item 10 comes after item 9, not after item 1.
func TestListsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	var want, got []string
	for i := range 12 {
		want = append(want, "vol-"+string(rune('a'+i)))
	}
	s := wire.Service{Name: "ec2", Protocol: wire.EC2Query, Operations: []wire.Operation{
		wire.Handle("DescribeVolumes", func(_ context.Context, in *ec2.DescribeVolumesInput) (*ec2.DescribeVolumesOutput, error) {
			got = in.VolumeIds
			return &ec2.DescribeVolumesOutput{}, nil
		}),
	}}
	server := httptest.NewServer(wire.NewHandler([]wire.Service{s}, everyone{}, nil))
	defer server.Close()
	if _, err := ec2.NewFromConfig(configFor(server.URL)).DescribeVolumes(t.Context(), &ec2.DescribeVolumesInput{VolumeIds: want}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A type without wire names is told of, since misspelt XML reads as nothing.
func TestATypeWithoutWireNamesIsRefused(t *testing.T) {
	t.Parallel()
	s := wire.Service{Name: "ec2", Protocol: wire.EC2Query, Operations: []wire.Operation{
		wire.Handle("DescribeHosts", func(context.Context, *ec2.DescribeHostsInput) (*ec2.DescribeHostsOutput, error) {
			return &ec2.DescribeHostsOutput{}, nil
		}),
	}}
	server := httptest.NewServer(wire.NewHandler([]wire.Service{s}, everyone{}, nil))
	defer server.Close()
	_, err := ec2.NewFromConfig(configFor(server.URL)).DescribeHosts(t.Context(), &ec2.DescribeHostsInput{})
	if err == nil || !strings.Contains(err.Error(), "add its operation to operations.txt") {
		t.Errorf("got %v", err)
	}
}
