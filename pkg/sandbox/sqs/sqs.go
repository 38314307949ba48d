// Package sqs is the sandbox's SQS: standard and FIFO queues on the simulated
// clock, with visibility timeouts, delays, deduplication, message groups and
// dead-letter queues.
package sqs

import (
	"context"
	"strings"
	"sync"

	"keymend/pkg/sandbox/clock"
	"keymend/pkg/sandbox/wire"
)

// A Service is SQS.
type Service struct {
	clock *clock.Clock

	mu     sync.Mutex
	queues map[string]*queue // by ARN
}

// New returns a service without queues.
func New(c *clock.Clock) *Service { return &Service{clock: c, queues: map[string]*queue{}} }

// Wire returns the API.
func (s *Service) Wire() wire.Service {
	w := wire.Service{
		Name: "sqs", Protocol: wire.JSON, Target: "AmazonSQS", Version: "1.0",
		Denied: "AccessDeniedException", DeniedCode: 403,
		Operations: []wire.Operation{
			wire.Handle("CreateQueue", s.CreateQueue), wire.Handle("DeleteQueue", s.DeleteQueue),
			wire.Handle("GetQueueUrl", s.GetQueueUrl), wire.Handle("ListQueues", s.ListQueues),
			wire.Handle("GetQueueAttributes", s.GetQueueAttributes), wire.Handle("SetQueueAttributes", s.SetQueueAttributes),
			wire.Handle("SendMessage", s.SendMessage), wire.Handle("SendMessageBatch", s.SendMessageBatch),
			wire.Handle("ReceiveMessage", s.ReceiveMessage), wire.Handle("DeleteMessage", s.DeleteMessage),
			wire.Handle("DeleteMessageBatch", s.DeleteMessageBatch), wire.Handle("ChangeMessageVisibility", s.ChangeMessageVisibility),
			wire.Handle("PurgeQueue", s.PurgeQueue),
		},
	}
	for i, op := range w.Operations {
		w.Operations[i].Needs = needs(strings.TrimSuffix(op.Name, "Batch"))
	}
	return w
}

// needs: a batch needs the permission of its single operation, on the queue.
func needs(operation string) func(context.Context, any) []wire.Check {
	return func(ctx context.Context, in any) []wire.Check {
		return []wire.Check{{Action: "sqs:" + operation, Resource: resource(ctx, in)}}
	}
}

func resource(ctx context.Context, in any) string {
	c := wire.CallerOf(ctx)
	switch name, isURL := queueName(in); {
	case name == "":
		return "*"
	case isURL:
		return arnOfURL(name, c.Region)
	default:
		return queueARN(c.Account, c.Region, name)
	}
}

func queueARN(account, region, name string) string {
	return "arn:aws:sqs:" + region + ":" + account + ":" + name
}

// arnOfURL reads the ARN out of a queue's URL, whose last two parts are account
// and name. The host is whatever the client calls the sandbox.
func arnOfURL(url, region string) string {
	part := strings.Split(url, "/")
	if len(part) < 2 {
		return ""
	}
	return queueARN(part[len(part)-2], region, part[len(part)-1])
}

// urlOf returns a queue's URL as AWS writes it; SDKs that were given an
// endpoint send their requests there, whatever it says.
func urlOf(arn string) string {
	part := strings.Split(arn, ":")
	return "https://sqs." + part[3] + ".amazonaws.com/" + part[4] + "/" + part[5]
}
