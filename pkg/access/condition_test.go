package access_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"keymend/pkg/access"
	"keymend/pkg/keypolicy"
)

// A conditionCase is a condition block, the request it meets, and whether it is
// met. A key with null is absent from the request; one that isn't there is
// unknown.
type conditionCase struct {
	When    json.RawMessage            `json:"when"`
	Version string                     `json:"version"`
	Has     map[string]json.RawMessage `json:"has"`
	Is      string                     `json:"is"`
}

func TestConditions(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/conditions.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Source string
		Cases  []conditionCase
	}
	if err := json.Unmarshal(text, &file); err != nil || file.Source == "" || len(file.Cases) == 0 {
		t.Fatal("no cases", err)
	}
	for _, c := range file.Cases {
		t.Run(string(c.When), func(t *testing.T) {
			t.Parallel()
			c.check(t, "Allow", map[string]access.Decision{"met": access.Allowed, "not met": access.Denied, "unknown": access.Unknown}[c.Is])
			c.check(t, "Deny", map[string]access.Decision{"met": access.Denied, "not met": access.Allowed, "unknown": access.Unknown}[c.Is])
		})
	}
}

// check puts the condition on a statement for everyone; a Deny stands beside an
// unconditional Allow.
func (c conditionCase) check(t *testing.T, effect string, want access.Decision) {
	t.Helper()
	version := c.Version
	if version == "" {
		version = "2012-10-17"
	}
	statements := fmt.Sprintf(`{"Effect":%q,"Principal":"*","Action":"kms:*","Resource":"*","Condition":%s}`, effect, c.When)
	if effect == "Deny" {
		statements += `,{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}`
	}
	line, err := json.Marshal(map[string]any{
		"principal": placeholders().Replace("@SLR@"), "key": placeholders().Replace("@KEY@"), "keyState": "Enabled",
		"policy": json.RawMessage(fmt.Sprintf(`{"Version":%q,"Statement":[%s]}`, version, statements)),
		"grants": []int{}, "operations": []string{"Decrypt"}, "context": c.Has,
	})
	if err != nil {
		t.Fatal(err)
	}
	r := askLine(t, line)[0]
	if r.Decision != want {
		t.Errorf("%s %s with %s: %s, want %s", effect, c.When, c.Has, r.Decision, want)
	}
}

// mustPolicy parses a policy that the test wrote.
func mustPolicy(t interface {
	Helper()
	Fatal(...any)
}, raw string) *keypolicy.Document {
	t.Helper()
	d, err := keypolicy.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
