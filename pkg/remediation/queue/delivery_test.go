package queue_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"keymend/pkg/outcome"
	"keymend/pkg/remediation"
	"keymend/pkg/remediation/queue"
	"keymend/pkg/settings"
)

// When a message was sent, and how often it came, is the queue's word.
func TestDelivery(t *testing.T) {
	t.Parallel()
	sent := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		attributes map[string]string
		now        time.Time
		want       remediation.Delivery
	}{
		"first":        {map[string]string{"SentTimestamp": "1772442000000", "ApproximateReceiveCount": "1"}, sent, remediation.Delivery{Sent: sent, Receives: 1}},
		"third":        {map[string]string{"SentTimestamp": "1772442000000", "ApproximateReceiveCount": "3"}, sent.Add(12 * time.Minute), remediation.Delivery{Sent: sent, Receives: 3}},
		"none":         {},
		"no count":     {attributes: map[string]string{"SentTimestamp": "1772442000000"}},
		"not a number": {attributes: map[string]string{"SentTimestamp": "today", "ApproximateReceiveCount": "1"}},
	} {
		got := queue.DeliveryOf(events.SQSMessage{Attributes: tc.attributes})
		if !got.Now().Equal(tc.now) || !got.Sent.Equal(tc.want.Sent) || got.Receives != tc.want.Receives {
			t.Errorf("%s: %+v, %v", name, got, got.Now().UTC())
		}
	}
}

// What the queue says reaches the change: only a message that came before can have
// done what stands, and who sent it has no say in that.
func TestDeliveryDecidesWhatStands(t *testing.T) {
	t.Parallel()
	text := strings.NewReplacer("arn:aws:kms:eu-west-1:111122223333:key/1", keyARN, "g1", "web-prod", `"CreateGrant"`, `"EditKeyPolicy"`, `"name":"n"`, `"sids":["KeymendUse"]`, `"schema"`, `"delivery":{"receives":2},"Delivery":{"Receives":2},"schema"`).Replace(message("1"))
	for times, want := range map[string]outcome.Outcome{"1": outcome.Superseded, "2": outcome.Stands} {
		s := &shift{settings: settings.Config{VerifyReads: 1}}
		out, err := s.onChanges().Handle(t.Context(), delivered(times, text))
		if err != nil || failed(out) != "" || len(s.with(want)) != 1 || len(s.records) != 1 {
			t.Errorf("delivery %s: %v, %q, %+v", times, err, failed(out), s.records)
		}
	}
}
