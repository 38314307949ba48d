package queue_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/outcome"
	"keymend/pkg/settings"
)

// A storm about one group costs one look; what isn't for Keymend is recorded
// and done with.
func TestSignals(t *testing.T) {
	t.Parallel()
	cancelled := sample(t, "diagnose/testdata/launch-unsuccessful-cancelled.json")
	s := &shift{}
	out, err := s.onSignals().Handle(t.Context(), batch(
		cancelled, sample(t, "diagnose/testdata/launch-unsuccessful-failed.json"), sample(t, "diagnose/testdata/create-group.json"),
		sample(t, "diagnose/testdata/launch-successful.json"), sample(t, "diagnose/testdata/other-service.json"), "no JSON",
		strings.ReplaceAll(cancelled, "web-prod", "other"),
	))
	if err != nil || failed(out) != "" {
		t.Fatalf("%v, %q", err, failed(out))
	}
	var got []string
	for _, r := range s.records {
		if r.Outcome != outcome.Ignored {
			got = append(got, fmt.Sprintf("%s %s %d: %s", r.Group, r.Signal, len(r.EventIDs), r.Outcome))
		}
	}
	want := []string{"web-prod launch-unsuccessful 3: nothing-to-do", "other launch-unsuccessful 1: nothing-to-do"}
	if diff := cmp.Diff(want, got); diff != "" || len(s.looks) != 2 {
		t.Errorf("%d looks: %s", len(s.looks), diff)
	}
	ignored := s.with(outcome.Ignored)
	if len(ignored) != 3 || ignored[1].Reason == "" {
		t.Errorf("%+v", ignored)
	}
	if r := s.with(outcome.NothingToDo)[0]; r.Account != "111122223333" || r.Region != "eu-west-1" {
		t.Errorf("%+v", r)
	}
}

// Every message of a group that couldn't be looked at comes again, and only
// those.
func TestSignalsComeAgain(t *testing.T) {
	t.Parallel()
	cancelled := sample(t, "diagnose/testdata/launch-unsuccessful-cancelled.json")
	other := strings.ReplaceAll(cancelled, "web-prod", "other")
	s := &shift{fail: map[string]error{"web-prod": errors.New("throttled")}}
	out, err := s.onSignals().Handle(t.Context(), batch(cancelled, other, cancelled))
	if err != nil || failed(out) != "a c" || len(s.logged) != 1 || len(s.records) != 1 {
		t.Errorf("%v, %q, %v", err, failed(out), s.logged)
	}
	s = &shift{noteErr: errors.New("disk full")}
	if out, _ := s.onSignals().Handle(t.Context(), batch("no JSON", other)); failed(out) != "a b" || len(s.logged) != 2 {
		t.Errorf("an event was lost without a record: %q", failed(out))
	}
}

// message is about a key of its own, and a group.
func message(of string) string {
	target := "arn:aws:kms:eu-west-1:111122223333:key/" + of
	return `{"schema":"keymend.change/1","account":"111122223333","region":"eu-west-1","group":"g` + of + `","target":"` + target + `","digest":"` +
		strings.Repeat("0", 64) + `","steps":[{"type":"CreateGrant","key":"` + target + `","principal":"` + slr + `","name":"n","operations":["Decrypt"],"why":""}]}`
}

func TestChanges(t *testing.T) {
	t.Parallel()
	s := &shift{}
	out, err := s.onChanges().Handle(t.Context(), batch(message("1"), `{"schema":"other"}`, sample(t, "remediate/testdata/change.json")))
	if err != nil || failed(out) != "" || !slices.Equal(s.looks, []string{"g1", "web-prod"}) || len(s.with(outcome.Ignored)) != 1 || len(s.with(outcome.Superseded)) != 2 {
		t.Errorf("%v, %q, looked at %v, %+v", err, failed(out), s.looks, s.records)
	}
	// A step of a kind that isn't known is no half of a plan: nothing is carried out.
	s = &shift{}
	out, err = s.onChanges().Handle(t.Context(), batch(strings.Replace(message("1"), "CreateGrant", "DeleteKey", 1)))
	if err != nil || failed(out) != "" || len(s.looks) != 0 || len(s.with(outcome.Ignored)) != 1 || !strings.Contains(s.records[0].Reason, "DeleteKey") {
		t.Errorf("%v, %q, %+v", err, failed(out), s.records)
	}
}

// In a FIFO queue order counts: the first failure stops the batch.
func TestChangesStopAtTheFirstFailure(t *testing.T) {
	t.Parallel()
	s := &shift{fail: map[string]error{"g2": errors.New("throttled")}}
	out, err := s.onChanges().Handle(t.Context(), batch(message("1"), message("2"), message("3")))
	if err != nil || failed(out) != "b c" || !slices.Equal(s.looks, []string{"g1", "g2"}) || len(s.logged) != 1 {
		t.Errorf("%v, %q, looked at %v", err, failed(out), s.looks)
	}
}

func TestInvalidSettingsAreLoud(t *testing.T) {
	t.Parallel()
	s := &shift{}
	signals, changes := s.onSignals(), s.onChanges()
	signals.Problem, changes.Problem = errors.New("KEYMEND_MODE is ..."), errors.New("KEYMEND_MODE is ...")
	if _, err := signals.Handle(t.Context(), batch()); err != nil {
		t.Error(err)
	}
	if _, err := changes.Handle(t.Context(), batch()); err != nil {
		t.Error(err)
	}
	for _, r := range s.records {
		if r.Outcome != outcome.SettingsInvalid || r.Mode != settings.Observe || !strings.Contains(r.Reason, "KEYMEND_MODE") {
			t.Errorf("%+v", r)
		}
	}
	if len(s.records) != 2 {
		t.Errorf("%d records", len(s.records))
	}
	s.noteErr = errors.New("disk full")
	if _, err := signals.Handle(t.Context(), batch()); err == nil {
		t.Error("nobody hears that the settings are invalid")
	}
	if _, err := changes.Handle(t.Context(), batch()); err == nil {
		t.Error("nobody hears that the settings of the other are")
	}
}

// The response is what Lambda reads: a batch without failures must not look like
// one that failed.
func TestResponseOnTheWire(t *testing.T) {
	t.Parallel()
	s := &shift{fail: map[string]error{"g1": errors.New("x")}}
	out, _ := s.onChanges().Handle(t.Context(), batch(message("1")))
	text, err := json.Marshal(out)
	if err != nil || string(text) != `{"batchItemFailures":[{"itemIdentifier":"a"}]}` {
		t.Errorf("%s, %v", text, err)
	}
}
