package account_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"keymend/pkg/account"
	"keymend/pkg/permission"
)

// A remade is AWS, where roles were made anew so many times.
type remade struct {
	times  int
	code   string // that calls by the session of an earlier role get
	always bool   // and those by any
	assume int    // calls of AssumeRole
}

// Do implements aws.HTTPClient.
func (r *remade) Do(request *http.Request) (*http.Response, error) {
	status, body := http.StatusOK, `{}`
	switch from := fmt.Sprintf("Credential=ASIA%d/", r.times); {
	case strings.HasPrefix(request.URL.Host, "sts."):
		r.assume++
		body = fmt.Sprintf(`<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>ASIA%d</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
			r.times, time.Now().Add(15*time.Minute).UTC().Format(time.RFC3339))
	case r.always, !strings.Contains(request.Header.Get("Authorization"), from):
		status, body = http.StatusBadRequest, fmt.Sprintf(`{"__type":%q,"message":"no"}`, r.code)
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: request}, nil
}

func (r *remade) sessions() *account.Sessions {
	return account.New(aws.Config{
		Region: region, HTTPClient: r, Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
	}, account.Options{RolePrefix: "keymend-"})
}

func call(t *testing.T, sessions *account.Sessions, role permission.Role) error {
	t.Helper()
	cfg, err := sessions.Config(t.Context(), member, region, role, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = kms.NewFromConfig(cfg).ListAliases(t.Context(), &kms.ListAliasesInput{})
	return err
}

// TestARoleThatWasMadeAnew: after the one call that tells so, the next uses a new session.
func TestARoleThatWasMadeAnew(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure", "AccessDenied", "AccessDeniedException", "UnauthorizedOperation"} {
		synctest.Test(t, func(t *testing.T) {
			world := &remade{code: code}
			sessions := world.sessions()
			if err := call(t, sessions, permission.Reader); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Minute)
			world.times++
			if err := call(t, sessions, permission.Reader); err == nil || world.assume != 1 {
				t.Errorf("%s: %v, by %d sessions", code, err, world.assume)
			}
			for range 3 {
				if err := call(t, sessions, permission.Reader); err != nil || world.assume != 2 {
					t.Errorf("%s: %v, by %d sessions", code, err, world.assume)
				}
			}
		})
	}
}

// TestRefusalsCostFewSessions: a role that may not do something costs a session a minute at
// most; an answer that is no refusal costs none.
func TestRefusalsCostFewSessions(t *testing.T) {
	t.Parallel()
	for code, most := range map[string]int{"AccessDeniedException": 10, "NotFoundException": 1} {
		synctest.Test(t, func(t *testing.T) {
			world := &remade{code: code, always: true}
			sessions := world.sessions()
			for range 600 {
				if err := call(t, sessions, permission.KeyReader); err == nil {
					t.Fatal("isn't refused")
				}
				time.Sleep(time.Second)
			}
			if world.assume > most {
				t.Errorf("%s: %d sessions in ten minutes", code, world.assume)
			}
		})
	}
}

// TestFewSessionsAreKept: accounts are named by whoever writes a template.
func TestFewSessionsAreKept(t *testing.T) {
	t.Parallel()
	for others, want := range map[int]int{400: 1, 600: 2} {
		world := &remade{}
		sessions := world.sessions()
		for range 2 {
			if err := call(t, sessions, permission.KeyReader); err != nil {
				t.Fatal(err)
			}
			for i := range others {
				if _, err := sessions.Config(t.Context(), fmt.Sprintf("%012d", i), region, permission.KeyReader, nil); err != nil {
					t.Fatal(err)
				}
			}
		}
		if world.assume != want {
			t.Errorf("after %d others: %d sessions", others, world.assume)
		}
	}
}
