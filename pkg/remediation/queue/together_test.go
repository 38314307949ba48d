package queue_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"keymend/pkg/remediation"
)

// TestSignalsTogether: the groups of a batch are named before the first is looked
// at, each once; the next batch starts anew.
func TestSignalsTogether(t *testing.T) {
	t.Parallel()
	cancelled := sample(t, "diagnose/testdata/launch-unsuccessful-cancelled.json")
	s := &shift{}
	var announced [][]string
	h := s.onSignals()
	look := h.Diagnose
	h.Diagnose = nil
	h.Together = func(signals []remediation.Signal) func(context.Context, remediation.Signal) ([]remediation.Diagnosis, error) {
		var groups []string
		for _, g := range signals {
			groups = append(groups, g.Group)
		}
		announced = append(announced, groups)
		return look
	}
	for _, bodies := range [][]string{
		{cancelled, cancelled, "no JSON", strings.ReplaceAll(cancelled, "web-prod", "other")},
		{cancelled},
	} {
		if out, err := h.Handle(t.Context(), batch(bodies...)); err != nil || failed(out) != "" {
			t.Fatalf("%v, %q", err, failed(out))
		}
	}
	if len(announced) != 2 || !slices.Equal(announced[0], []string{"web-prod", "other"}) || len(s.signals) != 3 {
		t.Errorf("announced %q, looked at %d", announced, len(s.signals))
	}
}
