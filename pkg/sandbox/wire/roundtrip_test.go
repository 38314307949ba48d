package wire_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/sandbox/wire"
)

// A peer is one service as the SDK's client sees it.
type peer struct {
	service    wire.Service
	client     func(aws.Config) any
	operations []string // nil: all of the client's
}

func peers(t *testing.T) []peer {
	t.Helper()
	query := queryOperations(t)
	j := func(name, target, version string) wire.Service {
		return wire.Service{Name: name, Target: target, Version: version, Denied: "AccessDeniedException"}
	}
	return []peer{
		{j("kms", "TrentService", "1.1"), func(c aws.Config) any { return kms.NewFromConfig(c) }, nil},
		{j("ssm", "AmazonSSM", "1.1"), func(c aws.Config) any { return ssm.NewFromConfig(c) }, []string{
			"GetParameter", "GetParameters", "GetParametersByPath", "PutParameter", "DeleteParameter", "DescribeParameters"}},
		{j("sqs", "AmazonSQS", "1.0"), func(c aws.Config) any {
			return sqs.NewFromConfig(c, func(o *sqs.Options) { o.DisableMessageChecksumValidation = true })
		}, nil},
		{j("events", "AWSEvents", "1.1"), func(c aws.Config) any { return eventbridge.NewFromConfig(c) }, []string{
			"PutRule", "PutTargets", "PutEvents", "ListRules", "ListTargetsByRule", "TestEventPattern", "DescribeRule",
			"DeleteRule", "RemoveTargets", "EnableRule", "DisableRule", "CreateEventBus", "ListEventBuses"}},
		{j("logs", "Logs_20140328", "1.1"), func(c aws.Config) any { return cloudwatchlogs.NewFromConfig(c) }, []string{
			"CreateLogGroup", "CreateLogStream", "DescribeLogGroups", "DescribeLogStreams", "PutLogEvents", "GetLogEvents",
			"FilterLogEvents", "DeleteLogGroup", "PutRetentionPolicy"}},
		{j("cloudtrail", "CloudTrail_20131101", "1.1"),
			func(c aws.Config) any { return cloudtrail.NewFromConfig(c) }, []string{"LookupEvents", "DescribeTrails", "GetTrailStatus", "GetEventSelectors", "PutEventSelectors", "CreateTrail", "DeleteTrail", "StartLogging", "StopLogging"}},
		{wire.Service{Name: "monitoring", Protocol: wire.CBOR, Target: "GraniteServiceVersion20100801"},
			func(c aws.Config) any { return cloudwatch.NewFromConfig(c) }, []string{"GetMetricData", "ListMetrics", "DescribeAlarms", "PutMetricAlarm"}},
		{wire.Service{Name: "autoscaling", Protocol: wire.Query, Version: "2011-01-01"},
			func(c aws.Config) any { return autoscaling.NewFromConfig(c) }, query["autoscaling"]},
		{wire.Service{Name: "iam", Protocol: wire.Query, Version: "2010-05-08"},
			func(c aws.Config) any { return iam.NewFromConfig(c) }, query["iam"]},
		{wire.Service{Name: "sts", Protocol: wire.Query, Version: "2011-06-15"},
			func(c aws.Config) any { return sts.NewFromConfig(c) }, query["sts"]},
		{wire.Service{Name: "cloudformation", Protocol: wire.Query, Version: "2010-05-15"},
			func(c aws.Config) any { return cloudformation.NewFromConfig(c) }, query["cloudformation"]},
		{wire.Service{Name: "ec2", Protocol: wire.EC2Query, Version: "2016-11-15"},
			func(c aws.Config) any { return ec2.NewFromConfig(c) }, query["ec2"]},
	}
}

// queryOperations reads the list that the table of wire names is made of.
func queryOperations(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("operations.txt")
	if err != nil {
		t.Fatal(err)
	}
	ops := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		if name, list, ok := strings.Cut(line, ":"); ok && !strings.HasPrefix(line, "#") {
			ops[name] = strings.Fields(list)
		}
	}
	return ops
}

// TestEveryMemberTravels sends each operation with every member set through
// the SDK's own client, and gets each answer back with every member set. A
// member spelt wrongly on the wire is lost without an error, so all are
// compared.
func TestEveryMemberTravels(t *testing.T) {
	t.Parallel()
	for _, p := range peers(t) {
		t.Run(p.service.Name, func(t *testing.T) {
			t.Parallel()
			client := reflect.ValueOf(p.client(aws.Config{}))
			names := p.operations
			if names == nil {
				names = clientOperations(client.Type())
			}
			for _, name := range names {
				t.Run(name, func(t *testing.T) { travel(t, p, name) })
			}
		})
	}
}

