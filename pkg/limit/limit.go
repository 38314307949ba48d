// Package limit says how long things last: an invocation, a message's absence from
// its queue, a session. The template sets the times, and the functions reckon with them.
package limit

import (
	"context"
	"time"
)

const (
	// Invocation is the functions' timeout.
	Invocation = time.Minute
	// Visibility is how long a queue hides a message that it handed out: six timeouts
	// of the function that receives it. So long stays away what has to come again.
	// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
	Visibility = 6 * Invocation
	// Window is how long diagnose gathers a batch: its queue hides a message so much
	// longer.
	Window = 2 * time.Second
	// Settling is how long what somebody changed is left alone before it is looked at. So
	// long a FIFO queue drops what is sent again: the look sees what the last of many
	// changes left, and KMS shows it by then.
	// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-exactly-once-processing.html
	Settling = 5 * time.Minute
	// Shown is how long CloudTrail's event history may take to show a call, and as long
	// as SQS delays a message.
	// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html
	Shown = 15 * time.Minute
	// Receives is how often a queue hands out a message before it gives up.
	Receives = 5
	// Session is how long a session of a role lasts: the least that STS gives.
	Session = 15 * time.Minute
	// Answer is the time that an invocation keeps to write down what was done, and to answer.
	Answer = 3 * time.Second
)

// ToAnswer ends a context so long before its deadline that what uses it can answer: an
// invocation that Lambda ends has no answer, and all of its messages come again.
func ToAnswer(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, deadline.Add(-Answer))
}
