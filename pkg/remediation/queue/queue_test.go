package queue_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/activity"
	"keymend/pkg/audit"
	"keymend/pkg/remediation"
	"keymend/pkg/remediation/queue"
)

// A shift is what the handlers hand on, and what of it goes wrong.
type shift struct {
	signals  []remediation.Signal
	messages []remediation.Message
	records  []audit.Record
	logged   []error
	fail     map[string]error // by group or target
	noteErr  error
}

func (s *shift) record(_ context.Context, r audit.Record) error {
	s.records = append(s.records, r)
	return s.noteErr
}

func (s *shift) log(err error) { s.logged = append(s.logged, err) }

func (s *shift) onSignals() queue.Signals {
	return queue.Signals{Record: s.record, Log: s.log, Diagnose: func(_ context.Context, g remediation.Signal) ([]remediation.Diagnosis, error) {
		s.signals = append(s.signals, g)
		return nil, s.fail[g.Group]
	}}
}

func (s *shift) onChanges() queue.Changes {
	return queue.Changes{Record: s.record, Log: s.log, Remediate: func(_ context.Context, m remediation.Message) (audit.Record, error) {
		s.messages = append(s.messages, m)
		return audit.Record{}, s.fail[m.Target]
	}}
}

func sample(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile("../../../functions/" + path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func batch(bodies ...string) events.SQSEvent {
	var e events.SQSEvent
	for i, b := range bodies {
		e.Records = append(e.Records, events.SQSMessage{MessageId: string(rune('a' + i)), Body: b})
	}
	return e
}

func failed(r events.SQSEventResponse) string {
	var out []string
	for _, f := range r.BatchItemFailures {
		out = append(out, f.ItemIdentifier)
	}
	return strings.Join(out, " ")
}

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
	for _, g := range s.signals {
		got = append(got, g.Group+" "+string(g.Signal)+" "+string(rune('0'+len(g.EventIDs))))
	}
	want := []string{"web-prod launch-unsuccessful 3", "web-prod launch-successful 1", "other launch-unsuccessful 1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(s.records) != 2 || s.records[0].Outcome != audit.Ignored || s.records[1].Outcome != audit.Ignored || s.records[1].Reason == "" {
		t.Errorf("%+v", s.records)
	}
	if s.signals[0].Account != "111122223333" || s.signals[0].Region != "eu-west-1" {
		t.Errorf("%+v", s.signals[0])
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
	if err != nil || failed(out) != "a c" || len(s.logged) != 1 {
		t.Errorf("%v, %q, %v", err, failed(out), s.logged)
	}
	s = &shift{noteErr: errors.New("disk full")}
	if out, _ := s.onSignals().Handle(t.Context(), batch("no JSON", other)); failed(out) != "a" {
		t.Errorf("an event was lost without a record: %q", failed(out))
	}
}

func message(target string) string {
	return `{"schema":"keymend.change/1","account":"111122223333","region":"eu-west-1","group":"g","target":"arn:` + target + `","digest":"` +
		strings.Repeat("0", 64) + `","steps":[{"type":"CreateGrant","key":"k","principal":"p","name":"n","operations":["Decrypt"],"why":""}]}`
}

func TestChanges(t *testing.T) {
	t.Parallel()
	s := &shift{}
	out, err := s.onChanges().Handle(t.Context(), batch(message("1"), `{"schema":"other"}`, sample(t, "remediate/testdata/change.json")))
	if err != nil || failed(out) != "" || len(s.messages) != 2 || len(s.records) != 1 || s.records[0].Outcome != audit.Ignored {
		t.Errorf("%v, %q, %d messages, %+v", err, failed(out), len(s.messages), s.records)
	}
}

// In a FIFO queue order counts: the first failure stops the batch.
func TestChangesStopAtTheFirstFailure(t *testing.T) {
	t.Parallel()
	s := &shift{fail: map[string]error{"arn:2": errors.New("throttled")}}
	out, err := s.onChanges().Handle(t.Context(), batch(message("1"), message("2"), message("3")))
	if err != nil || failed(out) != "b c" || len(s.messages) != 2 || len(s.logged) != 1 {
		t.Errorf("%v, %q, %d messages", err, failed(out), len(s.messages))
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
		if r.Outcome != audit.SettingsInvalid || r.Mode != "observe" || !strings.Contains(r.Reason, "KEYMEND_MODE") {
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
}

// The response is what Lambda reads: a batch without failures must not look like
// one that failed.
func TestResponseOnTheWire(t *testing.T) {
	t.Parallel()
	s := &shift{fail: map[string]error{"arn:1": errors.New("x")}}
	out, _ := s.onChanges().Handle(t.Context(), batch(message("1")))
	text, err := json.Marshal(out)
	if err != nil || string(text) != `{"batchItemFailures":[{"itemIdentifier":"a"}]}` {
		t.Errorf("%s, %v", text, err)
	}
}

// Any body at all ends as a signal or a record, and never as a panic.
func FuzzSignals(f *testing.F) {
	f.Add(`{}`)
	f.Add(`{"source":"aws.autoscaling","detail-type":"EC2 Instance Launch Unsuccessful","account":"111122223333","region":"eu-west-1","detail":{"AutoScalingGroupName":"g"}}`)
	f.Fuzz(func(t *testing.T, body string) {
		s := &shift{}
		out, err := s.onSignals().Handle(t.Context(), batch(body))
		if err != nil || failed(out) != "" || len(s.signals)+len(s.records) != 1 {
			t.Errorf("%v, %q, %d signals, %d records", err, failed(out), len(s.signals), len(s.records))
		}
		for _, g := range s.signals {
			if g.Group == "" || g.Account == "" || g.Region == "" || g.Signal == activity.Asked {
				t.Errorf("%+v", g)
			}
		}
	})
}
