package command_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDemo plays the whole story with functions built for it.
func TestDemo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"diagnose", "remediate"} {
		build := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", filepath.Join(dir, name, "bootstrap"), "keymend/functions/"+name)
		if text, err := build.CombinedOutput(); err != nil {
			t.Fatalf("build %s: %v\n%s", name, err, text)
		}
	}
	s := run(t, "", "demo", "--functions", dir).want(t, 0, "\n7 of 7 as expected.\n", "")
	const first = "LOCAL SANDBOX. Nothing leaves this machine. Simulated time.\n"
	if !strings.HasPrefix(s.out, first) || strings.Contains(s.out, "\x1b") {
		t.Errorf("the story doesn't begin as it should, or is coloured in a pipe:\n%s", s.out)
	}
	at := 0
	for _, line := range []string{
		`1 HEAL +web-prod  111122223333  eu-west-1`,
		`00:00  AWS +group created, desired 2`,
		`AWS +Cancelled: .*`,
		`KEY +alias/platform-ebs, Enabled \(its state is NOT the fault\)`,
		`FROM +/dev/xvda: Encrypted without KmsKeyId in lt-[0-9a-f]+\s+v1`,
		`ROLE +AWSServiceRoleForAutoScaling`,
		`WHY +#0 "Enable IAM User Permissions" lets IAM policies decide`,
		`MISS +CreateGrant, GenerateDataKeyWithoutPlaintext`,
		`PLAN +2 statements added \(KeymendUse, KeymendCreateGrant\), 0 others\s+affected`,
		`INTENT recorded r-[0-9a-f]{16} by remediate`,
		`WRITE +PutKeyPolicy as keymend-policy-writer/keymend-r-[0-9a-f]{16}`,
		`PROOF +evaluates as Allowed, 1 read`,
		`PROOF +i-[0-9a-f]+, i-[0-9a-f]+ InService`,
		`HEALED \d+ s after the failure; seen by the look that follows a change`,
		`2 AGAIN +the same event 1,000 times +\d+ looks, writes 0`,
		`3 OBSERVE +batch-prod  444455556666 +finding 1, writes 0`,
		`4 NOT ASKED payments  key not enrolled +proposal, writes 0`,
		`aws kms tag-resource --key-id arn:\S+ --tags TagKey=keymend,TagValue=remediate --region eu-west-1\n`,
		`5 NOT KMS +ml-prod  no capacity +untouched, writes 0`,
		`6 UNDO +r-[0-9a-f]{16} +policy as it was, byte for byte`,
		`7 SILENCE +night-batch  no event was sent +a sweep found it; in service after \d+ min`,
	} {
		found := regexp.MustCompile(line).FindStringIndex(s.out[at:])
		if found == nil {
			t.Fatalf("no %q, in this order:\n%s", line, s.out)
		}
		at += found[1]
	}
}

// TestDemoWithoutFunctions says what is missing.
func TestDemoWithoutFunctions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run(t, "", "demo", "--functions", dir).want(t, 2, "", "make build")
	if err := os.WriteFile(filepath.Join(dir, "diagnose"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "", "demo", "--functions", filepath.Join(dir, "diagnose")).want(t, 2, "", "--functions")
}
