package sandbox

import (
	"testing"
	"time"

	"keymend/pkg/sandbox/wire"
)

// ServedQueryOperations returns what the services of the query protocols serve.
func ServedQueryOperations(t *testing.T) map[string][]string {
	t.Helper()
	s, err := New(Options{Start: time.Unix(0, 0), Switches: DefaultSwitches()})
	if err != nil {
		t.Fatal(err)
	}
	served := map[string][]string{}
	for _, service := range s.services() {
		for _, op := range service.Operations {
			if service.Protocol != wire.JSON {
				served[service.Name] = append(served[service.Name], op.Name)
			}
		}
	}
	return served
}
