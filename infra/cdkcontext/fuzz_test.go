package cdkcontext_test

import (
	"strings"
	"testing"

	"keymend/infra/cdkcontext"
)

// Whatever stands in the context, either every setting comes out as text, or each
// problem is a line that names its key.
func FuzzValidate(f *testing.F) {
	f.Add(`{"keymend:mode":"enforce"}`, "eu-west-1")
	f.Add(`{"keymend:mode":null,"keymend:":1,"keymend:accounts":["1"],"keymend:copyKey":"arn:aws:kms"}`, "cn-north-1")
	f.Add(`{"keymend:alarmTopic":"arn:::::","keymend:encryptionKey":"arn:aws:kms:x:1:key/\n"}`, "")
	f.Add(`{"keymend:scope":"tagged\nall","keymend:a\nb":true}`, "us-gov-west-1")
	f.Fuzz(func(t *testing.T, context, region string) {
		values, err := cdkcontext.Read(func(name string) string {
			return map[string]string{"CDK_CONTEXT_JSON": context}[name]
		}, func(string) ([]byte, error) { return []byte("{}"), nil })
		if err != nil || strings.Trim(region, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return
		}
		text, err := cdkcontext.Validate(values, cdkcontext.Stack{Region: region})
		if (err == nil) == (text == nil) || err == nil && len(text) != len(cdkcontext.Names()) {
			t.Errorf("%d settings, %v", len(text), err)
		}
		if err == nil {
			return
		}
		for line := range strings.SplitSeq(err.Error(), "\n") {
			if !strings.HasPrefix(line, "keymend:") {
				t.Errorf("a problem that names no key: %q of\n%v", line, err)
			}
		}
	})
}
