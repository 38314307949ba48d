package command_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"

	"keymend/cmd/keymend/internal/command"
	"keymend/cmd/keymend/internal/scenario"
)

// serve runs `keymend sandbox` until the returned function interrupts it.
func serve(t *testing.T, args ...string) (url string, stop func() int) {
	t.Helper()
	url, _, stop = serveAndSay(t, args...)
	return url, stop
}

// serveAndSay also returns what stands on standard error once the sandbox is ready.
func serveAndSay(t *testing.T, args ...string) (url, says string, stop func() int) {
	t.Helper()
	// Without this the interrupt below could reach a process that listens to
	// none, once the command has returned.
	guard := make(chan os.Signal, 1)
	signal.Notify(guard, syscall.SIGTERM)
	t.Cleanup(func() { signal.Stop(guard) })
	reader, writer := io.Pipe()
	done := make(chan int, 1)
	var errs bytes.Buffer
	go func() {
		done <- command.Run(append([]string{"sandbox", "--listen", "127.0.0.1:0"}, args...), command.Surroundings{
			Version: "test", In: strings.NewReader(""), Out: writer, Err: &errs, Getenv: os.Getenv,
		})
		_ = writer.Close()
	}()
	line, err := bufio.NewReader(reader).ReadString('\n')
	if err != nil {
		t.Fatalf("no ready line: %v\n%s", err, errs.String())
	}
	m := regexp.MustCompile(`^keymend sandbox ready (http://127\.0\.0\.1:\d+)\n$`).FindStringSubmatch(line)
	if m == nil {
		t.Fatalf("the ready line is %q", line)
	}
	return m[1], errs.String(), func() int {
		if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		return <-done
	}
}

// What the sandbox prints is enough: what is in it, and lines that, pasted into a
// shell of whatever environment, lead there.
func TestTheSandboxSaysHowToBegin(t *testing.T) {
	url, says, stop := serveAndSay(t)
	for _, want := range []string{"account 111122223333, Region eu-west-1", "web-prod: 0 of 2 in service", "alias/platform-ebs"} {
		if !strings.Contains(says, want) {
			t.Errorf("%q isn't said:\n%s", want, says)
		}
	}
	_, paste, _ := strings.Cut(says, "shell:\n")
	var after []string
	for line := range strings.Lines(paste) {
		if !strings.HasPrefix(line, "keymend ") {
			after = append(after, line)
		}
	}
	if !strings.Contains(paste, "\nkeymend diagnose web-prod\n") {
		t.Errorf("the next command isn't there:\n%s", says)
	}
	shell := exec.Command("sh", "-c", strings.Join(after, "")+`env`)
	shell.Env = []string{"PATH=" + os.Getenv("PATH"), "AWS_PROFILE=prod", "AWS_SESSION_TOKEN=x", "AWS_REGION=us-east-1", "AWS_ENDPOINT_URL=http://elsewhere"}
	env, err := shell.Output()
	must(t, err)
	w := &world{t: t, dir: t.TempDir()}
	set := map[string]string{}
	for line := range strings.Lines(string(env)) {
		if name, value, _ := strings.Cut(strings.TrimSpace(line), "="); strings.HasPrefix(name, "AWS_") {
			set[name] = value
		}
	}
	w.environment(set)
	var out, errs bytes.Buffer
	code := command.Run([]string{"diagnose", "web-prod"}, command.Surroundings{Version: "test", In: strings.NewReader(""), Out: &out, Err: &errs, Getenv: os.Getenv})
	if code != 3 || !strings.Contains(out.String(), "alias/platform-ebs") {
		t.Errorf("in %s: exit code %d\n%s%s", url, code, out.String(), errs.String())
	}
	if code := stop(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	_, says, stop = serveAndSay(t, "--empty")
	if !strings.Contains(says, "groups    none") || !strings.Contains(says, "\naws kms create-key\n") {
		t.Errorf("an empty one says:\n%s", says)
	}
	stop()
}

func TestSandbox(t *testing.T) {
	groups := func(url string) int {
		out, err := autoscaling.NewFromConfig(scenario.Config(url, scenario.Account, scenario.Region)).DescribeAutoScalingGroups(t.Context(), &autoscaling.DescribeAutoScalingGroupsInput{})
		must(t, err)
		return len(out.AutoScalingGroups)
	}
	for name, tc := range map[string]struct {
		args   []string
		groups int
	}{
		"by itself":  {nil, 1},
		"a scenario": {[]string{"--scenario", "not-enrolled"}, 1},
		"empty":      {[]string{"--empty", "--speed", "0"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			url, stop := serve(t, tc.args...)
			if n := groups(url); n != tc.groups {
				t.Errorf("%d groups, want %d", n, tc.groups)
			}
			if code := stop(); code != 0 {
				t.Errorf("exit code %d, want 0", code)
			}
		})
	}
}

// TestSandboxSpeed: simulated time passes at the pace asked for.
func TestSandboxSpeed(t *testing.T) {
	url, stop := serve(t, "--speed", "1000")
	defer stop()
	first := clockOf(t, url)
	deadline := time.Now().Add(10 * time.Second)
	for clockOf(t, url).Sub(first) < 10*time.Second {
		if time.Now().After(deadline) {
			t.Fatal("simulated time hardly moves")
		}
	}
}

func clockOf(t *testing.T, url string) time.Time {
	t.Helper()
	answer, err := http.Get(url + "/_keymend/clock")
	must(t, err)
	defer answer.Body.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(answer.Body)
	must(t, err)
	m := regexp.MustCompile(`"now":"([^"]+)"`).FindSubmatch(text)
	if m == nil {
		t.Fatalf("the clock answers %s", text)
	}
	now, err := time.Parse(time.RFC3339Nano, string(m[1]))
	must(t, err)
	return now
}
