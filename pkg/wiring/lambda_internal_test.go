package wiring

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
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

// TestClientsShareConnections: a new client opens no connection where one is there.
func TestClientsShareConnections(t *testing.T) {
	var opened atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	for name, value := range map[string]string{"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_ENDPOINT_URL": server.URL} {
		t.Setenv(name, value)
	}
	cfg, err := lambdaConfig()
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := kms.NewFromConfig(cfg).DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: new("alias/a")}); err != nil {
			t.Fatal(err)
		}
		if _, err := ssm.NewFromConfig(cfg.Copy()).GetParameter(t.Context(), &ssm.GetParameterInput{Name: new("/a")}); err != nil {
			t.Fatal(err)
		}
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("six calls by six clients opened %d connections", n)
	}
}
