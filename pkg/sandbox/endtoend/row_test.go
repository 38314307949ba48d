package endtoend_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what people read into testdata; then look at the diff") //nolint:gochecknoglobals // a flag

// A row is one way in which the group web-prod comes to need keys, or not to.
// What a person reads of it at a terminal is in testdata, under the row's name.
type row struct {
	make func(w *world) // makes the keys, images, template and group
	ends ending
}

// An ending is what becomes of the group.
type ending int

const (
	heals  ending = iota // it can't launch, and does once Keymend may write
	runs                 // it launches as it is, and nothing is written
	stands               // it can't launch, and it isn't for Keymend to change that
	rests                // it launches nothing
	fills                // its warm pool can't launch, and does once Keymend may write
	lacks                // it has two instances, and AWS lacks the capacity for more
	halves               // it can't launch; one key is for Keymend to open, another isn't
)

// play makes the group while the functions' switch is off, so that a person, who reads
// another, can look at it as it is; then it turns the switch on, and the functions do
// the rest.
func (r row) play(t *testing.T, name string) {
	t.Parallel()
	if large.MatchString(t.Name()) {
		sample(t, 3)
	}
	const functions = "/functions/switch"
	w := newWorld(t, with("SwitchParameter", functions))
	w.parameter(functions, "off")
	r.make(w)
	w.box.Advance(3 * time.Minute)
	before, want := 0, map[ending]int{heals: 2, runs: 2, lacks: 2}[r.ends]
	if r.ends == runs || r.ends == lacks {
		before = 2
	}
	if n := w.inService("web-prod"); n != before {
		t.Errorf("%d in service before Keymend may write, want %d", n, before)
	}
	w.wantUntouched()
	w.wantGolden(name)
	w.parameter(functions, "on")
	w.box.Advance(15 * time.Minute)
	if n := w.inService("web-prod"); n != want {
		t.Errorf("%d in service in the end, want %d\n%v", n, want, w.story())
	}
	switch r.ends {
	case heals:
	case halves:
		if n := w.writes(); n != 1 {
			t.Errorf("%d writes, want 1\n%v", n, w.story())
		}
	case fills:
		out, err := w.asg.DescribeWarmPool(t.Context(), &autoscaling.DescribeWarmPoolInput{AutoScalingGroupName: new("web-prod")})
		must(t, err)
		if len(out.Instances) != 2 || out.Instances[0].LifecycleState != astypes.LifecycleStateWarmedStopped {
			t.Errorf("the pool has %d instances, want 2 that are stopped\n%v", len(out.Instances), w.story())
		}
	default:
		w.wantUntouched()
	}
}

func playAll(t *testing.T, folder string, rows map[string]row) {
	t.Parallel()
	for name, r := range rows {
		t.Run(name, func(t *testing.T) {
			r.play(t, filepath.Join(folder, regexp.MustCompile(`[^A-Za-z0-9]+`).ReplaceAllString(name, "-")))
		})
	}
}

// wantGolden holds what `keymend diagnose web-prod` says to what it said when a
// person last read it.
func (w *world) wantGolden(name string) {
	w.t.Helper()
	w.wantSaid(name, plain(w.terminal("diagnose", "web-prod")))
}

// wantSaid holds what a person reads to what it was when somebody last read it.
func (w *world) wantSaid(name, got string) {
	w.t.Helper()
	golden := filepath.Join("testdata", name+".golden")
	if *update {
		must(w.t, os.MkdirAll(filepath.Dir(golden), 0o750))
		must(w.t, os.WriteFile(golden, []byte(got), 0o600))
	}
	want, err := os.ReadFile(golden)
	must(w.t, err)
	if diff := cmp.Diff(string(want), got); diff != "" {
		w.t.Errorf("what a person reads (-want +got):\n%s", diff)
	}
}

// terminal runs the program as the account's administrator, and returns what it
// prints with the exit code behind it.
func (w *world) terminal(args ...string) string {
	w.t.Helper()
	code, text := w.run(account, nil, args...)
	return fmt.Sprintf("%sexit code %d\n", text, code)
}

// run runs the program as a person of an account, unless the environment says
// otherwise.
func (w *world) run(accountID string, environment []string, args ...string) (code int, text string) {
	w.t.Helper()
	run := exec.CommandContext(w.t.Context(), binaries["keymend"], yes(args)...)
	run.Dir = w.t.TempDir()
	run.Env = append([]string{
		"HOME=" + run.Dir, "AWS_ENDPOINT_URL=" + w.url, "AWS_REGION=" + w.cfg.Region, "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ACCESS_KEY_ID=" + accountID, "AWS_SECRET_ACCESS_KEY=any", "KEYMEND_VERIFY_INTERVAL=1ms",
	}, environment...)
	out, err := run.CombinedOutput()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		w.t.Fatal(err)
	}
	return run.ProcessState.ExitCode(), string(out)
}

// yes says beforehand what the program would ask for: nobody is there.
func yes(args []string) []string {
	if !slices.Contains(args, "--apply") || slices.Contains(args, "--yes") {
		return args
	}
	return slices.Insert(slices.Clone(args), 1, "--yes")
}

// plain gives ids that are made anew in every run, and times, names by which two
// runs can be compared.
func plain(text string) string {
	text = regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(Z| UTC)`).ReplaceAllString(text, "TIME")
	text = regexp.MustCompile(`(\d{4}-\d\d-\d\d\s+)?\d\d:\d\d UTC`).ReplaceAllString(text, "TIME")
	text = regexp.MustCompile(`\d+ failed launch(es in \d+ (s|min|h|days), last|,) \d+ (s|min|h|days) ago`).ReplaceAllString(text, "SOME failed launches")
	text = regexp.MustCompile(`http://127\.0\.0\.1:\d+`).ReplaceAllString(text, "ENDPOINT")
	seen := map[string]string{}
	count := map[string]int{}
	id := regexp.MustCompile(`\b(ami|snap|lt|i|vol)-0[0-9a-f]{16}\b|\b(keymend|r)-[0-9a-f]{16}\b|\b(mrk-)[0-9a-f]{32}\b|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	return id.ReplaceAllStringFunc(text, func(found string) string {
		kind, _, _ := strings.Cut(found, "-")
		if len(kind) == 8 {
			kind = "KEY"
		}
		if seen[found] == "" {
			count[kind]++
			seen[found] = fmt.Sprintf("%s-%d", kind, count[kind])
		}
		return seen[found]
	})
}
