package command_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"

	"keymend/cmd/keymend/internal/command"
	"keymend/cmd/keymend/internal/scenario"
)

// TestMain: as a program of the name keymend, the test's binary is keymend. Nobody can be
// asked there, so that it says yes.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) != "keymend" {
		os.Exit(m.Run())
	}
	os.Exit(command.Run(yes(os.Args[1:]), command.Surroundings{Version: "test", In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv}))
}

// hostile are names of groups that AWS takes, but for the last two, and a shell would
// take apart, or Keymend for options.
func hostile() []string {
	return []string{"web;touch${IFS}x;#", "$(touch${IFS}x)", "`touch${IFS}x`", "it's|touch${IFS}x&", "--apply", "-rf*", `a\b"c`, "web  prod > x", "\x1b[2J\u202edorp"}
}

// A desk is where commands are pasted: an empty folder, with keymend and aws to run.
type desk struct {
	*world
	home, bin string
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{world: newWorld(t)}
	d.home, d.bin = filepath.Join(d.dir, "home"), filepath.Join(d.dir, "bin")
	must(t, os.MkdirAll(d.home, 0o700))
	must(t, os.MkdirAll(d.bin, 0o700))
	self, err := os.Executable()
	must(t, err)
	must(t, os.Symlink(self, filepath.Join(d.bin, "keymend")))
	// It says whose credentials it was given, and what to do.
	must(t, os.WriteFile(filepath.Join(d.bin, "aws"), []byte("#!/bin/sh\nprintf '<%s>\\n' \"$@\"\n"), 0o700))
	must(t, os.WriteFile(filepath.Join(d.dir, "config"), []byte("[profile night$(touch${IFS}x)]\nregion = us-east-1\naws_access_key_id = "+scenario.Account+"\naws_secret_access_key = any\n"), 0o600))
	return d
}

// pastes runs a printed line in another shell, in which nothing is set but where
// profiles are, and whose default leads to somebody else.
func (d *desk) pastes(line string) (string, int) {
	d.t.Helper()
	run := exec.CommandContext(d.t.Context(), "sh", "-c", line)
	run.Dir = d.home
	run.Env = []string{"PATH=" + d.bin + ":/usr/bin:/bin", "HOME=" + d.home, "AWS_CONFIG_FILE=" + filepath.Join(d.dir, "config"), "AWS_EC2_METADATA_DISABLED=true", "KEYMEND_VERIFY_INTERVAL=1ms"}
	out, err := run.CombinedOutput()
	if err != nil && run.ProcessState == nil {
		d.t.Fatal(err)
	}
	left, err := os.ReadDir(d.home)
	must(d.t, err)
	for _, file := range left {
		if file.Name() != "keymend-audit.jsonl" {
			d.t.Errorf("%s made %s", line, file.Name())
			must(d.t, os.Remove(filepath.Join(d.home, file.Name())))
		}
	}
	return string(out), run.ProcessState.ExitCode()
}

// commands are the lines of a screen that are commands.
func commands(screen, program string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`(?m)^(?:[A-Za-z -]{10})(`+program+` .*)$`).FindAllStringSubmatch(screen, -1) {
		out = append(out, m[1])
	}
	return out
}

