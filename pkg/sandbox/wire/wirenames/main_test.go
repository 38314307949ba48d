package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The committed table is what the SDK in go.mod says.
func TestTheTableIsCurrent(t *testing.T) {
	t.Parallel()
	want, err := generate("../operations.txt")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../names_generated.go")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), string(want)); diff != "" {
		t.Errorf("run go generate ./pkg/sandbox/wire (-committed +generated):\n%s", diff)
	}
}

func TestAnOperationTheSDKDoesNotHave(t *testing.T) {
	t.Parallel()
	_, err := readService("sts", []string{"AssumeNothing"})
	if err == nil || !strings.Contains(err.Error(), "no operation AssumeNothing") {
		t.Errorf("got %v", err)
	}
}
