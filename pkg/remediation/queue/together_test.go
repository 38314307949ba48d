package queue_test

import (
	"slices"
	"strings"
	"testing"
)

// TestSignalsTogether: the groups of a batch are named before the first is looked
// at, each once; the next batch starts anew.
func TestSignalsTogether(t *testing.T) {
	t.Parallel()
	cancelled := sample(t, "diagnose/testdata/launch-unsuccessful-cancelled.json")
	s := &shift{}
	h := s.onSignals()
	for _, bodies := range [][]string{
		{cancelled, cancelled, "no JSON", strings.ReplaceAll(cancelled, "web-prod", "other")},
		{cancelled},
	} {
		if out, err := h.Handle(t.Context(), batch(bodies...)); err != nil || failed(out) != "" {
			t.Fatalf("%v, %q", err, failed(out))
		}
	}
	if len(s.gathered) != 2 || !slices.Equal(s.gathered[0], []string{"web-prod", "other"}) || !slices.Equal(s.gathered[1], []string{"web-prod"}) || len(s.looks) != 3 {
		t.Errorf("gathered %q, looked at %v", s.gathered, s.looks)
	}
}