// TestPastedCommands: whatever a group is called, what is printed acts on that group,
// in the account, the Region and the AWS that were looked at, and runs nothing else.
func TestPastedCommands(t *testing.T) {
	d := newDesk(t)
	asg := autoscaling.NewFromConfig(d.cfg)
	seeder := scenario.NewSeeder(d.cfg, scenario.Account, d.box.Advance)
	key, err := seeder.Key(context.Background(), "alias/platform-ebs", "")
	must(t, err)
	must(t, seeder.DefaultKey(context.Background(), key))
	must(t, seeder.Group(context.Background(), "pattern", "m5.large", scenario.Volume{Encrypted: true}))
	as, err := asg.DescribeAutoScalingGroups(t.Context(), &autoscaling.DescribeAutoScalingGroupsInput{})
	must(t, err)
	d.environment(map[string]string{"AWS_CONFIG_FILE": filepath.Join(d.dir, "config"), "KEYMEND_VERIFY_INTERVAL": "1ms"})
	from := []string{"--profile", "night$(touch${IFS}x)", "--region", scenario.Region, "--endpoint-url", d.url}
	before := d.policy("alias/platform-ebs")
	for _, name := range hostile() {
		if _, err := asg.CreateAutoScalingGroup(t.Context(), &autoscaling.CreateAutoScalingGroupInput{
			AutoScalingGroupName: &name, MinSize: aws.Int32(0), MaxSize: aws.Int32(4), DesiredCapacity: aws.Int32(1),
			AvailabilityZones: []string{scenario.Region + "a"}, LaunchTemplate: as.AutoScalingGroups[0].LaunchTemplate,
		}); err != nil {
			t.Logf("%q: the sandbox refuses it, as AWS does: %v", name, err)
			continue
		}
		_, err := asg.SuspendProcesses(t.Context(), &autoscaling.SuspendProcessesInput{AutoScalingGroupName: &name, ScalingProcesses: []string{"Launch"}})
		must(t, err)
		d.box.Advance(time.Minute)
		screen := d.run("", append(append([]string{"diagnose"}, from...), "--", name)...).want(t, 3, "change + ", "").out
		fix, resume := commands(screen, "keymend diagnose"), commands(screen, "aws")
		if len(fix) != 1 || len(resume) != 1 {
			t.Fatalf("%q: %q and %q in\n%s", name, fix, resume, screen)
		}
		said, _ := d.pastes(resume[0])
		for _, word := range []string{"--auto-scaling-group-name=" + name, "--profile", "night$(touch${IFS}x)", "--region", scenario.Region, "--endpoint-url", d.url} {
			if !strings.Contains(said, "<"+word+">\n") {
				t.Errorf("%s\nhands over\n%swithout %q", resume[0], said, word)
			}
		}
		said, code := d.pastes(fix[0])
		if code != 0 && code != 4 || !strings.Contains(said, "account   "+scenario.Account+"\nregion    "+scenario.Region) || d.policy("alias/platform-ebs") == before {
			t.Fatalf("%s\nexits with %d:\n%s", fix[0], code, said)
		}
		undo := commands(said, "keymend undo")
		if len(undo) == 0 {
			t.Fatalf("no way back: %s", said)
		}
		said, _ = d.pastes(undo[len(undo)-1])
		todo := commands(said, "keymend")
		if len(todo) != 1 {
			t.Fatalf("%q in %s", todo, said)
		}
		if said, code = d.pastes(todo[0]); code != 0 || d.policy("alias/platform-ebs") != before {
			t.Errorf("%s\nexits with %d: %s", todo[0], code, said)
		}
		_, err = asg.DeleteAutoScalingGroup(t.Context(), &autoscaling.DeleteAutoScalingGroupInput{AutoScalingGroupName: &name, ForceDelete: aws.Bool(true)})
		must(t, err)
	}
}

// TestPlaceOfTheEnvironment: what the environment said is printed, too, where it
// decided: keys there go before a profile there, and another shell has neither.
func TestPlaceOfTheEnvironment(t *testing.T) {
	d := newDesk(t)
	d.seed("own-key")
	want := "--profile night --region eu-west-1 --endpoint-url " + d.url
	must(t, os.WriteFile(filepath.Join(d.dir, "config"), []byte("[profile night]\nregion = eu-west-1\naws_access_key_id = "+scenario.Account+"\naws_secret_access_key = any\n"), 0o600))
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(d.dir, "config"))
	t.Setenv("AWS_PROFILE", "night")
	d.run("", "diagnose", "web-prod").want(t, 3, "keymend diagnose web-prod --apply --region eu-west-1 --endpoint-url "+d.url+"\n", "")
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	d.run("", "diagnose", "web-prod").want(t, 3, "keymend diagnose web-prod --apply "+want+"\n", "")
	file := filepath.Join(d.dir, "records")
	d.run("", "diagnose", "web-prod", "--audit-file", file).want(t, 3, "keymend diagnose web-prod --apply --audit-file "+file+" "+want+"\n", "")
}
