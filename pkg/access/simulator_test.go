package access_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"keymend/pkg/access"
)

// BenchmarkSimulator puts the questions of BenchmarkLaunch and BenchmarkLarge to
// the independent simulator, whose public entry reads the policy anew with each
// question; BenchmarkParse says what that costs here. It knows no grants.
func BenchmarkSimulator(b *testing.B) {
	f, r := launchFacts(b)
	b.Run("launch", func(b *testing.B) { simulate(b, f, r, "Allowed") })
	large, lr := largeFacts(b, 100)
	b.Run("100 statements", func(b *testing.B) { simulate(b, large, lr, "ImplicitlyDenied") })
}

func simulate(b *testing.B, f access.Facts, r access.Request, want string) {
	home := filepath.Join("..", "..", ".tools", "node")
	if _, err := os.Stat(filepath.Join(home, "node_modules", "@cloud-copilot", "iam-simulate")); err != nil {
		b.Skip("not run here: @cloud-copilot/iam-simulate is not installed")
	}
	file := filepath.Join(b.TempDir(), "questions.json")
	if err := os.WriteFile(file, simulatorQuestions(b, f, r), 0o600); err != nil {
		b.Fatal(err)
	}
	// #nosec G204 -- the test's own script
	out, err := exec.Command("node", "testdata/simulator-bench.mjs", home, file).Output()
	if err != nil {
		b.Fatal(err)
	}
	var said struct {
		Nanoseconds float64
		Answers     []string
	}
	if err := json.Unmarshal(out, &said); err != nil || len(said.Answers) != len(r.Operations) {
		b.Fatalf("%v: %s", err, out)
	}
	for _, answer := range said.Answers {
		if answer != want {
			b.Fatalf("the simulator says %s, want %s", answer, want)
		}
	}
	b.ReportMetric(said.Nanoseconds, "ns/op")
}

func simulatorQuestions(b *testing.B, f access.Facts, r access.Request) []byte {
	b.Helper()
	var questions []map[string]any
	for _, operation := range r.Operations {
		context := map[string]string{"kms:CallerAccount": "111122223333", "kms:ViaService": "ec2.eu-west-1.amazonaws.com"}
		if operation == "CreateGrant" {
			context["kms:GrantIsForAWSResource"] = "true"
		}
		questions = append(questions, map[string]any{
			"principal": r.Principal.ARN, "action": "kms:" + operation, "resource": f.Key.ARN, "account": "111122223333",
			"policy": json.RawMessage(f.Policy.String()), "context": context,
		})
	}
	out, err := json.Marshal(questions)
	if err != nil {
		b.Fatal(err)
	}
	return out
}

// BenchmarkParse reads the policies of the other benchmarks.
func BenchmarkParse(b *testing.B) {
	launch, _ := launchFacts(b)
	large, _ := largeFacts(b, 100)
	for name, raw := range map[string]string{"launch": launch.Policy.String(), "100 statements": large.Policy.String()} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				mustPolicy(b, raw)
			}
		})
	}
}
