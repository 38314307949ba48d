package signal_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keymend/pkg/signal"
)

const events = "testdata/events"

// samples returns the captured events, by file name without ".json".
func samples(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(events, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no events", err)
	}
	out := map[string][]byte{}
	for _, file := range files {
		event, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(file), ".json")] = event
	}
	return out
}

// envelope knows every kind; a new one fails here.
func envelope(t *testing.T, s signal.Signal) signal.Event {
	t.Helper()
	switch s := s.(type) {
	case signal.LaunchFailed:
		return s.Event
	case signal.GroupChanged:
		return s.Event
	case signal.ImageChanged:
		return s.Event
	case signal.OwnWrite:
		return s.Event
	case signal.Sweep:
		return s.Event
	case signal.Looks:
		return s.From()
	}
	t.Fatalf("a signal of another kind: %+v", s)
	return signal.Event{}
}

// lookOf returns the look that a signal asks for; an image's is for group "tagged".
func lookOf(s signal.Signal) (signal.Look, bool) {
	switch s := s.(type) {
	case interface{ Look() signal.Look }:
		return s.Look(), true
	case signal.ImageChanged:
		return s.Look("tagged"), true
	}
	return signal.Look{}, false
}

// TestEveryKindHasASample: a kind is known by its rule.
func TestEveryKindHasASample(t *testing.T) {
	t.Parallel()
	sampled := map[string]bool{}
	for _, event := range samples(t) {
		if s, err := signal.Decode(event, "keymend-"); err == nil {
			sampled[s.Name()] = true
		}
	}
	for _, r := range signal.Rules() {
		if !sampled[r.Signal] {
			t.Errorf("%s has no sample in %s", r.Signal, events)
		}
		delete(sampled, r.Signal)
	}
	delete(sampled, signal.Looks{}.Name()) // Keymend sends these itself
	delete(sampled, signal.Looks{Follow: &signal.Follow{}}.Name())
	for name := range sampled {
		t.Errorf("%s has no rule", name)
	}
}
