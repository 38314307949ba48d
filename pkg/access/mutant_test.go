package access_test

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var mutants = flag.Bool("mutants", false, "apply each mutant of testdata/mutants.json, and see that the tests catch it")

// A mutant is a fault put into the evaluator.
type mutant struct{ Name, File, Old, New string }

// TestMutants holds the tests to their purpose: each committed fault must make
// them fail. Without -mutants it checks that every mutant still applies; with it
// the suite runs once for each, by go test -overlay, so that the product has no
// switch for it.
func TestMutants(t *testing.T) {
	text, err := os.ReadFile("testdata/mutants.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []mutant
	if err := json.Unmarshal(text, &all); err != nil || len(all) == 0 {
		t.Fatal("no mutants", err)
	}
	for _, m := range all {
		t.Run(m.Name, func(t *testing.T) {
			overlay := m.overlay(t)
			if *mutants {
				m.mustBeCaught(t, overlay)
			}
		})
	}
}

// overlay writes the mutated file and the overlay that puts it in place.
func (m mutant) overlay(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(m.File)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(text), m.Old) != 1 {
		t.Fatalf("%s has %q %d times", m.File, m.Old, strings.Count(string(text), m.Old))
	}
	original, err := filepath.Abs(m.File)
	if err != nil {
		t.Fatal(err)
	}
	mutated, overlay := filepath.Join(t.TempDir(), m.File), filepath.Join(t.TempDir(), "overlay.json")
	places, err := json.Marshal(map[string]any{"Replace": map[string]string{original: mutated}})
	if err != nil {
		t.Fatal(err)
	}
	for path, content := range map[string]string{mutated: strings.Replace(string(text), m.Old, m.New, 1), overlay: string(places)} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return overlay
}

// mustBeCaught has the property tests draw the same in every run: a fault is caught always,
// or never, and not by luck.
func (m mutant) mustBeCaught(t *testing.T, overlay string) {
	t.Helper()
	// #nosec G204 -- the test's own overlay
	out, err := exec.Command("go", "test", "-overlay", overlay, "-vet=off", "-run", "Cases|Conditions|Identity|Resource|Session|Never|Opens|Instance|Walls", ".", "-args", "-rapid.nofailfile", "-rapid.seed=1").CombinedOutput()
	switch {
	case err == nil:
		t.Error("not caught")
	case !strings.Contains(string(out), "--- FAIL"):
		t.Errorf("the mutant doesn't run: %s", out)
	}
}
