package queue_test

import (
	"errors"
	"strings"
	"testing"

	"keymend/pkg/outcome"
)

// What names no group asks for looks, for each thing once a batch; calls that come all
// day, such as AWS's own, leave nothing behind.
func TestSignalsAsk(t *testing.T) {
	t.Parallel()
	event := func(name string) string { return event(t, name) }
	policy := event("key-policy")
	other := strings.ReplaceAll(policy, "1234abcd-12ab", "9999abcd-12ab")
	s := &shift{}
	out, err := s.onSignals().Handle(t.Context(), batch(policy, event("key-disabled"), other, event("grant-retired-by-service"), event("denied-data-key"), policy, event("update-group-size")))
	if err != nil || failed(out) != "" || len(s.records) != 0 || len(s.looks) != 0 {
		t.Fatalf("%v, %q, %+v, looked at %v", err, failed(out), s.records, s.looks)
	}
	var asked []string
	for _, a := range s.asked {
		asked = append(asked, string(a.Why)+" "+a.EventIDs[0][len(a.EventIDs[0])-2:])
	}
	if got := strings.Join(asked, ", "); got != "key-changed 06, key-changed 06, key-denied 20" {
		t.Errorf("asked: %s", got)
	}
	s = &shift{askErr: errors.New("throttled")}
	if out, err = s.onSignals().Handle(t.Context(), batch(policy, other, policy)); err != nil || failed(out) != "a b c" || len(s.asked) != 2 {
		t.Errorf("%v, %q, asked %d times", err, failed(out), len(s.asked))
	}
	// A group that launches in another way is looked at like any that an event names.
	s = &shift{}
	if out, err = s.onSignals().Handle(t.Context(), batch(event("update-group"))); err != nil || failed(out) != "" || len(s.with(outcome.NothingToDo)) != 1 || s.records[0].Signal != "group-updated" {
		t.Errorf("%v, %q, %+v", err, failed(out), s.records)
	}
}
