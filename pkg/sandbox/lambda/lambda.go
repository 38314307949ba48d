// Package lambda runs the built functions in the sandbox: each as a process of
// its own that speaks Lambda's Runtime API, invoked by SQS event source
// mappings that the simulated clock drives. Simulated time stands still while
// an invocation runs; its deadline is real time.
//
// Runtime API: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
package lambda

import (
	"fmt"
	"sync"
	"time"

	"keymend/pkg/sandbox/clock"
	"keymend/pkg/sandbox/sqs"
	"keymend/pkg/sandbox/wire"
)

// Queues is what event source mappings need of SQS.
type Queues interface {
	Take(queueARN string, max int) []sqs.Message
	Done(queueARN, receipt string)
	OnArrival(queueARN string, f func())
}

// Logs is where the functions' output goes.
type Logs interface {
	Append(account, region, group, stream string, at time.Time, line string)
}

// Roles gives functions their identity.
type Roles interface {
	// Credentials makes a session of a role, as Lambda does for a function.
	Credentials(roleARN, session, functionARN string) (accessKey, secret, token string, err error)
	// RoleSession is the caller that Lambda is when it works for a function.
	RoleSession(roleARN, session, region, invokedBy string) (*wire.Caller, error)
	// Authorize decides what that caller may do.
	Authorize(c *wire.Caller, check wire.Check) error
}

// A Function is a built function and its settings.
type Function struct {
	Account, Region, Name string
	Binary                string // path of the built bootstrap
	RoleARN               string
	Env                   map[string]string
	Timeout               time.Duration // 0 = Lambda's default, 3 s
	MemoryMB              int
	LogGroup              string // "" = /aws/lambda/<name>
}

// ARN returns the function's ARN.
func (f Function) ARN() string {
	return "arn:aws:lambda:" + f.Region + ":" + f.Account + ":function:" + f.Name
}

// A Service runs functions.
type Service struct {
	clock  *clock.Clock
	queues Queues
	logs   Logs
	roles  Roles

	mu        sync.Mutex
	endpoint  string          // what the functions know as AWS
	record    func(wire.Call) // takes refusals; may be nil
	processes map[string]*process
	mappings  map[string]Mapping // by ARN
}

// New returns a service without functions.
func New(c *clock.Clock, queues Queues, logs Logs, roles Roles) *Service {
	return &Service{clock: c, queues: queues, logs: logs, roles: roles, processes: map[string]*process{}, mappings: map[string]Mapping{}}
}

// SetEndpoint says where the functions that start from now on find AWS.
func (s *Service) SetEndpoint(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endpoint = url
}

// Create adds a function. Its process starts with the first invocation.
func (s *Service) Create(f Function) error {
	if f.Binary == "" {
		return fmt.Errorf("function %s has no binary", f.Name)
	}
	if f.Timeout == 0 {
		f.Timeout = 3 * time.Second
	}
	if f.LogGroup == "" {
		f.LogGroup = "/aws/lambda/" + f.Name
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.processes[f.ARN()] = &process{service: s, function: f}
	return nil
}

// Delete takes a function away, with its mappings; what its queues hold stays there.
func (s *Service) Delete(arn string) {
	s.mu.Lock()
	p := s.processes[arn]
	delete(s.processes, arn)
	s.mu.Unlock()
	if p != nil {
		p.stop()
	}
}

// there reports whether a function is still that of its name.
func (s *Service) there(p *process) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.processes[p.function.ARN()] == p
}

// Close ends every process.
func (s *Service) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.processes {
		p.stop()
	}
}

// Kill ends what is running of every function at once, as a machine's failure
// does: an invocation under way fails, and the next starts a new process.
func (s *Service) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.processes {
		p.mu.Lock()
		if p.running != nil {
			killGroup(p.running.command)
		}
		p.mu.Unlock()
	}
}
