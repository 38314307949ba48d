package conformance_test

import (
	"testing"
	"time"

	"keymend/pkg/sandbox"
)

const (
	account = "111122223333"
	region  = "eu-west-1"
)

// newSandbox starts a sandbox that several clients find alike.
func newSandbox(t *testing.T) (box *sandbox.Sandbox, url string) {
	t.Helper()
	box, err := sandbox.New(sandbox.Options{
		Start:    time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC),
		Switches: sandbox.DefaultSwitches(),
	})
	must(t, err)
	t.Cleanup(func() { _ = box.Close() })
	url, err = box.Listen("127.0.0.1:0")
	must(t, err)
	return box, url
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
