package activity_test

import (
	"strings"
	"testing"
	"time"

	"keymend/pkg/activity"
)

// TestDecodePolicyEdit: who wrote which document, if KMS carried it out and the record
// says all that.
func TestDecodePolicyEdit(t *testing.T) {
	t.Parallel()
	const (
		key = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-5e6f-1a2b-3c4d-5e6f1a2b3c4d"
		put = `{"userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/deploy/ci","sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::111122223333:role/deploy"}}},` +
			`"eventTime":"2026-03-02T09:02:11Z","eventSource":"kms.amazonaws.com","eventName":"PutKeyPolicy","requestParameters":{"keyId":"1a2b","policyName":"default","policy":"{}"},` +
			`"resources":[{"ARN":"` + key + `"}],"eventID":"e-1"}`
	)
	want := activity.PolicyEdit{EventID: "e-1", Time: time.Date(2026, 3, 2, 9, 2, 11, 0, time.UTC), Key: key, Caller: "arn:aws:sts::111122223333:assumed-role/deploy/ci",
		Role: "arn:aws:iam::111122223333:role/deploy", Session: "ci", Policy: "{}"}
	if got, ok := activity.DecodePolicyEdit([]byte(put)); !ok || got != want {
		t.Errorf("%+v, %v", got, ok)
	}
	for name, record := range map[string]string{
		"refused":       strings.Replace(put, `"eventID"`, `"errorCode":"AccessDenied","eventID"`, 1),
		"another call":  strings.Replace(put, "PutKeyPolicy", "GetKeyPolicy", 1),
		"without a key": strings.Replace(put, key, "alias/x", 1),
		"cut":           strings.Replace(put, `"policy":"{}"`, `"policy":null`, 1),
		"no time":       strings.Replace(put, "2026-03-02T09:02:11Z", "today", 1),
		"no JSON":       put[1:],
	} {
		if got, ok := activity.DecodePolicyEdit([]byte(record)); ok {
			t.Errorf("%s: %+v", name, got)
		}
	}
	user := strings.Replace(put, `"arn":"arn:aws:iam::111122223333:role/deploy"`, "", 1)
	if got, ok := activity.DecodePolicyEdit([]byte(user)); !ok || got.Session != "" {
		t.Errorf("%+v, %v", got, ok)
	}
}
