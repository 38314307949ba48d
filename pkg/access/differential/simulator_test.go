package differential_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// home is where .ci/run installs the simulator; a test runs in its own folder.
var home = filepath.Join("..", "..", "..", ".tools", "node")

// TestTools says whether the simulator is missing; `make test` prints it.
func TestTools(t *testing.T) {
	missing := lacks()
	switch format := "not run here: the differential test of access (%s; `make differential` installs it)"; {
	case missing == "":
		t.Log("the simulator is installed")
	case os.Getenv("KEYMEND_REQUIRE_TOOLS") == "1":
		t.Fatalf(format, missing)
	default:
		t.Logf(format, missing)
	}
}

// lacks says what is missing to run the simulator; "" = nothing.
func lacks() string {
	if _, err := exec.LookPath("node"); err != nil {
		return "node is not installed"
	}
	if _, err := os.Stat(filepath.Join(home, "node_modules", "@cloud-copilot", "iam-simulate", "package.json")); err != nil {
		return "@cloud-copilot/iam-simulate is not installed"
	}
	return ""
}

// A simulator is the other evaluator's process: one line asks, one answers.
type simulator struct {
	t   *testing.T
	in  io.WriteCloser
	out *bufio.Scanner
}

// startSimulator skips the test where the tools are missing; TestTools has said so.
func startSimulator(t *testing.T) *simulator {
	t.Helper()
	if missing := lacks(); missing != "" {
		t.Skip("not run here: " + missing)
	}
	cmd := exec.Command("node", filepath.Join("testdata", "simulate.mjs"), home)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
			t.Errorf("simulator: %v", err)
		}
	})
	s := &simulator{t: t, in: in, out: bufio.NewScanner(out)}
	s.out.Buffer(nil, 1<<20)
	return s
}

// An answer is what the simulator says.
type answer struct {
	Result string `json:"result"` // Allowed, ImplicitlyDenied, ExplicitlyDenied
	Error  string `json:"error"`
}

func (a answer) allowed() bool { return a.Result == "Allowed" }

// ask puts questions, already in the simulator's terms, and reads the answers.
func (s *simulator) ask(questions []question) []answer {
	s.t.Helper()
	failed := make(chan error, 1)
	go func() {
		var all bytes.Buffer
		for _, q := range questions {
			all.Write(q.line())
		}
		_, err := all.WriteTo(s.in)
		failed <- err
	}()
	out := make([]answer, len(questions))
	for i := range out {
		if !s.out.Scan() {
			s.t.Fatalf("the simulator stopped after %d of %d answers: %v", i, len(out), s.out.Err())
		}
		if err := json.Unmarshal(s.out.Bytes(), &out[i]); err != nil {
			s.t.Fatalf("%v: %s", err, s.out.Text())
		}
		if out[i].Error != "" {
			s.t.Fatalf("the simulator refuses the question: %s\n%s", out[i].Error, questions[i])
		}
	}
	if err := <-failed; err != nil {
		s.t.Fatal(err)
	}
	return out
}

// line is the question as testdata/simulate.mjs reads it. The principal is the
// session that makes the request, where there is one. Condition keys that no
// policy mentions are left out: the simulator looks each up.
func (q question) line() []byte {
	principal := q.principal.ARN
	if q.principal.SessionARN != "" {
		principal = q.principal.SessionARN
	}
	mentioned, policies := map[string][]string{}, strings.ToLower(q.policies())
	for key, v := range q.context {
		if strings.Contains(policies, strings.ToLower(key)) {
			mentioned[key] = v
		}
	}
	text, err := json.Marshal(map[string]any{
		"principal": principal, "action": "kms:" + q.operation, "resource": q.key.ARN, "account": q.keyAccount(),
		"context": mentioned, "policy": q.policy, "identity": q.identity, "session": q.session,
	})
	if err != nil {
		panic(err)
	}
	return append(text, '\n')
}

func arnPart(arn string, i int) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		panic(fmt.Sprintf("%q is no ARN", arn))
	}
	return parts[i]
}

func equalFold(a, b string) bool { return strings.EqualFold(a, b) }
