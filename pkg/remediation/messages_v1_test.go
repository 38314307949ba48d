package remediation_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"keymend/pkg/apply/table"
	"keymend/pkg/change"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
)

// Messages that the version before sent may still be in the queue when this one is
// deployed. Each is read, with the steps that it was sent with, and is sent on as it
// came.
func TestMessagesOfTheVersionBefore(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("testdata", "v1", "messages.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i, line := range bytes.Split(bytes.TrimSpace(text), []byte("\n")) {
		m, err := remediation.ReadMessage(line, table.Kinds().Kinds())
		if err != nil {
			t.Errorf("message %d: %v", i+1, err)
			continue
		}
		for _, step := range m.Steps {
			seen[step.Kind()] = true
			if _, unread := step.(change.Unread); unread || len(step.Calls()) == 0 || step.Claim().Consent == change.Nobody {
				t.Errorf("message %d: step %T %s", i+1, step, step.Kind())
			}
		}
		body, err := m.Body()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sent(t, line), sent(t, []byte(body))); diff != "" {
			t.Errorf("message %d (-sent +read):\n%s", i+1, diff)
		}
	}
	if len(seen) != 10 {
		t.Errorf("%d kinds of step: %v", len(seen), seen)
	}
}

// What the version before recorded is taken back, too: its undos are about what its
// records are about.
func TestUndosOfTheVersionBefore(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "record", "testdata", "v1", "records.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	undone := 0
	for i, line := range bytes.Split(bytes.TrimSpace(text), []byte("\n")) {
		r, ok, err := record.Parse(line, table.Kinds().Kinds())
		if err != nil || !ok {
			t.Fatalf("record %d: %v, %v", i+1, ok, err)
		}
		steps, err := remediation.UndoOf(r)
		switch had := gjson.GetBytes(line, "undo").Exists(); {
		case !had && !errors.Is(err, remediation.ErrNothingToUndo):
			t.Errorf("record %d has no undo: %v", i+1, err)
		case had && (err != nil || len(steps.Calls()) == 0 && r.Outcome != outcome.Copying):
			t.Errorf("record %d: %d calls, %v", i+1, len(steps.Calls()), err)
		case had:
			undone++
		}
	}
	if undone != 16 {
		t.Errorf("%d undos", undone)
	}
}

// sent is what a message says. What a grant within a step is, its place says.
func sent(t *testing.T, line []byte) any {
	t.Helper()
	says := gjson.ParseBytes(line).Value()
	message, _ := says.(map[string]any)
	steps, _ := message["steps"].([]any)
	for _, step := range steps {
		if within, ok := step.(map[string]any)["grant"].(map[string]any); ok {
			delete(within, "type")
		}
	}
	return says
}
