package wire_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go/encoding/cbor"

	"keymend/pkg/sandbox/wire"
)

// answer sends a body to a handler and fails on a 5xx: whatever a client
// sends, the fault is the client's.
func answer(t *testing.T, handler http.Handler, service, target, body string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Authorization", scope(service))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Amz-Target", target)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	if w.Code >= 500 {
		t.Errorf("%d for %q: %s", w.Code, body, w.Body)
	}
}

func FuzzQuery(f *testing.F) {
	for _, seed := range []string{
		"LaunchTemplateName=t&LaunchTemplateData.BlockDeviceMapping.1.NoDevice=",
		"LaunchTemplateData.BlockDeviceMapping.1.Ebs.Encrypted=true&LaunchTemplateData.BlockDeviceMapping.2.Ebs.VolumeSize=8",
		"TagSpecification.1.Tag.1.Key=k&TagSpecification.1.Tag.1.Value=v",
		"LaunchTemplateData=&LaunchTemplateData.1=&..=", "DryRun=maybe", "%", "A.A.A.A.A.A.A.A=1",
		"LaunchTemplateData.BlockDeviceMapping.99999999999999999999.NoDevice=", "LaunchTemplateData.BlockDeviceMapping.-1.NoDevice=",
	} {
		f.Add(seed)
	}
	handler := wire.NewHandler([]wire.Service{{Name: "ec2", Protocol: wire.EC2Query, Operations: []wire.Operation{
		wire.Handle("CreateLaunchTemplate", func(context.Context, *ec2.CreateLaunchTemplateInput) (*ec2.CreateLaunchTemplateOutput, error) {
			return &ec2.CreateLaunchTemplateOutput{}, nil
		})}}}, everyone{}, nil)
	f.Fuzz(func(t *testing.T, body string) { answer(t, handler, "ec2", "", "Action=CreateLaunchTemplate&"+body) })
}

func FuzzCBOR(f *testing.F) {
	for _, seed := range []cbor.Value{
		cbor.Map{"StartTime": &cbor.Tag{ID: 1, Value: cbor.Float64(1.5)}, "MetricDataQueries": cbor.List{cbor.Map{"Id": cbor.String("a"), "Period": cbor.Uint(60)}}},
		cbor.Map{"StartTime": cbor.NegInt(3), "MaxDatapoints": cbor.Float32(1)}, cbor.List{}, cbor.Uint(1), &cbor.Nil{}, cbor.Map{"StartTime": cbor.String("now")},
	} {
		f.Add(cbor.Encode(seed))
	}
	handler := wire.NewHandler([]wire.Service{{Name: "monitoring", Protocol: wire.CBOR, Target: "Granite", Operations: []wire.Operation{
		wire.Handle("GetMetricData", func(context.Context, *cloudwatch.GetMetricDataInput) (*cloudwatch.GetMetricDataOutput, error) {
			return &cloudwatch.GetMetricDataOutput{}, nil
		})}}}, everyone{}, nil)
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequest(http.MethodPost, "/service/Granite/operation/GetMetricData", bytes.NewReader(body))
		r.Header.Set("Authorization", scope("monitoring"))
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("%d for %x: %s", w.Code, body, w.Body)
		}
	})
}

func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`{"KeyId":"k","GranteePrincipal":"p","Operations":["Decrypt"]}`,
		`{"Constraints":{"EncryptionContextSubset":{"aws:ebs:id":"vol-1"}}}`,
		`{"Constraints":[]}`, `{"Operations":{}}`, `{"Operations":[null]}`, `null`, `[]`, `{`, `{"DryRun":1e400}`, `{"KeyId":null}`, "",
	} {
		f.Add(seed)
	}
	handler := wire.NewHandler([]wire.Service{{Name: "kms", Target: "TrentService", Operations: []wire.Operation{
		wire.Handle("CreateGrant", func(context.Context, *kms.CreateGrantInput) (*kms.CreateGrantOutput, error) {
			return &kms.CreateGrantOutput{}, nil
		})}}}, everyone{}, nil)
	f.Fuzz(func(t *testing.T, body string) { answer(t, handler, "kms", "TrentService.CreateGrant", body) })
}
