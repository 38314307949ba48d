package command_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"keymend/cmd/keymend/internal/scenario"
	"keymend/pkg/keypolicy"
	"keymend/pkg/sandbox/conformance/tool"
)

// script runs what was exported as a person of an account does, with the real AWS CLI.
func (w *world) script(account, file string) (string, error) {
	w.t.Helper()
	aws := tool.Tool{Program: "aws", Probe: []string{"--version"}, What: "exported scripts"}.Need(w.t)
	bin := w.t.TempDir()
	must(w.t, os.WriteFile(filepath.Join(bin, "sleep"), []byte("#!/bin/sh\n"), 0o700))
	run := exec.CommandContext(w.t.Context(), "sh", file)
	run.Dir = w.t.TempDir()
	run.Env = []string{"PATH=" + bin + ":" + filepath.Dir(aws) + ":" + os.Getenv("PATH"), "HOME=" + run.Dir, "AWS_EC2_METADATA_DISABLED=true", "AWS_ACCESS_KEY_ID=" + account, "AWS_SECRET_ACCESS_KEY=any"}
	out, err := run.CombinedOutput()
	for _, left := range mustBe(w.t)(os.ReadDir(run.Dir)) {
		if left.Name() != ".aws" {
			w.t.Errorf("the script made %s", left.Name())
		}
	}
	return string(out), err
}

func mustBe(t *testing.T) func([]os.DirEntry, error) []os.DirEntry {
	return func(all []os.DirEntry, err error) []os.DirEntry {
		must(t, err)
		return all
	}
}

// exported writes a script for the group, and returns its file.
func (w *world) exported(group string, args ...string) string {
	w.t.Helper()
	file := filepath.Join(w.t.TempDir(), "fix.sh")
	s := w.run("", append([]string{"export", "--format", "cli", "-o", file, "--endpoint-url", w.url}, append(args, "--", group)...)...).want(w.t, 0, "", "")
	if s.out != "" || s.err != "" {
		w.t.Errorf("beside the file: %s%s", s.out, s.err)
	}
	return file
}

// TestJudgedExportedScriptsHeal: what is exported as a script heals, whoever runs which part,
// and does nothing a second time.
func TestJudgedExportedScriptsHeal(t *testing.T) {
	both := []string{scenario.Owner, scenario.Account}
	for name, tc := range map[string]struct {
		scenario string
		set      map[string]string
		by       []string
		again    string // what a second time says
	}{
		"an own key":                      {scenario: "own-key", by: both[1:], again: "has it already"},
		"a grant":                         {scenario: "own-key", set: map[string]string{"KEYMEND_OWN_KEY": "grant"}, by: both[1:], again: "GrantId"},
		"a role of its own":               {scenario: "own-key", set: map[string]string{"KEYMEND_SERVICE_LINKED_ROLE": "dedicated:web"}, by: both[1:], again: "has it already"},
		"another account's, its half too": {scenario: "other-account-not", by: both, again: "has it already"},
		"another account's":               {scenario: "other-account", by: both[1:]},
		"two keys":                        {scenario: "two-keys", by: both[1:]},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.seed(tc.scenario)
			for name, value := range tc.set {
				t.Setenv(name, value)
			}
			file := w.exported("web-prod")
			for _, account := range tc.by {
				if out, err := w.script(account, file); err != nil {
					t.Fatalf("%s: %v\n%s", account, err, out)
				}
			}
			w.box.Advance(time.Hour)
			w.run("", "diagnose", "web-prod").want(t, 0, "2 of 2 in service", "")
			if tc.again == "" {
				return
			}
			if out, err := w.script(tc.by[0], file); err != nil || !strings.Contains(out, tc.again) {
				t.Errorf("a second time: %v\n%s", err, out)
			}
		})
	}
}

