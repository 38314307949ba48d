package lambda

import (
	"crypto/md5" //nolint:gosec // SQS's own checksum, not a protection
	"encoding/hex"
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
	ID             string // a UUID in AWS; here what its maker calls it
	QueueARN       string
	FunctionARN    string
	BatchSize      int           // 0 = 10
	Window         time.Duration // how long to gather a batch
	ReportFailures bool          // ReportBatchItemFailures
}

// Map starts a mapping: from now on messages that arrive are handed over.
func (s *Service) Map(m Mapping) error {
	if m.BatchSize == 0 {
		m.BatchSize = 10
	}
	s.mu.Lock()
	p := s.processes[m.FunctionARN]
	if p != nil {
		s.mappings[mappingARN(p.function.Account, p.function.Region, m.ID)] = m
	}
	s.mu.Unlock()
	if p == nil {
		return fmt.Errorf("no function %s", m.FunctionARN)
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
func (f *feed) arrived() { f.after(f.mapping.Window) }

// after plans one poll, however many messages arrive until then.
func (f *feed) after(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.waiting {
		return
	}
	f.waiting = true
	f.service.clock.After(d, f.poll)
}

const (
	// betweenBatches lets a little simulated time pass, so that a function that
	// feeds its own queue doesn't hold the clock for ever.
	betweenBatches = time.Millisecond
	// untilAllowed is how long Lambda waits before it polls again with a role
	// that may not.
	untilAllowed = time.Minute
)

// poll hands over a batch, and plans the next. Messages of a batch that failed
// stay in flight until their visibility timeout is over.
func (f *feed) poll() {
	f.mu.Lock()
	f.waiting = false
	f.mu.Unlock()
	if !f.service.there(f.process) {
		return
	}
	if !f.allowed() {
		f.after(untilAllowed)
		return
	}
	batch := f.service.queues.Take(f.mapping.QueueARN, f.mapping.BatchSize)
	if len(batch) == 0 {
		return
	}
	defer f.after(betweenBatches)
	answer, err := f.process.invoke(f.event(batch))
	if err != nil {
		return
	}
	failed := f.failures(answer, batch)
	for _, m := range batch {
		if !slices.Contains(failed, m.ID) {
			f.service.queues.Done(f.mapping.QueueARN, m.Receipt)
		}
	}
}

// allowed reports whether the function's role lets Lambda poll the queue.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions
func (f *feed) allowed() bool {
	for _, operation := range []string{"ReceiveMessage", "DeleteMessage", "GetQueueAttributes"} {
		if !f.service.mayAs(f.process.function, "sqs", operation, f.mapping.QueueARN) {
			return false
		}
	}
	return true
}

func (f *feed) event(batch []sqs.Message) []byte {
	var e events.SQSEvent
	for _, m := range batch {
		digest := md5.Sum([]byte(m.Body)) //nolint:gosec // SQS's own checksum, not a protection
		e.Records = append(e.Records, events.SQSMessage{
			MessageId: m.ID, ReceiptHandle: m.Receipt, Body: m.Body, Attributes: m.Attributes,
			Md5OfBody: hex.EncodeToString(digest[:]), MessageAttributes: map[string]events.SQSMessageAttribute{},
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
	var all, out []string
	for _, m := range batch {
		all = append(all, m.ID)
	}
	var r events.SQSEventResponse
	if err := json.Unmarshal(answer, &r); err != nil {
		return all
	}
	for _, failure := range r.BatchItemFailures {
		if !slices.Contains(all, failure.ItemIdentifier) {
			return all // an empty or unknown identifier counts as no answer
		}
		out = append(out, failure.ItemIdentifier)
	}
	return out
}
