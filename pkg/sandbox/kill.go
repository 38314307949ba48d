package sandbox

import (
	"net/http"
	"slices"
	"sync"
)

// A killing ends the functions' processes at one of their calls.
type killing struct {
	mu      sync.Mutex
	lines   []int // in all logs, at each call of a function so far
	at      int   // the call that ends them; 0 = none
	handled bool
	by      string // request id of the call that ended them, where it was carried out
}

// KillFunctionsAt has every function's process killed by the nth call that a
// function makes from now on: before AWS has seen the call or, if handled, after
// it was carried out and before its answer arrives. What the process was doing is
// lost, as when a machine fails; Lambda starts another with the next invocation.
func (s *Sandbox) KillFunctionsAt(n int, handled bool) {
	s.killing.mu.Lock()
	defer s.killing.mu.Unlock()
	s.killing.at, s.killing.handled = len(s.killing.lines)+n, handled
}

// LinesAtCalls returns how many lines all logs held when a function called, for each
// call of a function so far.
func (s *Sandbox) LinesAtCalls() []int {
	s.killing.mu.Lock()
	defer s.killing.mu.Unlock()
	return slices.Clone(s.killing.lines)
}

// KilledBy returns the call that ended the functions after it was carried out;
// false as long as none has.
func (s *Sandbox) KilledBy() (SeenCall, bool) {
	s.killing.mu.Lock()
	id := s.killing.by
	s.killing.mu.Unlock()
	for _, c := range s.Calls() {
		if id != "" && c.RequestID == id {
			return c, true
		}
	}
	return SeenCall{}, false
}

// due notes a call, and tells whether it is the one that ends the functions.
func (k *killing) due(lines int) (kill, handled bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.lines = append(k.lines, lines)
	return len(k.lines) == k.at, k.handled
}

// ofFunctions serves the functions' calls.
func (s *Sandbox) ofFunctions(w http.ResponseWriter, r *http.Request) {
	kill, handled := s.killing.due(s.logs.Lines())
	if !kill {
		s.api.ServeHTTP(w, r)
		return
	}
	if handled {
		answer := unread{}
		s.api.ServeHTTP(answer, r)
		s.killing.mu.Lock()
		s.killing.by = answer.Header().Get("X-Amzn-RequestId")
		s.killing.mu.Unlock()
	}
	s.lambda.Kill()
	panic(http.ErrAbortHandler) // closes the connection without an answer
}

// unread is an answer that nobody reads: its headers.
type unread http.Header

// Header implements http.ResponseWriter.
func (u unread) Header() http.Header { return http.Header(u) }

// Write implements io.Writer.
func (unread) Write(b []byte) (int, error) { return len(b), nil }

// WriteHeader implements http.ResponseWriter.
func (unread) WriteHeader(int) {}
