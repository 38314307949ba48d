package sandbox

import (
	"testing"
	"time"

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
			if service.Protocol != wire.JSON {
				queries[service.Name] = append(queries[service.Name], op.Name)
			}
		}
	}
	return all, queries
}
