package wiring

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

// TestLambdaConfig: what the functions need of the environment is as the SDK's own chain
// has it.
func TestLambdaConfig(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token",
		"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_MAX_ATTEMPTS": "7", "AWS_RETRY_MODE": "standard", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
	} {
		t.Setenv(name, value)
	}
	got, err := lambdaConfig()
	if err != nil {
		t.Fatal(err)
	}
	want, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	mine, err := got.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	chain, err := want.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.Region != want.Region || aws.ToString(got.BaseEndpoint) != aws.ToString(want.BaseEndpoint) || got.RetryMode != want.RetryMode || got.RetryMaxAttempts != want.RetryMaxAttempts || mine != chain {
		t.Errorf("%+v, want %+v", got, want)
	}
	t.Setenv("AWS_RETRY_MODE", "sometimes")
	if _, err := lambdaConfig(); err == nil {
		t.Error("a bad value passes")
	}
}
