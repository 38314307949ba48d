package queue_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"keymend/pkg/activity"
	"keymend/pkg/audit"
)

// An event about an image is for the group that the image's tags name; an image
// that is nobody's is done with, and one that couldn't be looked at comes again.
func TestImageEventsFindTheirGroup(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../activity/testdata/events/image-available.json")
	if err != nil {
		t.Fatal(err)
	}
	ready := string(text)
	s := &shift{}
	h := s.onSignals()
	h.Place = func(_ context.Context, f activity.Failure) (activity.Failure, error) {
		switch f.Image {
		case "ami-0123456789abcdef0":
			f.Group = "web-prod"
			return f, nil
		case "ami-0123456789abcdef1":
			return f, &activity.Ignored{Reason: "nobody's"}
		}
		return f, errors.New("throttled")
	}
	of := func(digit string) string {
		return strings.ReplaceAll(ready, "ami-0123456789abcdef0", "ami-0123456789abcdef"+digit)
	}
	out, err := h.Handle(t.Context(), batch(ready, of("1"), of("2"), ready))
	if err != nil || failed(out) != "c" || len(s.logged) != 1 {
		t.Errorf("%q, %v, %v", failed(out), err, s.logged)
	}
	if len(s.signals) != 1 || s.signals[0].Group != "web-prod" || s.signals[0].Signal != activity.ImageChanged {
		t.Errorf("%+v", s.signals)
	}
	if len(s.records) != 1 || s.records[0].Outcome != audit.Ignored || !strings.Contains(s.records[0].Reason, "nobody's") {
		t.Errorf("%+v", s.records)
	}
	nobody := &shift{}
	if out, err := nobody.onSignals().Handle(t.Context(), batch(ready)); err != nil || failed(out) != "" || len(nobody.records) != 1 || len(nobody.signals) != 0 {
		t.Errorf("%q, %v: %+v", failed(out), err, nobody.records)
	}
}
