package queue_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"keymend/pkg/audit"
	"keymend/pkg/plan"
	"keymend/pkg/remediation"
	"keymend/pkg/remediation/queue"
)

// When a message was sent, and how often it came, is the queue's word.
func TestDelivery(t *testing.T) {
	t.Parallel()
	m := remediation.Message{
		Schema: remediation.MessageSchema, Account: "111122223333", Region: "eu-west-1", Group: "g", Target: "arn:x",
		Steps: plan.Steps{plan.CreateGrant{}}, Digest: strings.Repeat("0", 64),
	}
	body, err := m.Body()
	if err != nil {
		t.Fatal(err)
	}
	sent := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		attributes map[string]string
		want       time.Time
	}{
		"first":        {map[string]string{"SentTimestamp": "1772442000000", "ApproximateReceiveCount": "1"}, sent},
		"third":        {map[string]string{"SentTimestamp": "1772442000000", "ApproximateReceiveCount": "3"}, sent.Add(12 * time.Minute)},
		"none":         {nil, time.Time{}},
		"no count":     {map[string]string{"SentTimestamp": "1772442000000"}, time.Time{}},
		"not a number": {map[string]string{"SentTimestamp": "today", "ApproximateReceiveCount": "1"}, time.Time{}},
	} {
		var got time.Time
		h := queue.Changes{Log: func(error) {}, Remediate: func(_ context.Context, m remediation.Message) (audit.Record, error) {
			got = m.Delivery.Now()
			return audit.Record{}, nil
		}}
		e := events.SQSEvent{Records: []events.SQSMessage{{MessageId: "a", Body: body, Attributes: tc.attributes}}}
		if _, err := h.Handle(t.Context(), e); err != nil || !got.Equal(tc.want) {
			t.Errorf("%s: %v, %v", name, got.UTC(), err)
		}
	}
}
