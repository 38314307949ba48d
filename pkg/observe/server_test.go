package observe_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"keymend/pkg/observe"
)

const (
	accountID = "111122223333"
	region    = "eu-west-1"
)

// An endpoint answers the SDK with recorded shapes: testdata/<case>/<Action>.xml,
// for template versions with the template's id behind it, "-unresolved" where
// parameters stay as they are, and "-only-VERSION" where that is all that is asked.
type endpoint struct {
	t     *testing.T
	dir   string
	url   string
	mu    sync.Mutex
	calls []url.Values
}

// serve returns a resolver whose SDK clients talk to recorded answers.
func serve(t *testing.T, dir string) (*observe.Resolver, *endpoint) {
	t.Helper()
	e := &endpoint{t: t, dir: filepath.Join("testdata", dir)}
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	e.url = server.URL
	return observe.FromConfig(aws.Config{
		Region: region, BaseEndpoint: &server.URL,
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}), e
}

// ServeHTTP implements http.Handler.
func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	e.mu.Lock()
	e.calls = append(e.calls, r.PostForm)
	e.mu.Unlock()
	name := r.PostForm.Get("Action")
	if name == "DescribeLaunchTemplateVersions" {
		name += "-" + r.PostForm.Get("LaunchTemplateId")
		if r.PostForm.Get("ResolveAlias") != "true" {
			name += "-unresolved"
		}
	}
	answer, err := os.ReadFile(filepath.Join(e.dir, name+"-only-"+r.PostForm.Get("LaunchTemplateVersion.1")+".xml"))
	if err != nil || r.PostForm.Has("LaunchTemplateVersion.2") {
		answer, err = os.ReadFile(filepath.Join(e.dir, name+".xml"))
	}
	if err != nil {
		e.t.Errorf("%s was called, and isn't recorded for this case", name)
	}
	w.Header().Set("Content-Type", "text/xml")
	if err != nil || strings.Contains(string(answer), "<Errors>") {
		w.WriteHeader(http.StatusBadRequest)
	}
	_, _ = w.Write(answer)
}

// called returns the parameters of the calls of an action; "" = of all.
func (e *endpoint) called(action string) []url.Values {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []url.Values
	for _, c := range e.calls {
		if action == "" || c.Get("Action") == action {
			out = append(out, c)
		}
	}
	return out
}
