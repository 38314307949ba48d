package sandbox

import (
	"sync"
	"time"

	"keymend/pkg/sandbox/wire"
)

// A SeenCall is one API call that the sandbox has answered, or that one of its
// services made of another as CloudTrail would show it.
type SeenCall struct {
	Serial    int       `json:"serial"` // from 1, without gaps
	Time      time.Time `json:"time"`   // simulated
	Account   string    `json:"account"`
	Region    string    `json:"region"`
	Caller    string    `json:"caller"`              // ARN; a session's for an assumed role
	InvokedBy string    `json:"invokedBy,omitempty"` // the service that called for it
	Service   string    `json:"service"`             // as in "kms"
	Operation string    `json:"operation"`
	Error     string    `json:"error,omitempty"` // code; "" = it succeeded
	Message   string    `json:"message,omitempty"`
	Resources []string  `json:"resources,omitempty"`
	RequestID string    `json:"requestId,omitempty"`
	Agent     string    `json:"userAgent,omitempty"`
	Retry     bool      `json:"retry,omitempty"` // by the SDK, of a call that it made before
}

// keptCalls bounds the log: a storm of a thousand events makes some tens of
// thousands of calls.
const keptCalls = 200_000

// A callLog keeps the last calls. It is safe for concurrent use.
type callLog struct {
	mu     sync.Mutex
	calls  []SeenCall
	serial int
}

func (l *callLog) add(now time.Time, c wire.Call) {
	seen := SeenCall{
		Time: now, Account: c.Caller.Account, Region: c.Caller.Region, Caller: c.Caller.ARN, InvokedBy: c.Caller.InvokedBy,
		Service: c.Service, Operation: c.Operation, Resources: c.Resources, RequestID: c.Caller.RequestID, Agent: c.Caller.Agent, Retry: c.Caller.Retry,
	}
	if c.Err != nil {
		failure := wire.AsError(c.Err)
		seen.Error, seen.Message = failure.Code, failure.Message
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.serial++
	seen.Serial = l.serial
	if len(l.calls) == keptCalls {
		l.calls = l.calls[keptCalls/10:]
	}
	l.calls = append(l.calls, seen)
}

// since returns the calls after a serial number.
func (l *callLog) since(serial int) []SeenCall {
	l.mu.Lock()
	defer l.mu.Unlock()
	wanted := min(max(0, l.serial-serial), len(l.calls))
	return append([]SeenCall{}, l.calls[len(l.calls)-wanted:]...)
}

// Calls returns the calls so far, oldest first; of very many only the last.
func (s *Sandbox) Calls() []SeenCall { return s.calls.since(0) }
