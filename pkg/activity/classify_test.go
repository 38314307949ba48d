package activity_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/activity"
)

var update = flag.Bool("update", false, "write what is computed into testdata; then look at the diff") //nolint:gochecknoglobals // a flag

const samples = "testdata/samples.tsv"

// TestClassifySamples holds each captured text to its cause and rule.
func TestClassifySamples(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(samples)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	seen := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			got.WriteString(line)
			continue
		}
		f := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 4)
		c := activity.Classify(f[3])
		if c.Rule != "" && c.Source == "" {
			t.Errorf("rule %s has no source", c.Rule)
		}
		seen[c.Rule] = true
		fmt.Fprintf(&got, "%s\t%s\t%s\t%s\n", f[0], c.Cause, c.Rule, f[3])
	}
	if *update {
		if err := os.WriteFile(samples, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(text), got.String()); diff != "" {
		t.Errorf("samples (-want +got):\n%s", diff)
	}
	for _, rule := range activity.RuleNames() {
		if !seen[rule] {
			t.Errorf("rule %s has no captured text that it decides", rule)
		}
	}
}

// TestClassifyAnswersBeforeTheTail holds that a text cut at 255 characters, the
// API's limit, still names the suspicion.
func TestClassifyAnswersBeforeTheTail(t *testing.T) {
	t.Parallel()
	const long = "Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: Client.InvalidKMSKey.InvalidState: The KMS"
	if c := activity.Classify(long).Cause; c != activity.KMSAccess {
		t.Errorf("cause %s, want %s", c, activity.KMSAccess)
	}
}

func TestMayBeKey(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"":    true,
		"new": true,
		"Client.InternalError: Client error on launch":                                                      true,
		"Server.InternalError: Internal error on launch":                                                    true,
		"Insufficient capacity. Launching EC2 instance failed.":                                             false,
		"The key pair 'alias/aws/ebs' does not exist. Launching EC2 instance failed.":                       false,
		"Authentication Failure. Launching EC2 instance failed.":                                            false,
		"The parameter KmsKeyId requires the parameter Encrypted to be set. Launching EC2 instance failed.": false,
	} {
		if got := activity.Classify(text).Cause.MayBeKey(); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestCauseText(t *testing.T) {
	t.Parallel()
	for c := activity.None; c <= activity.InProgress; c++ {
		text, err := c.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var back activity.Cause
		if err := back.UnmarshalText(text); err != nil || back != c {
			t.Errorf("%s became %s, %v", c, back, err)
		}
	}
	if _, err := (activity.InProgress + 1).MarshalText(); err == nil {
		t.Error("a cause beyond the last was written: there are more names than causes")
	}
	if err := new(activity.Cause).UnmarshalText([]byte("kms")); err == nil {
		t.Error("an unknown name was read")
	}
}

// FuzzClassify: it answers for every text, always the same, and a rule that it
// names has a cause.
func FuzzClassify(f *testing.F) {
	text, err := os.ReadFile(filepath.FromSlash(samples))
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c := activity.Classify(s)
		if c != activity.Classify(s) {
			t.Error("two answers for one text")
		}
		if (c.Rule == "") != (c.Cause == activity.None || c.Cause == activity.Unrecognised) {
			t.Errorf("rule %q gives cause %s", c.Rule, c.Cause)
		}
		if (c.Cause == activity.None) != (strings.TrimSpace(s) == "") {
			t.Errorf("%q is %s", s, c.Cause)
		}
		if _, err := c.Cause.MarshalText(); err != nil {
			t.Error(err)
		}
	})
}
