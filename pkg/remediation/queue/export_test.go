package queue

import (
	"github.com/aws/aws-lambda-go/events"

	"keymend/pkg/remediation"
)

// DeliveryOf is what the queue says about a message.
func DeliveryOf(m events.SQSMessage) remediation.Delivery { return delivery(m) }
