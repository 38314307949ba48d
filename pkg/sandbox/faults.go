package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"keymend/pkg/sandbox/wire"
)

// A Fault is a rule of what goes wrong with calls. The first rule that fits a call
// counts.
type Fault struct {
	Account   string `json:"account,omitempty"`   // of the caller; "" = any
	Caller    string `json:"caller,omitempty"`    // part of the caller's ARN, as in "keymend-"; "" = any
	Service   string `json:"service"`             // as in "kms"
	Operation string `json:"operation,omitempty"` // as in "PutKeyPolicy"; "" = any of the service
	Skip      int    `json:"skip,omitempty"`      // so many calls that fit go well first
	Every     int    `json:"every,omitempty"`     // of the others, each so manieth goes wrong; 0 = each
	Times     int    `json:"times,omitempty"`     // so many go wrong; 0 = all from then on
	Answer    string `json:"answer,omitempty"`    // see answers; "" = the call's own
	Delay     Span   `json:"delay,omitempty"`     // real time, before the call is carried out
	Behind    Span   `json:"behind,omitempty"`    // what is read is as it was so long ago, in simulated time
	Fit       int    `json:"fit"`                 // calls that fitted so far
	// Then, where it isn't nil, is called before the answer of such a call goes out.
	Then func() `json:"-"`
}

// A Span is a time that JSON has as Go writes it ("1m30s").
type Span time.Duration

// MarshalJSON implements json.Marshaler.
func (s Span) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(s).String()) }

// UnmarshalJSON implements json.Unmarshaler.
func (s *Span) UnmarshalJSON(text []byte) error {
	var written string
	if err := json.Unmarshal(text, &written); err != nil {
		return err
	}
	d, err := duration("time", written)
	*s = Span(d)
	return err
}

// What a call that goes wrong is answered with.
const (
	AnswerThrottled   = "throttled"    // refused for the rate of calls
	AnswerFailed      = "failed"       // a fault of AWS's own, before the call is carried out
	AnswerFailedAfter = "failed-after" // the same, after it was
	AnswerLost        = "lost"         // carried out, and the connection ends without an answer
)

// faults is the table of rules. It is safe for concurrent use.
type faults struct {
	mu    sync.Mutex
	rules []Fault
}

// SetFaults replaces the rules. Its error says what is wrong with one; then all stay
// as they were.
func (s *Sandbox) SetFaults(rules ...Fault) error {
	for i := range rules {
		if err := s.checkFault(rules[i]); err != nil {
			return fmt.Errorf("fault %d: %w", i+1, err)
		}
		rules[i].Fit = 0
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.rules = slices.Clone(rules)
	return nil
}

// Faults returns the rules, with how many calls fitted each.
func (s *Sandbox) Faults() []Fault {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	return append([]Fault{}, s.faults.rules...)
}

// faultTable is the rules as the control API takes and shows them.
type faultTable struct {
	Faults []Fault `json:"faults"`
}

func (s *Sandbox) changeFaults(r *http.Request) (any, error) {
	var t faultTable
	if err := read(r, &t); err != nil {
		return nil, err
	}
	if err := s.SetFaults(t.Faults...); err != nil {
		return nil, err
	}
	return faultTable{s.Faults()}, nil
}

func (s *Sandbox) checkFault(f Fault) error {
	services := s.services()
	at := slices.IndexFunc(services, func(o wire.Service) bool { return o.Name == f.Service })
	lags := f.Service == "kms" || f.Service == "logs"
	switch {
	case at < 0:
		return fmt.Errorf("service %q is not in the sandbox", f.Service)
	case f.Operation != "" && !slices.ContainsFunc(services[at].Operations, func(o wire.Operation) bool { return o.Name == f.Operation }):
		return fmt.Errorf("%s:%s is not in the sandbox", f.Service, f.Operation)
	case min(f.Skip, f.Every, f.Times) < 0 || min(f.Delay, f.Behind) < 0:
		return fmt.Errorf("a number or time is negative")
	case !slices.Contains([]string{"", AnswerThrottled, AnswerFailed, AnswerFailedAfter, AnswerLost}, f.Answer):
		return fmt.Errorf("no answer %q; there are: throttled, failed, failed-after, lost", f.Answer)
	case f.Answer == "" && f.Delay == 0 && f.Behind == 0:
		return fmt.Errorf("it says nothing that goes wrong: give answer, delay or behind")
	case f.Behind > 0 && (!lags || !reads(f.Operation)):
		return fmt.Errorf("behind is for one operation of kms or logs that reads")
	}
	return nil
}

func reads(operation string) bool {
	return slices.ContainsFunc([]string{"Describe", "Filter", "Get", "List"}, func(verb string) bool { return strings.HasPrefix(operation, verb) })
}

// of says what goes wrong with a call.
func (f *faults) of(c wire.Call) wire.Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.rules {
		r := &f.rules[i]
		if r.Service != c.Service || r.Operation != "" && r.Operation != c.Operation || r.Account != "" && r.Account != c.Caller.Account || !strings.Contains(c.Caller.ARN, r.Caller) {
			continue
		}
		if r.Fit++; r.wrong() {
			return r.fault()
		}
	}
	return wire.Fault{}
}

// wrong reports whether the last call that fitted goes wrong.
func (f *Fault) wrong() bool {
	n, every := f.Fit-f.Skip, max(1, f.Every)
	return n > 0 && n%every == 0 && (f.Times == 0 || n/every <= f.Times)
}

func (f *Fault) fault() wire.Fault {
	out := wire.Fault{Delay: time.Duration(f.Delay), Behind: time.Duration(f.Behind), Then: f.Then}
	switch f.Answer {
	case AnswerThrottled:
		out.Before = throttled(f.Service)
	case AnswerFailed:
		out.Before = failed(f.Service)
	case AnswerFailedAfter:
		out.After = failed(f.Service)
	case AnswerLost:
		out.Lost = true
	}
	return out
}

// throttled is what a service says of too many calls.
//
//	https://docs.aws.amazon.com/kms/latest/developerguide/throttling.html
//	https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
func throttled(service string) *wire.Error {
	e := &wire.Error{Code: "ThrottlingException", Message: "Rate exceeded", Status: http.StatusBadRequest}
	switch service {
	case "ec2":
		return &wire.Error{Code: "RequestLimitExceeded", Message: "Request limit exceeded.", Status: http.StatusServiceUnavailable}
	case "autoscaling", "cloudformation", "iam", "sts":
		e.Code = "Throttling"
	}
	return e
}

// failed is what a service says of a fault of its own.
func failed(service string) *wire.Error {
	e := &wire.Error{Code: "InternalFailure", Message: "An internal error occurred.", Status: http.StatusInternalServerError}
	switch service {
	case "kms":
		e.Code = "KMSInternalException"
	case "ec2":
		e.Code = "InternalError"
	case "iam":
		e.Code = "ServiceFailure"
	}
	return e
}
