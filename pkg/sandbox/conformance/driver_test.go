package conformance_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// An answer is what a client made of a server's response.
type answer struct {
	Output map[string]any `json:"output,omitempty"`
	Error  *refusal       `json:"error,omitempty"`
}

// A refusal is a parsed error response.
type refusal struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Status  int    `json:"status"`
}

func (r *refusal) String() string { return fmt.Sprintf("%d %s: %s", r.Status, r.Code, r.Message) }

// A driver makes calls with one client.
type driver interface {
	call(t *testing.T, service, operation string, input map[string]any) answer
}

// A python driver is a running driver.py.
type python struct {
	in  io.WriteCloser
	out *bufio.Reader
}

// startPython starts boto3 against a server, for one test.
func startPython(t *testing.T, endpoint string) *python {
	t.Helper()
	cmd := exec.Command(boto3.Need(t), filepath.Join("testdata", "python", "driver.py"), endpoint, account, region)
	cmd.Env = isolated()
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("driver.py: %v", err)
		}
	})
	return &python{in: in, out: bufio.NewReader(out)}
}

// isolated is an environment in which a client finds no account of the
// machine's own and no endpoint but the one it is given.
func isolated() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.TempDir(), "LANG=C.UTF-8",
		"AWS_ACCESS_KEY_ID=" + account, "AWS_SECRET_ACCESS_KEY=any", "AWS_DEFAULT_REGION=" + region,
		"AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null",
		"PYTHONDONTWRITEBYTECODE=1", "NO_PROXY=127.0.0.1,localhost",
	}
}

func (p *python) call(t *testing.T, service, operation string, input map[string]any) answer {
	t.Helper()
	line, err := json.Marshal(map[string]any{"service": service, "operation": operation, "input": input})
	must(t, err)
	_, err = p.in.Write(append(line, '\n'))
	must(t, err)
	text, err := p.out.ReadBytes('\n')
	if err != nil {
		t.Fatalf("driver.py ended at %s:%s: %v", service, operation, err)
	}
	var a answer
	must(t, json.Unmarshal(text, &a))
	return a
}

// sdk drives the Go SDK.
type sdk map[string]operation

func (s sdk) call(t *testing.T, service, name string, input map[string]any) answer {
	t.Helper()
	do, ok := s[service+":"+name]
	if !ok {
		t.Fatalf("%s:%s is not in the table of operations_test.go", service, name)
	}
	text, err := json.Marshal(input)
	must(t, err)
	output, err := do(t.Context(), text)
	var api smithy.APIError
	switch {
	case errors.As(err, &api):
		r := &refusal{Code: api.ErrorCode(), Message: api.ErrorMessage()}
		var response *smithyhttp.ResponseError
		if errors.As(err, &response) {
			r.Status = response.HTTPStatusCode()
		}
		return answer{Error: r}
	case err != nil:
		t.Fatalf("%s:%s: %v", service, name, err)
	}
	return answer{Output: output}
}

// An operation makes a call with its input as JSON.
type operation func(ctx context.Context, input []byte) (map[string]any, error)