// travel makes one round trip.
func travel(t *testing.T, p peer, name string) {
	method, ok := reflect.TypeOf(p.client(aws.Config{})).MethodByName(name)
	if !ok {
		t.Fatalf("the SDK has no %s", name)
	}
	sent, back := fill(method.Type.In(2)), fill(method.Type.Out(0))
	without(sent.Elem(), "DryRun")     // else EC2 answers DryRunOperation
	without(sent.Elem(), "EndpointId") // the client makes a host name of it
	var got any
	s := p.service
	s.Operations = []wire.Operation{{
		Name: name,
		New:  func() any { return reflect.New(method.Type.In(2).Elem()).Interface() },
		Call: func(_ context.Context, in any) (any, error) { got = in; return back.Interface(), nil },
	}}
	server := httptest.NewServer(wire.NewHandler([]wire.Service{s}, everyone{}, nil))
	defer server.Close()
	client := reflect.ValueOf(p.client(configFor(server.URL)))
	answer := client.MethodByName(name).Call([]reflect.Value{reflect.ValueOf(t.Context()), sent})
	if err, _ := answer[1].Interface().(error); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text(t, sent.Interface()), text(t, got)); diff != "" {
		t.Errorf("request (-sent +arrived):\n%s", diff)
	}
	if diff := cmp.Diff(text(t, back.Interface()), text(t, answer[0].Interface())); diff != "" {
		t.Errorf("answer (-given +arrived):\n%s", diff)
	}
}

// without empties a member, where there is one.
func without(v reflect.Value, field string) {
	if f := v.FieldByName(field); f.IsValid() {
		f.SetZero()
	}
}

// text writes an SDK value down for comparison, without what doesn't travel.
func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	before, _, _ := strings.Cut(string(b), `"ResultMetadata"`)
	return strings.TrimRight(before, " \n,{}")
}

// clientOperations returns the operations of an SDK client.
func clientOperations(client reflect.Type) []string {
	var names []string
	for i := range client.NumMethod() {
		m := client.Method(i)
		if m.Type.NumIn() == 4 && m.Type.NumOut() == 2 && strings.HasSuffix(m.Type.In(2).String(), "."+m.Name+"Input") {
			names = append(names, m.Name)
		}
	}
	return names
}

// fill returns a pointer to a value with every member set.
func fill(pointer reflect.Type) reflect.Value {
	v := reflect.New(pointer.Elem())
	serial := 0
	fillIn(v.Elem(), &serial, map[reflect.Type]int{})
	return v
}

func fillIn(v reflect.Value, serial *int, inside map[reflect.Type]int) {
	*serial++
	n := *serial
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.UnixMilli(1_700_000_000_123 + int64(n)*1000).UTC()))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillIn(v.Elem(), serial, inside)
	case reflect.Struct:
		fillStruct(v, serial, inside)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte{0xff, 0, byte(n)})
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fillIn(v.Index(0), serial, inside)
		fillIn(v.Index(1), serial, inside)
	case reflect.Map:
		e := reflect.New(v.Type().Elem()).Elem()
		fillIn(e, serial, inside)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("Key <&> é").Convert(v.Type().Key()), e)
	case reflect.String:
		v.SetString(fmt.Sprintf("v%d <&\"'é> ", n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(n) + 0.5)
	default:
		v.SetInt(int64(n))
	}
}

func fillStruct(v reflect.Value, serial *int, inside map[reflect.Type]int) {
	if inside[v.Type()]++; inside[v.Type()] > 2 {
		inside[v.Type()]--
		return // a recursive type
	}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.IsExported() && f.Name != "ResultMetadata" && f.Type.Kind() != reflect.Interface {
			fillIn(v.Field(i), serial, inside)
		}
	}
	inside[v.Type()]--
}

// everyone is an Authenticator that lets everyone do everything.
type everyone struct{}

func (everyone) Authenticate(_, _, region string) (*wire.Caller, error) {
	return &wire.Caller{Account: "111122223333", Region: region, ARN: "arn:aws:iam::111122223333:user/admin"}, nil
}
func (everyone) Authorize(*wire.Caller, wire.Check) error { return nil }

func configFor(url string) aws.Config {
	return aws.Config{
		Region:       "eu-west-1",
		BaseEndpoint: aws.String(url),
		Credentials:  credentials.NewStaticCredentialsProvider("111122223333", "any", ""),
		HTTPClient:   http.DefaultClient,
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },
	}
}
