package differential_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"keymend/pkg/sandbox/conformance/tool"
)

const simulatorModule = "@cloud-copilot/iam-simulate"

// A simulator is the other evaluator's process.
type simulator struct {
	t *testing.T
	tool.Node
}

func startSimulator(t *testing.T) *simulator {
	t.Helper()
	tool.Judged(t, "the evaluator", tool.NodeLacks("node", simulatorModule))
	return &simulator{t, tool.StartNode(t, "simulate.mjs", tool.Installed("node"))}
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
		_, err := all.WriteTo(s.In)
		failed <- err
	}()
	out := make([]answer, len(questions))
	for i := range out {
		if !s.Out.Scan() {
			s.t.Fatalf("the simulator stopped after %d of %d answers: %v", i, len(out), s.Out.Err())
		}
		if err := json.Unmarshal(s.Out.Bytes(), &out[i]); err != nil {
			s.t.Fatalf("%v: %s", err, s.Out.Text())
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
