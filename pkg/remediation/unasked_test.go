package remediation_test

import (
	"errors"
	"strings"
	"testing"

	"keymend/pkg/outcome"
	"keymend/pkg/remediation"
)

// TestOnlyWhatWasAgreed: a plan that is permitted, and that the person hasn't said yes to,
// is handed back; with their yes it is carried out.
func TestOnlyWhatWasAgreed(t *testing.T) {
	t.Parallel()
	w := newWorld()
	m := w.message(t)
	w.records = nil
	agreed := m.Digest
	asks := func(x *remediation.Fixer) { x.Agreed = func(digest string) bool { return digest == agreed } }
	w.policy = strings.Replace(rootOnly, `"Statement"`, `"Id":"edited","Statement"`, 1)
	_, err := w.fixer(asks).Remediate(t.Context(), m)
	fresh, ok := errors.AsType[*remediation.UnaskedError](err)
	if !ok || fresh.Message.Digest == m.Digest || fresh.Record.Digest != fresh.Message.Digest || w.puts != 0 {
		t.Fatalf("%v, %d writes", err, w.puts)
	}
	for _, r := range w.records {
		if r.Phase != "outcome" || r.Outcome != outcome.Superseded {
			t.Errorf("on record: %s %s", r.Phase, r.Outcome)
		}
	}
	agreed = fresh.Message.Digest
	if r, err := w.fixer(asks).Remediate(t.Context(), fresh.Message); err != nil || r.Outcome != outcome.Fixed || w.puts != 1 {
		t.Errorf("%s, %v, %d writes", r.Outcome, err, w.puts)
	}
}