// TestJudgedExportedScriptsOfHostileNames: a group's name has any ASCII but spaces and colons.
func TestJudgedExportedScriptsOfHostileNames(t *testing.T) {
	for _, group := range []string{"web;touch${IFS}x;#\"'`touch${IFS}y`", "--profile=x"} {
		w := newWorld(t)
		w.seed("own-key")
		client := autoscaling.NewFromConfig(w.cfg)
		like, err := client.DescribeAutoScalingGroups(t.Context(), &autoscaling.DescribeAutoScalingGroupsInput{})
		must(t, err)
		of := like.AutoScalingGroups[0]
		_, err = client.CreateAutoScalingGroup(t.Context(), &autoscaling.CreateAutoScalingGroupInput{
			AutoScalingGroupName: &group, LaunchTemplate: of.LaunchTemplate, AvailabilityZones: of.AvailabilityZones,
			MinSize: of.MinSize, MaxSize: of.MaxSize, DesiredCapacity: of.DesiredCapacity,
		})
		must(t, err)
		w.box.Advance(5 * time.Minute)
		t.Setenv("KEYMEND_SERVICE_LINKED_ROLE", "dedicated:web")
		if out, err := w.script(scenario.Account, w.exported(group)); err != nil {
			t.Fatalf("%s: %v\n%s", group, err, out)
		}
		w.box.Advance(time.Hour)
		w.run("", "diagnose", "--", group).want(t, 0, "2 of 2 in service", "")
		t.Setenv("KEYMEND_SERVICE_LINKED_ROLE", "")
	}
}

// TestJudgedExportedScriptsOfStrangers: whose credentials aren't meant, does nothing.
func TestJudgedExportedScriptsOfStrangers(t *testing.T) {
	w := newWorld(t)
	w.seed("own-key")
	before := w.policy("alias/platform-ebs")
	if out, err := w.script("777788889999", w.exported("web-prod")); err == nil || !strings.Contains(out, "These credentials are of account 777788889999; what is to be done is for account 111122223333.") {
		t.Errorf("%v %s", err, out)
	}
	if w.policy("alias/platform-ebs") != before {
		t.Error("the policy changed")
	}
}

// TestJudgedExportedScriptsLeaveForeignEdits: a policy that somebody changed in between stays
// as they left it.
func TestJudgedExportedScriptsLeaveForeignEdits(t *testing.T) {
	w := newWorld(t)
	w.seed("own-key")
	file := w.exported("web-prod")
	before := w.policy("alias/platform-ebs")
	edited := strings.Replace(before, `"Statement" : [`, `"Statement" : [ {"Sid":"Theirs","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:Sign","Resource":"*"},`, 1)
	w.putPolicy("alias/platform-ebs", edited)
	if out, err := w.script(scenario.Account, file); err == nil || !strings.Contains(out, "Nothing was overwritten") {
		t.Errorf("%v\n%s", err, out)
	}
	if got := w.policy("alias/platform-ebs"); !keypolicy.Equal(got, edited) {
		t.Errorf("the edit is gone: %s", got)
	}
	if out, err := w.script(scenario.Account, w.exported("web-prod")); err != nil {
		t.Errorf("exported again: %v\n%s", err, out)
	}
	if got := w.policy("alias/platform-ebs"); !strings.Contains(got, `"Theirs"`) || !strings.Contains(got, `"KeymendUse"`) {
		t.Errorf("%s", got)
	}
}

// TestJudgedExportedScriptsLeaveForeignStatements: where nobody could read the policy before, a
// statement with one of Keymend's Sids that isn't Keymend's stops the script.
func TestJudgedExportedScriptsLeaveForeignStatements(t *testing.T) {
	w := newWorld(t)
	w.seed("other-account-not")
	file := w.exported("web-prod")
	key := w.theirKey()
	theirs := &world{t: t, cfg: scenario.Config(w.url, scenario.Owner, scenario.Region)}
	now := theirs.policy(key)
	end := strings.LastIndex(now, "]")
	edited := now[:end] + `,{"Sid":"KeymendUseBy111122223333","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":"kms:Sign","Resource":"*"}` + now[end:]
	theirs.putPolicy(key, edited)
	if out, err := w.script(scenario.Owner, file); err == nil || !strings.Contains(out, "another statement KeymendUseBy111122223333") {
		t.Errorf("%v\n%s", err, out)
	}
	if got := theirs.policy(key); !keypolicy.Equal(got, edited) {
		t.Errorf("the edit is gone: %s", got)
	}
}

