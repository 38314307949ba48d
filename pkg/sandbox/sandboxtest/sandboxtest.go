// Package sandboxtest starts sandboxes for tests. Only tests import it.
package sandboxtest

import (
	"time"

	"keymend/pkg/sandbox"
)

// T is what testing.T and rapid.T share.
type T interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Cleanup(do func())
}

// Start starts a sandbox in which it is 9 o'clock on 2 March 2026, until the test ends, and
// returns its URL.
func Start(t T) (*sandbox.Sandbox, string) {
	t.Helper()
	box, err := sandbox.New(sandbox.Options{Start: time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC), Switches: sandbox.DefaultSwitches()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	url, err := box.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return box, url
}
