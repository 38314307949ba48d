package sqs

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"keymend/pkg/sandbox/paging"
	"keymend/pkg/sandbox/wire"
)

// CreateQueue makes a queue. One with the same name and attributes is answered
// as it is; other attributes are refused.
func (s *Service) CreateQueue(ctx context.Context, in *sqs.CreateQueueInput) (*sqs.CreateQueueOutput, error) {
	c := wire.CallerOf(ctx)
	name := aws.ToString(in.QueueName)
	if name == "" || strings.HasSuffix(name, ".fifo") != (in.Attributes["FifoQueue"] == "true") {
		return nil, wire.Errorf("InvalidParameterValue", "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.")
	}
	if err := checkAttributes(in.Attributes); err != nil {
		return nil, err
	}
	arn := queueARN(c.Account, c.Region, name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if q := s.queues[arn]; q != nil {
		for k, v := range in.Attributes {
			if q.attributes[k] != v {
				return nil, wire.Errorf("QueueNameExists", "A queue already exists with the same name and a different value for attribute %s", k)
			}
		}
	} else {
		now := s.clock.Now()
		attributes := maps.Clone(in.Attributes)
		if attributes == nil {
			attributes = map[string]string{}
		}
		s.queues[arn] = &queue{arn: arn, name: name, created: now, modified: now, attributes: attributes, dedup: map[string]sent{}}
	}
	return &sqs.CreateQueueOutput{QueueUrl: new(urlOf(arn))}, nil
}

func checkAttributes(attributes map[string]string) error {
	for name := range attributes {
		if !settable(name) {
			return wire.Errorf("InvalidAttributeName", "Unknown Attribute %s.", name)
		}
	}
	return nil
}

// DeleteQueue deletes a queue and what is in it.
func (s *Service) DeleteQueue(ctx context.Context, in *sqs.DeleteQueueInput) (*sqs.DeleteQueueOutput, error) {
	return &sqs.DeleteQueueOutput{}, s.with(ctx, in.QueueUrl, func(q *queue) error {
		delete(s.queues, q.arn)
		return nil
	})
}

// GetQueueUrl answers with the URL of a queue of the caller's, or of the named
// account's.
func (s *Service) GetQueueUrl(ctx context.Context, in *sqs.GetQueueUrlInput) (*sqs.GetQueueUrlOutput, error) {
	c := wire.CallerOf(ctx)
	account := c.Account
	if in.QueueOwnerAWSAccountId != nil {
		account = *in.QueueOwnerAWSAccountId
	}
	arn := queueARN(account, c.Region, aws.ToString(in.QueueName))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queues[arn] == nil {
		return nil, notThere()
	}
	return &sqs.GetQueueUrlOutput{QueueUrl: new(urlOf(arn))}, nil
}

// ListQueues answers with the URLs of the caller's queues by name.
func (s *Service) ListQueues(ctx context.Context, in *sqs.ListQueuesInput) (*sqs.ListQueuesOutput, error) {
	c := wire.CallerOf(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	var urls []string
	for arn := range s.queues {
		if strings.HasPrefix(arn, queueARN(c.Account, c.Region, aws.ToString(in.QueueNamePrefix))) {
			urls = append(urls, urlOf(arn))
		}
	}
	slices.Sort(urls)
	page, next, err := paging.Cut(urls, in.MaxResults, in.NextToken, paging.Rule{
		Refusal: wire.Errorf("InvalidParameterValue", "Invalid or expired next token.")})
	return &sqs.ListQueuesOutput{QueueUrls: page, NextToken: next}, err
}

// GetQueueAttributes answers with the attributes asked for; All is every one.
func (s *Service) GetQueueAttributes(ctx context.Context, in *sqs.GetQueueAttributesInput) (*sqs.GetQueueAttributesOutput, error) {
	out := &sqs.GetQueueAttributesOutput{Attributes: map[string]string{}}
	err := s.with(ctx, in.QueueUrl, func(q *queue) error {
		for name, v := range q.shown(s.clock.Now()) {
			if slices.Contains(in.AttributeNames, "All") || slices.Contains(in.AttributeNames, types.QueueAttributeName(name)) {
				out.Attributes[name] = v
			}
		}
		return nil
	})
	return out, err
}

// shown returns all attributes of a queue, those that nobody set too.
func (q *queue) shown(now time.Time) map[string]string {
	waiting, inFlight, delayed := q.count(now)
	all := map[string]string{
		"DelaySeconds": "0", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600",
		"ReceiveMessageWaitTimeSeconds": "0", "VisibilityTimeout": "30", "SqsManagedSseEnabled": "true", "QueueArn": q.arn,
		"ApproximateNumberOfMessages":           strconv.Itoa(waiting),
		"ApproximateNumberOfMessagesNotVisible": strconv.Itoa(inFlight),
		"ApproximateNumberOfMessagesDelayed":    strconv.Itoa(delayed),
		"CreatedTimestamp":                      strconv.FormatInt(q.created.Unix(), 10),
		"LastModifiedTimestamp":                 strconv.FormatInt(q.modified.Unix(), 10),
	}
	if q.fifo() {
		all["ContentBasedDeduplication"], all["DeduplicationScope"], all["FifoThroughputLimit"] = "false", "queue", "perQueue"
	}
	maps.Copy(all, q.attributes)
	return all
}

// SetQueueAttributes sets attributes; an empty value takes one away.
func (s *Service) SetQueueAttributes(ctx context.Context, in *sqs.SetQueueAttributesInput) (*sqs.SetQueueAttributesOutput, error) {
	if err := checkAttributes(in.Attributes); err != nil {
		return nil, err
	}
	return &sqs.SetQueueAttributesOutput{}, s.with(ctx, in.QueueUrl, func(q *queue) error {
		maps.Copy(q.attributes, in.Attributes)
		maps.DeleteFunc(q.attributes, func(_, v string) bool { return v == "" })
		q.modified = s.clock.Now()
		return nil
	})
}

// PurgeQueue deletes every message.
func (s *Service) PurgeQueue(ctx context.Context, in *sqs.PurgeQueueInput) (*sqs.PurgeQueueOutput, error) {
	return &sqs.PurgeQueueOutput{}, s.with(ctx, in.QueueUrl, func(q *queue) error {
		q.messages = nil
		return nil
	})
}
