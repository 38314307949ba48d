package demo_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"keymend/cmd/keymend/internal/demo"
)

// binaries are the built functions.
var binaries map[string]string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "keymend-demo")
	if err != nil {
		panic(err)
	}
	binaries = map[string]string{}
	for _, name := range []string{"diagnose", "remediate"} {
		out := filepath.Join(dir, name)
		build := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", out, "keymend/functions/"+name)
		if text, err := build.CombinedOutput(); err != nil {
			panic(string(text))
		}
		binaries["keymend-"+name] = out
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func play(t *testing.T, change func(*demo.Options)) (string, error) {
	t.Helper()
	var out bytes.Buffer
	o := demo.Options{Out: &out, Binaries: map[string]string{}, Undo: func(context.Context, string, string, string, string, string) error {
		return errors.New("not in this test")
	}}
	for name, path := range binaries {
		o.Binaries[name] = path
	}
	change(&o)
	err := demo.Run(t.Context(), o)
	return out.String(), err
}

// TestNamesTheStage holds that the demo fails where a stage does not happen,
// and says which.
func TestNamesTheStage(t *testing.T) {
	t.Parallel()
	deaf := httptest.NewServer(http.NotFoundHandler())
	deaf.Close()
	for name, tc := range map[string]struct {
		change func(*demo.Options)
		says   string
		played int
	}{
		"functions' endpoint closed": {func(o *demo.Options) { o.FunctionsEndpoint = deaf.URL }, "HEAL: diagnose left no finding for web-prod", 0},
		"diagnose broken":            {func(o *demo.Options) { o.Binaries["keymend-diagnose"] = "/bin/false" }, "HEAL: diagnose left no finding for web-prod", 0},
		"remediate broken":           {func(o *demo.Options) { o.Binaries["keymend-remediate"] = "/bin/false" }, "HEAL: remediate left no intent for web-prod", 0},
		"undo fails":                 {func(*demo.Options) {}, "UNDO: not in this test", 5},
		"undo does nothing": {func(o *demo.Options) {
			o.Undo = func(context.Context, string, string, string, string, string) error { return nil }
		}, "UNDO: the policy of arn:aws:kms:eu-west-1:111122223333:key/", 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := play(t, tc.change)
			if err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("the error is %v; it must say %q", err, tc.says)
			}
			if !strings.Contains(text, "did not happen as told") || !regexp.MustCompile(`(?m)^`+string(rune('0'+tc.played))+` of 7 as expected\.$`).MatchString(text) {
				t.Errorf("the story doesn't end as it should:\n%s", text)
			}
		})
	}
}
