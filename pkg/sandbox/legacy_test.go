package sandbox_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"
)

// A policy that PutKeyPolicy refuses can be there all the same, as in keys that are
// older than the rule.
func TestSeedAPolicyThatKMSWouldRefuse(t *testing.T) {
	t.Parallel()
	const root = `{"Sid":"Root","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}`
	for name, old := range map[string]string{
		"no action":         `{"Sid":"Old","Effect":"Allow","Principal":{"AWS":"111122223333"},"Resource":"*"}`,
		"another's action":  `{"Sid":"Old","Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"s3:GetObject","Resource":"*"}`,
		"a resource":        `{"Sid":"Old","Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:Sign","Resource":"arn:aws:kms:eu-west-1:111122223333:key/1"}`,
		"deleted principal": `{"Sid":"Old","Effect":"Allow","Principal":{"AWS":"AROAEXAMPLEEXAMPLE123"},"Action":"kms:Sign","Resource":"*"}`,
		"an escape in Sid":  `{"Sid":"Old\u001b[31m","Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:Sign","Resource":"*"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			client := kms.NewFromConfig(w.cfg)
			made, err := client.CreateKey(t.Context(), &kms.CreateKeyInput{})
			must(t, err)
			key, policy := *made.KeyMetadata.Arn, `{"Version":"2012-10-17","Statement":[`+root+`,`+old+`]}`
			_, err = client.PutKeyPolicy(t.Context(), &kms.PutKeyPolicyInput{KeyId: &key, Policy: &policy})
			if api := smithy.APIError(nil); !errors.As(err, &api) || api.ErrorCode() != "MalformedPolicyDocumentException" {
				t.Errorf("PutKeyPolicy: %v", err)
			}
			text, err := json.Marshal(policy)
			must(t, err)
			for _, form := range []string{policy, string(text)} {
				w.ask("POST", "keyPolicy", `{"key":"`+key+`","policy":`+form+`}`, 200)
			}
			got, err := client.GetKeyPolicy(t.Context(), &kms.GetKeyPolicyInput{KeyId: &key})
			must(t, err)
			if !strings.Contains(aws.ToString(got.Policy), `"Sid" : "Old`) {
				t.Errorf("the policy is %s", *got.Policy)
			}
		})
	}
	w := newWorld(t, nil)
	for _, bad := range []string{`{}`, `{"key":"arn:aws:kms:eu-west-1:111122223333:key/none","policy":{"Statement":[]}}`, `{"key":"k","policy":"{"}`, `{"key":"k","text":"{}"}`} {
		if got := w.ask("POST", "keyPolicy", bad, 400); got["error"] == "" {
			t.Errorf("%s: %v", bad, got)
		}
	}
}

// Of the other partitions the sandbox has nothing, and says so.
func TestRegionsOfOtherPartitions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, name := range []string{"cn-north-1", "us-gov-west-1", "us-iso-east-1", "eusc-de-east-1", "nowhere"} {
		cfg := w.cfg.Copy()
		cfg.Region = name
		_, err := kms.NewFromConfig(cfg).ListKeys(t.Context(), &kms.ListKeysInput{})
		if api := smithy.APIError(nil); !errors.As(err, &api) || api.ErrorCode() != "NotInTheSandbox" || !strings.Contains(api.ErrorMessage(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"us-east-1", "ap-southeast-2", "il-central-1", "mx-central-1"} {
		cfg := w.cfg.Copy()
		cfg.Region = name
		_, err := kms.NewFromConfig(cfg).ListKeys(t.Context(), &kms.ListKeysInput{})
		must(t, err)
	}
}
