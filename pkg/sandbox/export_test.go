package sandbox

import (
	"testing"
	"time"

	"keymend/pkg/sandbox/eventbridge"
	"keymend/pkg/sandbox/wire"
)

// Served returns the operations of each service; queries only those of the
// services that speak a query protocol.
func Served(t *testing.T) (all, queries map[string][]string) {
	t.Helper()
	s, err := New(Options{Start: time.Unix(0, 0), Switches: DefaultSwitches()})
	if err != nil {
		t.Fatal(err)
	}
	all, queries = map[string][]string{}, map[string][]string{}
	for _, service := range s.services() {
		for _, op := range service.Operations {
			all[service.Name] = append(all[service.Name], op.Name)
			if service.Protocol == wire.Query || service.Protocol == wire.EC2Query {
				queries[service.Name] = append(queries[service.Name], op.Name)
			}
		}
	}
	return all, queries
}

// Inputs returns a request of each operation, by service.
func Inputs(t *testing.T) map[string]map[string]any {
	t.Helper()
	s, err := New(Options{Start: time.Unix(0, 0), Switches: DefaultSwitches()})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]any{}
	for _, service := range s.services() {
		all[service.Name] = map[string]any{}
		for _, op := range service.Operations {
			all[service.Name][op.Name] = op.New()
		}
	}
	return all
}

// NotServed is notServed.
func NotServed(service, operation string) (refused, idle []string) {
	return notServed(service, operation)
}

// PutEvent puts an event of an AWS service on an account's own bus.
func (s *Sandbox) PutEvent(account, region, source, detailType string, detail any) {
	s.events.Put(account, region, eventbridge.Event{Source: source, DetailType: detailType, Detail: detail})
}
