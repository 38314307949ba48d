package lambda

import (
	"errors"

	"keymend/pkg/sandbox/wire"
)

// SetRecord says who takes the calls that Lambda makes for a function and that
// the function's role refuses.
func (s *Service) SetRecord(record func(wire.Call)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record = record
}

// mayAs asks whether a function's role lets Lambda do something for it.
func (s *Service) mayAs(f Function, service, operation, resource string) bool {
	c, err := s.roles.RoleSession(f.RoleARN, f.Name, f.Region, "lambda.amazonaws.com")
	if err != nil {
		return false // the role is gone
	}
	err = s.roles.Authorize(c, wire.Check{Action: service + ":" + operation, Resource: resource})
	if err == nil {
		return true
	}
	var w *wire.Error
	if errors.As(err, &w) && w.Code == "" {
		err = &wire.Error{Code: "AccessDeniedException", Message: w.Message, Status: w.Status}
	}
	s.mu.Lock()
	record := s.record
	s.mu.Unlock()
	if record != nil {
		record(wire.Call{Caller: c, Service: service, Operation: operation, Err: err})
	}
	return false
}
