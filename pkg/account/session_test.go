package account_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"keymend/pkg/account"
	"keymend/pkg/permission"
)

const (
	hub    = "111122223333"
	member = "444455556666"
	region = "eu-west-1"
)

// A tokens hands out credentials whose access key names the session, and says who
// asks.
type tokens struct {
	mu     sync.Mutex
	calls  []url.Values
	agents []string
}

// ServeHTTP implements http.Handler.
func (s *tokens) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, r.PostForm)
	s.agents = append(s.agents, r.UserAgent())
	if r.PostForm.Get("Action") == "GetCallerIdentity" {
		_, _ = io.WriteString(w, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::`+hub+`:user/a</Arn><UserId>AIDA</UserId><Account>`+hub+`</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`)
		return
	}
	_, _ = fmt.Fprintf(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>ASIA%d</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
		len(s.calls), time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
}

func serve(t *testing.T, o account.Options) (*account.Sessions, *tokens) {
	t.Helper()
	s := &tokens{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return account.New(aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL,
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
	}, o), s
}

func key(t *testing.T, cfg aws.Config) string {
	t.Helper()
	c, err := cfg.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c.AccessKeyID
}

// TestReaderSessions: one for an account, for every Region of it.
func TestReaderSessions(t *testing.T) {
	t.Parallel()
	sessions, s := serve(t, account.Options{Partition: "aws-cn", RolePrefix: "keymend-", Version: "1.2.3"})
	var keys []string
	for _, at := range [][2]string{{member, region}, {member, "eu-central-1"}, {hub, region}} {
		cfg, err := sessions.Config(t.Context(), at[0], at[1], permission.Reader, nil)
		if err != nil || cfg.Region != at[1] || cfg.RetryMode != aws.RetryModeStandard {
			t.Fatalf("%s %s: %+v, %v", at[0], at[1], cfg, err)
		}
		keys = append(keys, key(t, cfg))
	}
	if keys[0] != keys[1] || keys[0] == keys[2] || len(s.calls) != 2 {
		t.Errorf("credentials %q by %d calls", keys, len(s.calls))
	}
	call := s.calls[0]
	if call.Get("RoleArn") != "arn:aws-cn:iam::"+member+":role/keymend-reader" || call.Get("RoleSessionName") != "keymend-reader" || call.Has("Policy") {
		t.Errorf("asked %v", call)
	}
	if !strings.Contains(s.agents[0], "keymend/1.2.3") {
		t.Errorf("user agent %q", s.agents[0])
	}
}

// TestWriteSessions: each is its own, and narrowed to one action on one target; in
// another account it says which one it is from, in its own it says nothing.
func TestWriteSessions(t *testing.T) {
	t.Parallel()
	sessions, s := serve(t, account.Options{RolePrefix: "keymend-"})
	const policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:PutKeyPolicy","Resource":"arn:aws:kms:eu-west-1:444455556666:key/1"}]}`
	narrow := &account.SessionPolicy{SessionName: "keymend-r-0123456789abcdef", Policy: policy}
	var keys []string
	for range 2 {
		cfg, err := sessions.Config(t.Context(), member, region, permission.PolicyWriter, narrow)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key(t, cfg))
	}
	if keys[0] == keys[1] {
		t.Error("two writes shared a session")
	}
	call := s.calls[1] // after who asks
	if call.Get("Tags.member.1.Key") != "keymend-account" || call.Get("Tags.member.1.Value") != hub || call.Get("SourceIdentity") != hub {
		t.Errorf("says nothing of where it is from: %v", call)
	}
	if call.Get("Policy") != policy || call.Get("RoleSessionName") != narrow.SessionName || call.Get("RoleArn") != "arn:aws:iam::"+member+":role/keymend-policy-writer" {
		t.Errorf("asked %v", call)
	}
	for own, role := range map[string]permission.Role{hub: permission.PolicyWriter, member: permission.Granter} {
		cfg, err := sessions.Config(t.Context(), own, region, role, narrow)
		if err != nil {
			t.Fatal(err)
		}
		key(t, cfg)
		if call := s.calls[len(s.calls)-1]; call.Has("Tags.member.1.Key") || call.Has("SourceIdentity") {
			t.Errorf("%s in %s says where it is from: %v", role, own, call)
		}
	}
	if _, err := sessions.Config(t.Context(), member, region, permission.Granter, nil); err == nil {
		t.Error("a writer's session that isn't narrowed was opened")
	}
}

func TestSessionNames(t *testing.T) {
	t.Parallel()
	sessions, s := serve(t, account.Options{RolePrefix: "keymend-"})
	for given, want := range map[string]string{
		"keymend-a b/c:d":                    "keymend-abcd",
		"keymend-" + strings.Repeat("x", 99): "keymend-" + strings.Repeat("x", 56),
		"é":                                  "keymend",
	} {
		cfg, err := sessions.Config(t.Context(), member, region, permission.Granter, &account.SessionPolicy{SessionName: given})
		if err != nil {
			t.Fatal(err)
		}
		key(t, cfg)
		if got := s.calls[len(s.calls)-1].Get("RoleSessionName"); got != want {
			t.Errorf("%q became %q, want %q", given, got, want)
		}
	}
}

// TestEndpointFromEnvironment: AWS_ENDPOINT_URL reaches every call, as in any
// tool that takes the SDK's configuration.
func TestEndpointFromEnvironment(t *testing.T) {
	s := &tokens{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	t.Setenv("AWS_ACCESS_KEY_ID", hub)
	t.Setenv("AWS_SECRET_ACCESS_KEY", "any")
	t.Setenv("AWS_REGION", region)
	base, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if own, err := account.New(base, account.Options{}).Self(t.Context()); err != nil || own != hub {
		t.Errorf("%q, %v", own, err)
	}
}
