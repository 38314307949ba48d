package queue

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"keymend/pkg/remediation"
)

// Changes takes messages from the FIFO queue to the Fixer.
type Changes struct {
	Fixer *remediation.Fixer
	Function
}

// Handle carries out the messages of a batch, which has one. At the first that
// fails it stops and hands back the rest: in a FIFO queue order counts.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
func (h Changes) Handle(ctx context.Context, batch events.SQSEvent) (events.SQSEventResponse, error) {
	var out events.SQSEventResponse
	defer h.ended(ctx)
	if err := h.settings(ctx, h.Fixer.Log); err != nil {
		return out, err
	}
	for i, m := range batch.Records {
		if err := h.one(ctx, m); err != nil {
			h.Complain(ctx, err)
			for _, rest := range batch.Records[i:] {
				out.BatchItemFailures = append(out.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: rest.MessageId})
			}
			return out, nil
		}
	}
	return out, nil
}

func (h Changes) one(ctx context.Context, m events.SQSMessage) error {
	message, err := remediation.ReadMessage([]byte(m.Body), h.Fixer.Kinds.Kinds())
	if err != nil {
		return h.Fixer.Log.Write(ctx, ignored(err))
	}
	message.Delivery = delivery(m)
	message.Delivery.Approver = h.approver(m)
	_, err = h.Fixer.Remediate(ctx, message)
	return err
}

// approver returns the name of the session that sent a message, if it is one of the
// approver's role: of a session the sender's id is the role's unique id and the session's
// name. SQS writes it, and no sender can. What comes by a bus was sent by a service.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
func (h Changes) approver(m events.SQSMessage) string {
	role, name, _ := strings.Cut(m.Attributes["SenderId"], ":")
	if role == "" || role != h.Fixer.Settings.ApproverRoleID {
		return ""
	}
	return name
}

// delivery is what the queue says about a message. Without that nothing is known
// of the time: the function's own clock and AWS's needn't agree.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
func delivery(m events.SQSMessage) remediation.Delivery {
	sent := timeOf(m, sentAt)
	receives, err := strconv.Atoi(m.Attributes["ApproximateReceiveCount"])
	if err != nil || sent.IsZero() {
		return remediation.Delivery{}
	}
	return remediation.Delivery{Sent: sent, Receives: receives, First: timeOf(m, firstReceivedAt)}
}

// Attributes of a message that are times.
const (
	sentAt          = "SentTimestamp"
	firstReceivedAt = "ApproximateFirstReceiveTimestamp"
)

// timeOf reads an attribute that is a time; zero where SQS doesn't say.
func timeOf(m events.SQSMessage, name string) time.Time {
	at, err := strconv.ParseInt(m.Attributes[name], 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(at)
}
