package command_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"keymend/cmd/keymend/internal/scenario"
	"keymend/pkg/sandbox"
)

// TestBegunCanBeTakenBack: the answer to the write is lost, and then nothing can be read
// any more. The person is told that it may stand, and the command that takes it back
// does.
func TestBegunCanBeTakenBack(t *testing.T) {
	w := newWorld(t)
	w.seed("own-key")
	before, log := w.policy("alias/platform-ebs"), filepath.Join(w.dir, "audit.jsonl")
	gone := func() {
		must(t, w.box.SetFaults(sandbox.Fault{Service: "kms", Operation: "GetKeyPolicy", Answer: sandbox.AnswerFailed}))
	}
	must(t, w.box.SetFaults(sandbox.Fault{Service: "kms", Operation: "PutKeyPolicy", Account: scenario.Account, Times: 1, Answer: sandbox.AnswerLost, Then: gone}))
	s := w.run("", "diagnose", "web-prod", "--apply", "--audit-file", log)
	s.want(t, 1, "", "may have been carried out").want(t, 1, "", "About to change")
	must(t, w.box.SetFaults())
	if w.policy("alias/platform-ebs") == before {
		t.Fatal("nothing was written, and nothing is to be taken back")
	}
	undo := regexp.MustCompile(`\n  keymend (undo r-[0-9a-f]{16} .*--apply.*)\n`).FindStringSubmatch(s.err)
	if undo == nil || !strings.Contains(undo[1], "--file "+log) {
		t.Fatalf("no command takes it back:\n%s", s.err)
	}
	w.run("", strings.Fields(undo[1])...).want(t, 0, "is undone", "")
	if after := w.policy("alias/platform-ebs"); after != before {
		t.Errorf("the policy is %s", after)
	}
}
