package queue_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"keymend/pkg/activity"
	"keymend/pkg/remediation"
)

// Writes by Keymend's roles go to Explain and to nobody else, beside the other
// events of a batch. Somebody else's are ignored; what couldn't be looked up comes
// again, alone.
func TestOwnWrites(t *testing.T) {
	t.Parallel()
	write, err := os.ReadFile("../../activity/testdata/events/own-write-policy.json")
	if err != nil {
		t.Fatal(err)
	}
	failure, err := os.ReadFile("../../activity/testdata/events/launch-unsuccessful-kms.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		answer  error
		without bool
		failed  string
		records int
	}{
		"explained":       {},
		"somebody else's": {answer: &activity.Ignored{Reason: "theirs"}, records: 1},
		"not yet":         {answer: errors.New("later"), failed: "a"},
		"nobody looks":    {without: true, records: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &shift{}
			h, explained := s.onSignals(), 0
			if !tc.without {
				h.Explain = func(_ context.Context, f activity.Failure, d remediation.Delivery) error {
					explained++
					if f.Write.Action != "kms:PutKeyPolicy" || d.Receives != 2 {
						t.Errorf("%+v, %+v", f, d)
					}
					return tc.answer
				}
			}
			b := batch(string(write), string(failure))
			b.Records[0].Attributes = map[string]string{"SentTimestamp": "1772442000000", "ApproximateReceiveCount": "2"}
			out, err := h.Handle(t.Context(), b)
			if err != nil || failed(out) != tc.failed || len(s.records) != tc.records || len(s.signals) != 1 || (explained == 1) == tc.without {
				t.Errorf("%v, came again %q, %d records, %d signals, explained %d", err, failed(out), len(s.records), len(s.signals), explained)
			}
		})
	}
}
