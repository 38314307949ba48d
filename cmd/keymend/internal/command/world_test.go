package command_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"keymend/cmd/keymend/internal/command"
	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/scenario"
	"keymend/pkg/sandbox"
)

// A world is a sandbox, and a person's terminal in front of it.
type world struct {
	t   *testing.T
	box *sandbox.Sandbox
	url string
	cfg aws.Config
	dir string // where the person is
}

// newWorld starts a sandbox and gives this process the credentials of an
// administrator, as a shell would have them.
func newWorld(t *testing.T) *world {
	t.Helper()
	box, err := sandbox.New(sandbox.Options{Start: time.Now(), Switches: sandbox.DefaultSwitches()})
	must(t, err)
	t.Cleanup(func() { _ = box.Close() })
	url, err := box.Listen("127.0.0.1:0")
	must(t, err)
	w := &world{t: t, box: box, url: url, cfg: scenario.Config(url, scenario.Account, scenario.Region), dir: t.TempDir()}
	w.environment(map[string]string{
		"AWS_ACCESS_KEY_ID": scenario.Account, "AWS_SECRET_ACCESS_KEY": "any",
		"AWS_REGION": scenario.Region, "AWS_ENDPOINT_URL": url, "KEYMEND_VERIFY_INTERVAL": "1ms",
	})
	return w
}

// environment sets what the SDK looks at, and nothing of this machine's own.
func (w *world) environment(set map[string]string) {
	w.t.Helper()
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "KEYMEND_") {
			w.t.Setenv(name, "")
			must(w.t, os.Unsetenv(name))
		}
	}
	missing := filepath.Join(w.dir, "missing")
	w.t.Setenv("AWS_CONFIG_FILE", missing)
	w.t.Setenv("AWS_SHARED_CREDENTIALS_FILE", missing)
	w.t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	for name, value := range set {
		w.t.Setenv(name, value)
	}
}

// seed puts a scenario into the sandbox and lets its first launches fail.
func (w *world) seed(name string) {
	w.t.Helper()
	must(w.t, scenario.Seed(context.Background(), name, w.url, w.box.Advance))
	w.box.Advance(5 * time.Minute)
}

// said is what a run of the program left.
type said struct {
	code     int
	out, err string
}

// run runs the program as a script would, which says yes beforehand.
func (w *world) run(in string, args ...string) said {
	w.t.Helper()
	return run(w.t, in, args...)
}

func run(t *testing.T, in string, args ...string) said {
	t.Helper()
	var out, errs bytes.Buffer
	code := command.Run(yes(args), command.Surroundings{
		Version: "test", In: strings.NewReader(in), Out: &out, Err: &errs, Getenv: os.Getenv,
	})
	if len(args) > 0 {
		if ends := command.Ends(t, args[0]); ends != nil && ends[report.Code(code)] == "" {
			t.Errorf("%s ends with %d, which its help doesn't say", args[0], code)
		}
	}
	return said{code, out.String(), errs.String()}
}

// yes adds --yes to what asks before it writes.
func yes(args []string) []string {
	options := args
	if end := slices.Index(args, "--"); end >= 0 {
		options = args[:end]
	}
	if !slices.Contains(options, "--apply") {
		return args
	}
	return slices.Insert(slices.Clone(args), 1, "--yes")
}

// want holds a run to its exit code and to parts of what it says.
func (s said) want(t *testing.T, code int, out, errs string) said {
	t.Helper()
	if s.code != code || !says(s.out, out) || !says(s.err, errs) {
		t.Errorf("exit code %d, want %d; standard output must have %q, standard error %q\n--- standard output\n%s\n--- standard error\n%s",
			s.code, code, out, errs, s.out, s.err)
	}
	if strings.Contains(s.err, "goroutine ") {
		t.Error("a stack trace on standard error")
	}
	return s
}

// says reports whether a screen has a text, wherever its lines are broken.
func says(screen, text string) bool {
	joined := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	return strings.Contains(joined(screen), joined(text))
}

func (w *world) file(name, text string) string {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	must(w.t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func (w *world) policy(alias string) string {
	w.t.Helper()
	client := kms.NewFromConfig(w.cfg)
	key, err := client.DescribeKey(w.t.Context(), &kms.DescribeKeyInput{KeyId: &alias})
	must(w.t, err)
	out, err := client.GetKeyPolicy(w.t.Context(), &kms.GetKeyPolicyInput{KeyId: key.KeyMetadata.KeyId})
	must(w.t, err)
	return *out.Policy
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
