// Package sqs is the sandbox's SQS: standard and FIFO queues on the simulated
// clock, with visibility timeouts, delays, deduplication, message groups and
// dead-letter queues.
package sqs

import (
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
	return wire.Service{
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
	}.On(resources)
}

// resources returns the queue that a request names, by its URL or its name.
func resources(c *wire.Caller, in any) []string {
	if url := wire.Member(in, "QueueUrl"); url != "" {
		return []string{arnOfURL(url, c.Region)}
	}
	if name := wire.Member(in, "QueueName"); name != "" {
		return []string{queueARN(c.Account, c.Region, name)}
	}
	return nil
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
