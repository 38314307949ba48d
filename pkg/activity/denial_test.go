package activity_test

import (
	"strings"
	"testing"
	"time"

	"keymend/pkg/activity"
)

const (
	deniedRole = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
	deniedKey  = "arn:aws:kms:eu-west-1:444455556666:key/1a2b3c4d-5e6f-1a2b-3c4d-5e6f1a2b3c4d"
	// In the shape of the recorded call of facts about CloudTrail, with an error.
	denial = `{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROA3YPCLM65EEXVIEH7D:AutoScaling",` +
		`"arn":"arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForAutoScaling/AutoScaling","accountId":"111122223333",` +
		`"sessionContext":{"sessionIssuer":{"type":"Role","arn":"` + deniedRole + `","userName":"AWSServiceRoleForAutoScaling"}},"invokedBy":"autoscaling.amazonaws.com"},` +
		`"eventTime":"2026-03-02T09:02:11Z","eventSource":"kms.amazonaws.com","eventName":"GenerateDataKeyWithoutPlaintext","awsRegion":"eu-west-1",` +
		`"errorCode":"AccessDenied","errorMessage":"MESSAGE","requestParameters":PARAMETERS,"resources":RESOURCES,"eventID":"e-1"}`
)

func recordOf(message, parameters, resources string) []byte {
	return []byte(strings.NewReplacer("MESSAGE", message, "PARAMETERS", parameters, "RESOURCES", resources).Replace(denial))
}

// TestDecodeDenial: the key is found wherever CloudTrail puts it, and a record
// that doesn't carry it is a denial all the same.
func TestDecodeDenial(t *testing.T) {
	t.Parallel()
	const none = "null"
	for name, tc := range map[string]struct {
		record []byte
		key    string
	}{
		"in the resources":          {recordOf("no", none, `[{"accountId":"444455556666","type":"AWS::KMS::Key","ARN":"`+deniedKey+`"}]`), deniedKey},
		"in the parameters":         {recordOf("no", `{"keyId":"`+deniedKey+`"}`, none), deniedKey},
		"in the message":            {recordOf("User: x is not authorized to perform: kms:CreateGrant on resource: "+deniedKey+" because no", none, none), deniedKey},
		"a key's id says not whose": {recordOf("no", `{"keyId":"1a2b3c4d-5e6f-1a2b-3c4d-5e6f1a2b3c4d"}`, none), ""},
		"nowhere":                   {recordOf("on this resource because the resource does not exist", none, none), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := activity.DecodeDenial(tc.record)
			want := activity.KeyDenial{Role: deniedRole, Key: tc.key, Operation: "GenerateDataKeyWithoutPlaintext", Time: time.Date(2026, 3, 2, 9, 2, 11, 0, time.UTC), EventID: "e-1"}
			if !ok || got != want {
				t.Errorf("got %+v, %v; want %+v", got, ok, want)
			}
		})
	}
}

// TestNoDenial: what isn't KMS's refusal of a role is none.
func TestNoDenial(t *testing.T) {
	t.Parallel()
	whole := string(recordOf("no", "null", `[{"ARN":"`+deniedKey+`"}]`))
	for name, record := range map[string]string{
		"not JSON":        `{"eventName":`,
		"another service": strings.Replace(whole, "kms.amazonaws.com", "ec2.amazonaws.com", 1),
		"another error":   strings.Replace(whole, `"errorCode":"AccessDenied"`, `"errorCode":"DisabledException"`, 1),
		"no error":        strings.Replace(whole, `"errorCode":"AccessDenied",`, "", 1),
		"no role":         strings.Replace(whole, deniedRole, "", 1),
	} {
		if d, ok := activity.DecodeDenial([]byte(record)); ok {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

// FuzzDecodeDenial: nothing that CloudTrail could send makes it fail, and a key
// that it names is a key's ARN.
func FuzzDecodeDenial(f *testing.F) {
	f.Add(recordOf("no", "null", `[{"ARN":"`+deniedKey+`"}]`))
	f.Add(recordOf("on resource: "+deniedKey, `{"keyId":7}`, "[]"))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, record []byte) {
		d, ok := activity.DecodeDenial(record)
		if !ok && d != (activity.KeyDenial{}) {
			t.Errorf("no denial, and yet %+v", d)
		}
		if d.Key != "" && (!strings.HasPrefix(d.Key, "arn:aws") || !strings.Contains(d.Key, ":key/")) {
			t.Errorf("key %q", d.Key)
		}
	})
}
