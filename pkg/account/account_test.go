package account_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"keymend/pkg/account"
	"keymend/pkg/permission"
)

// An issuer answers as STS does, and keeps what it was asked.
type issuer struct {
	mu     sync.Mutex
	asked  []url.Values
	agents []string
	signed []string
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	i.mu.Lock()
	i.asked = append(i.asked, r.PostForm)
	i.agents = append(i.agents, r.UserAgent())
	i.signed = append(i.signed, r.Header.Get("Authorization"))
	i.mu.Unlock()
	if r.PostForm.Get("Action") == "AssumeRole" {
		_, _ = fmt.Fprint(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`)
		return
	}
	_, _ = fmt.Fprint(w, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`)
}

func sessions(t *testing.T, prefix string) (*account.Sessions, *issuer) {
	t.Helper()
	i := &issuer{}
	server := httptest.NewServer(i)
	t.Cleanup(server.Close)
	base := aws.Config{Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("AKIABASE", "s", "")}
	return account.New(base, account.Options{Partition: "aws", RolePrefix: prefix, Version: "1.2.3"}), i
}

func TestRoles(t *testing.T) {
	t.Parallel()
	s, i := sessions(t, "keymend-")
	use := func(cfg aws.Config, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if cfg.Region != "eu-west-1" {
			t.Errorf("Region %s", cfg.Region)
		}
	}
	use(s.Config(t.Context(), "444455556666", "eu-west-1", permission.KeyReader, nil))
	use(s.Config(t.Context(), "444455556666", "eu-west-1", permission.KeyReader, nil))
	narrow := &account.SessionPolicy{SessionName: "keymend-r-1", Policy: `{"Version":"2012-10-17"}`}
	use(s.Config(t.Context(), "444455556666", "eu-west-1", permission.PolicyWriter, narrow))

	var assumed []string
	for _, a := range i.asked {
		if a.Get("Action") == "AssumeRole" {
			assumed = append(assumed, a.Get("RoleArn")+" "+a.Get("RoleSessionName")+" "+a.Get("Policy"))
		}
	}
	want := `arn:aws:iam::444455556666:role/keymend-key-reader keymend-key-reader ,arn:aws:iam::444455556666:role/keymend-policy-writer keymend-r-1 {"Version":"2012-10-17"}`
	if got := strings.Join(assumed, ","); got != want {
		t.Errorf("assumed\n%s\nwant (the reader once)\n%s", got, want)
	}
	for n, agent := range i.agents {
		if !strings.Contains(agent, "keymend/1.2.3") {
			t.Errorf("request %d has the user agent %s", n, agent)
		}
	}
	if last := i.signed[len(i.signed)-1]; !strings.Contains(last, "ASIAROLE") {
		t.Errorf("signed by %s", last)
	}
}

func TestOwnCredentials(t *testing.T) {
	t.Parallel()
	s, i := sessions(t, "")
	for range 2 {
		cfg, err := s.Config(t.Context(), "111122223333", "eu-west-1", permission.Granter, nil)
		if err != nil || cfg.Region != "eu-west-1" {
			t.Fatal(cfg.Region, err)
		}
	}
	_, err := s.Config(t.Context(), "444455556666", "eu-west-1", permission.Reader, nil)
	if err == nil || !strings.Contains(err.Error(), "111122223333") || !strings.Contains(err.Error(), "444455556666") {
		t.Errorf("err = %v", err)
	}
	if len(i.asked) != 1 {
		t.Errorf("asked who it is %d times", len(i.asked))
	}
}