// theirKey is the other account's key that the exported changes are about.
func (w *world) theirKey() string {
	w.t.Helper()
	var got struct{ Changes []struct{ Key string } }
	must(w.t, json.Unmarshal([]byte(w.run("", "export", "web-prod", "--output", "json").want(w.t, 0, "", "").out), &got))
	return got.Changes[0].Key
}

func (w *world) putPolicy(key, policy string) {
	w.t.Helper()
	client := kms.NewFromConfig(w.cfg)
	of, err := client.DescribeKey(w.t.Context(), &kms.DescribeKeyInput{KeyId: &key})
	must(w.t, err)
	_, err = client.PutKeyPolicy(w.t.Context(), &kms.PutKeyPolicyInput{KeyId: of.KeyMetadata.KeyId, Policy: &policy})
	must(w.t, err)
}

// TestExportOfARemediation: what was written is exported by its id, from the file of
// records, without AWS; what stands in for statements by the group's name.
func TestExportOfARemediation(t *testing.T) {
	w := newWorld(t)
	w.seed("own-key")
	log := filepath.Join(w.dir, "audit.jsonl")
	w.run("", "diagnose", "web-prod", "--apply", "--yes", "--audit-file", log)
	id := remediation(t, log)
	s := w.run("", "export", id, "--audit-file", log, "--format", "json").want(t, 0, `"remediation":"`+id+`"`, "")
	var got struct {
		Changes []struct {
			Call struct{ Parameters struct{ Policy string } }
		}
	}
	must(t, json.Unmarshal([]byte(s.out), &got))
	if !keypolicy.Equal(got.Changes[0].Call.Parameters.Policy, w.policy("alias/platform-ebs")) {
		t.Errorf("%+v", got)
	}
	w.run("", "undo", id, "--file", log, "--apply", "--yes")
	w.run("", "export", id, "--audit-file", log).want(t, 0, `sid       = "KeymendUse"`, "")
	w.run("", "export", "r-0123456789abcdef", "--audit-file", log).want(t, 2, "", "neither")
}

// TestJudgedExportOfABridge: a grant that stands in for statements is no fix for good.
func TestJudgedExportOfABridge(t *testing.T) {
	w := newWorld(t)
	w.seed("own-key")
	t.Setenv("KEYMEND_OWNERSHIP_TAGS", "owner")
	w.tag("alias/platform-ebs", "owner", "terraform")
	w.run("", "export", "web-prod").want(t, 0, "aws_iam_policy_document", "")
	w.run("", "diagnose", "web-prod", "--apply", "--yes", "--audit-file", filepath.Join(w.dir, "audit.jsonl"))
	w.box.Advance(15 * time.Minute)
	w.run("", "diagnose", "web-prod").want(t, 0, "", "")
	w.run("", "export", "web-prod").want(t, 0, "until the policy's owner adds the two statements", "")
	if out, err := w.script(scenario.Account, w.exported("web-prod")); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	w.run("", "export", "web-prod").want(t, 0, "", "nothing to export")
}

// TestExportOfNothing ends as keymend diagnose does, and prints nothing.
func TestExportOfNothing(t *testing.T) {
	for name, tc := range map[string]struct {
		code int
		says string
	}{
		"healthy": {0, "is open to"}, "disabled": {4, "is disabled"}, "deny": {4, "DenyOutside"}, "hidden-snapshot": {4, "without its snapshot"},
	} {
		w := newWorld(t)
		w.seed(name)
		file := filepath.Join(w.dir, "export")
		s := w.run("", "export", "web-prod", "-o", file).want(t, tc.code, "", "nothing to export: ")
		if _, err := os.Stat(file); err == nil || s.out != "" || !strings.Contains(s.err, tc.says) {
			t.Errorf("%s: %s%s", name, s.out, s.err)
		}
		w.run("", "export", "no-such-group").want(t, 2, "", "no group no-such-group")
	}
}
