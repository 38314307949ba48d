package lambda

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"keymend/pkg/sandbox/sqs"
)

// A Mapping feeds a function from a queue.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
type Mapping struct {
	QueueARN       string
	FunctionARN    string
	BatchSize      int           // 0 = 10
	Window         time.Duration // how long to gather a batch
	ReportFailures bool          // ReportBatchItemFailures
}

// Map starts a mapping: from now on messages that arrive are handed over.
func (s *Service) Map(m Mapping) error {
	s.mu.Lock()
	p := s.processes[m.FunctionARN]
	s.mu.Unlock()
	if p == nil {
		return fmt.Errorf("no function %s", m.FunctionARN)
	}
	if m.BatchSize == 0 {
		m.BatchSize = 10
	}
	f := &feed{service: s, mapping: m, process: p}
	s.queues.OnArrival(m.QueueARN, f.arrived)
	return nil
}

// A feed is a mapping at work.
type feed struct {
	service *Service
	mapping Mapping
	process *process

	mu      sync.Mutex
	waiting bool // a poll is due
}

// arrived gathers a batch for the length of the window.
func (f *feed) arrived() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.waiting {
		return
	}
	f.waiting = true
	f.service.clock.After(f.mapping.Window, f.poll)
}

// poll hands over what there is, batch by batch. Messages of a batch that
// failed stay in flight until their visibility timeout is over.
func (f *feed) poll() {
	f.mu.Lock()
	f.waiting = false
	f.mu.Unlock()
	for {
		batch := f.service.queues.Take(f.mapping.QueueARN, f.mapping.BatchSize)
		if len(batch) == 0 {
			return
		}
		answer, err := f.process.invoke(f.event(batch))
		if err != nil {
			continue
		}
		failed := f.failures(answer, batch)
		for _, m := range batch {
			if !slices.Contains(failed, m.ID) {
				f.service.queues.Done(f.mapping.QueueARN, m.Receipt)
			}
		}
	}
}

func (f *feed) event(batch []sqs.Message) []byte {
	var e events.SQSEvent
	for _, m := range batch {
		e.Records = append(e.Records, events.SQSMessage{
			MessageId: m.ID, ReceiptHandle: m.Receipt, Body: m.Body, Attributes: m.Attributes,
			EventSource: "aws:sqs", EventSourceARN: f.mapping.QueueARN, AWSRegion: f.process.function.Region,
		})
	}
	text, err := json.Marshal(e)
	if err != nil {
		panic(err) // strings and maps of strings
	}
	return text
}

// failures returns the ids of the messages that the function gives back. As
// Lambda does, an answer that can't be read fails the whole batch.
func (f *feed) failures(answer []byte, batch []sqs.Message) []string {
	if !f.mapping.ReportFailures {
		return nil
	}
	var r events.SQSEventResponse
	var out []string
	if err := json.Unmarshal(answer, &r); err != nil {
		for _, m := range batch {
			out = append(out, m.ID)
		}
		return out
	}
	for _, failure := range r.BatchItemFailures {
		out = append(out, failure.ItemIdentifier)
	}
	return out
}
