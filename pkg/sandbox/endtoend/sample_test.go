package endtoend_test

import (
	"flag"
	"hash/fnv"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// wholeTables has every case of the large tables of stories told.
var wholeTables = flag.Bool("whole", false, "tell every case of the large tables of stories") //nolint:gochecknoglobals // a flag

// large are the names of the tests with such tables. The Makefile's target killed has the
// same expression.
var large = regexp.MustCompile(`^Test(Killed|Disturbed|Every|Faults|HealsInEvery|FindsTheKey|Uncopiable|Table|Keys|Devices|Sources|Groups)`)

// TestWhatIsSampledIsToldWhole holds the Makefile to that expression.
func TestWhatIsSampledIsToldWhole(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "Makefile"))
	must(t, err)
	if !strings.Contains(string(text), "-run '"+large.String()+"' -whole") {
		t.Errorf("the Makefile's target killed doesn't run %s", large)
	}
}

// sample ends a case of a large table, but for one in so many. Names decide which, so it
// is always the same. `make killed` tells all.
func sample(t *testing.T, oneIn uint32) {
	t.Helper()
	if !large.MatchString(t.Name()) {
		t.Fatal("make killed doesn't run this test: see large")
	}
	if !among(t.Name(), oneIn) {
		t.Skip("a sample is told here; make killed tells all")
	}
}

// among reports whether a case is one of the sample. Where screens are written anew, each is.
func among(name string, oneIn uint32) bool {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(name))
	return *wholeTables || *update || sum.Sum32()%oneIn == 0
}
