package jsonlines_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"testing"

	"keymend/pkg/access/jsonlines"
)

// A meter counts answers, and samples the heap as they come.
type meter struct {
	answers      int
	early, late  uint64 // the most that the heap held in the first tenth, and after it
	every, after int
}

func (m *meter) Write(p []byte) (int, error) {
	before := m.answers
	m.answers += bytes.Count(p, []byte("\n"))
	if before/m.every == m.answers/m.every {
		return len(p), nil
	}
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	if m.answers < m.after {
		m.early = max(m.early, s.HeapInuse)
	} else {
		m.late = max(m.late, s.HeapInuse)
	}
	return len(p), nil
}

// 100,000 questions, each different, take no more memory than the first tenth of
// them. It runs alone, since the heap is everyone's.
func TestMemoryDoesntGrowWithTheNumberOfLines(t *testing.T) {
	const lines, megabyte = 100_000, 1 << 20
	in, out := io.Pipe()
	go func() { _ = out.CloseWithError(writeQuestions(out, lines)) }()
	m := &meter{every: 500, after: lines / 10}
	bad, err := jsonlines.Process(in, m)
	if bad != 0 || err != nil || m.answers != lines {
		t.Fatalf("%d bad lines, %v, %d answers", bad, err, m.answers)
	}
	t.Logf("heap in use at most: %d KB in the first tenth, %d KB after it", m.early>>10, m.late>>10)
	if m.early == 0 || m.late > m.early+8*megabyte || m.late > 32*megabyte {
		t.Errorf("the heap held %d MB in the first tenth, %d MB after it", m.early/megabyte, m.late/megabyte)
	}
}

// writeQuestions writes lines that differ in what a cache might keep: the id, a
// role, the policy.
func writeQuestions(w io.Writer, n int) error {
	enc := json.NewEncoder(w)
	for i := range n {
		role := fmt.Sprintf("arn:aws:iam::111122223333:role/app-%d", i)
		if err := enc.Encode(map[string]any{
			"id": i, "principal": slr, "key": key, "keyState": "Enabled", "operations": []string{"Decrypt"}, "context": map[string]any{},
			"policy": map[string]any{"Version": "2012-10-17", "Statement": []any{
				map[string]any{"Sid": fmt.Sprint("S", i), "Effect": "Allow", "Principal": map[string]any{"AWS": []string{role, slr}}, "Action": "kms:*", "Resource": "*"},
			}},
			"grants": []any{map[string]any{"GrantId": fmt.Sprint("g", i), "GranteePrincipal": role, "Operations": []string{"Decrypt"}}},
		}); err != nil {
			return err
		}
	}
	return nil
}
