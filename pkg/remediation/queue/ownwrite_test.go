package queue_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/aws/smithy-go"

	"keymend/pkg/kind/statements"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/settings"
)

// Writes by Keymend's roles are held to the log and to nothing else, beside the other
// events of a batch. Somebody else's are ignored; what couldn't be looked up comes
// again, alone.
func TestOwnWrites(t *testing.T) {
	t.Parallel()
	write, failure := event(t, "own-write-policy"), event(t, "launch-unsuccessful-kms")
	var detail struct {
		Detail struct {
			Resources []struct{ ARN string }
		}
	}
	if err := json.Unmarshal([]byte(write), &detail); err != nil {
		t.Fatal(err)
	}
	line, err := record.Record{
		Schema: record.Schema, Phase: record.Intent, RemediationID: "r-0123456789abcdef",
		Steps: record.Steps{statements.Add{Key: detail.Detail.Resources[0].ARN}},
	}.Line()
	if err != nil {
		t.Fatal(err)
	}
	throttled := &smithy.GenericAPIError{Code: "ThrottlingException"}
	for name, tc := range map[string]struct {
		prefix  string
		lines   []string
		fails   error
		times   string
		failed  string
		outcome outcome.Outcome // of the record about the write; "" = there is none
	}{
		"explained":            {"keymend-", []string{string(line)}, nil, "1", "", ""},
		"somebody else's":      {"their-", nil, nil, "1", "", ""},
		"roles aren't in use":  {"", nil, nil, "1", "", ""},
		"not yet":              {"keymend-", nil, nil, "1", "a", ""},
		"by now":               {"keymend-", nil, nil, "2", "", outcome.UnexplainedWrite},
		"the log is throttled": {"keymend-", nil, throttled, "2", "a", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := 0
			s := &shift{settings: settings.Config{RolePrefix: tc.prefix, Partition: "aws"}, intents: func(id string) ([]string, error) {
				asked++
				if id != "r-0123456789abcdef" {
					t.Errorf("asked for %s", id)
				}
				return tc.lines, tc.fails
			}}
			out, err := s.onSignals().Handle(t.Context(), delivered(tc.times, write, failure))
			if err != nil || failed(out) != tc.failed || len(s.looks) != 1 || (asked == 1) != (tc.prefix == "keymend-") || (len(s.asked) == 1) != (tc.prefix != "keymend-") {
				t.Errorf("%v, came again %q, %d looks, asked %d times", err, failed(out), len(s.looks), asked)
			}
			want := 1 // the look's
			if tc.outcome != "" {
				want++
			}
			if len(s.records) != want || want == 2 && s.records[0].Outcome != tc.outcome {
				t.Errorf("%+v", s.records)
			}
			if tc.fails != nil && (len(s.logged) != 1 || !errors.Is(s.logged[0], tc.fails)) {
				t.Errorf("%v", s.logged)
			}
		})
	}
}

// An event about an image is for the group that the image's tags name; an image
// that is nobody's is done with, and one that couldn't be looked at comes again.
func TestImageEventsFindTheirGroup(t *testing.T) {
	t.Parallel()
	ready := event(t, "image-available")
	of := func(digit string) string {
		return strings.ReplaceAll(ready, "ami-0123456789abcdef0", "ami-0123456789abcdef"+digit)
	}
	s := &shift{
		settings: settings.Config{ForeignKey: settings.ForeignCopy}, images: map[string]string{"ami-0123456789abcdef0": "web-prod"},
		fail: map[string]error{"ami-0123456789abcdef2": errors.New("throttled")},
	}
	out, err := s.onSignals().Handle(t.Context(), batch(ready, of("1"), of("2"), ready))
	if err != nil || failed(out) != "c" || len(s.logged) != 1 {
		t.Errorf("%q, %v, %v", failed(out), err, s.logged)
	}
	if len(s.looks) != 1 || s.looks[0] != "web-prod" || len(s.records) != 2 || s.records[1].Signal != "image-changed" || len(s.records[1].EventIDs) != 2 {
		t.Errorf("looked at %v: %+v", s.looks, s.records)
	}
	if r := s.records[0]; r.Outcome != outcome.Ignored || !strings.Contains(r.Reason, "no copy of Keymend's") {
		t.Errorf("%+v", s.records)
	}
	nobody := &shift{images: s.images}
	if out, err := nobody.onSignals().Handle(t.Context(), batch(ready)); err != nil || failed(out) != "" || len(nobody.with(outcome.Ignored)) != 1 || len(nobody.looks) != 0 {
		t.Errorf("%q, %v: %+v", failed(out), err, nobody.records)
	}
}
