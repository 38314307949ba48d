package command_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"keymend/cmd/keymend/internal/scenario"
	"keymend/pkg/sandbox"
)

// behind has KMS show what was there a minute ago.
func (w *world) behind(operation string) {
	w.t.Helper()
	must(w.t, w.box.SetFaults(sandbox.Fault{Service: "kms", Operation: operation, Behind: sandbox.Span(time.Minute)}))
}

// TestALateReadAtATerminal: one command opens a key to a role, and the next, for another
// role, is shown the policy from before. The audit file tells it what the first one
// wrote, so that it writes nothing over that.
func TestALateReadAtATerminal(t *testing.T) {
	w := newWorld(t)
	w.seed("own-key")
	seeder := scenario.NewSeeder(w.cfg, scenario.Account, w.box.Advance)
	must(t, seeder.Group(t.Context(), "team", "m5.large", scenario.Volume{Encrypted: true}))
	made, err := iam.NewFromConfig(w.cfg).CreateServiceLinkedRole(t.Context(), &iam.CreateServiceLinkedRoleInput{AWSServiceName: new("autoscaling.amazonaws.com"), CustomSuffix: new("team")})
	must(t, err)
	_, err = autoscaling.NewFromConfig(w.cfg).UpdateAutoScalingGroup(t.Context(), &autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: new("team"), ServiceLinkedRoleARN: made.Role.Arn})
	must(t, err)
	w.box.Advance(5 * time.Minute)
	log := filepath.Join(w.dir, "audit.jsonl")
	w.run("", "diagnose", "web-prod", "--apply", "--audit-file", log).want(t, 0, "the change stands", "")
	first := w.policy("alias/platform-ebs")

	w.behind("GetKeyPolicy")
	w.run("", "diagnose", "team", "--apply", "--audit-file", log).want(t, 1, "", "again in five minutes")
	must(t, w.box.SetFaults())
	if now := w.policy("alias/platform-ebs"); now != first {
		t.Fatalf("the first command's edit is lost: %s", now)
	}
	w.run("", "diagnose", "team", "--apply", "--audit-file", log).want(t, 0, "the change stands", "")
	if now := w.policy("alias/platform-ebs"); strings.Count(now, `"`+*made.Role.Arn+`"`) != 2 || strings.Count(now, `AutoScaling"`) != 2 {
		t.Errorf("the key isn't open to both: %s", now)
	}
}

// TestUndoAtOnce: what was made a moment ago doesn't show yet, a grant or statements.
// Undo doesn't say that it is gone; once it took it away, it does.
func TestUndoAtOnce(t *testing.T) {
	for operation, tag := range map[string]string{"ListGrants": "owner", "GetKeyPolicy": "none"} {
		t.Run(operation, func(t *testing.T) {
			w := newWorld(t)
			w.seed("own-key")
			w.tag("alias/platform-ebs", tag, "terraform")
			t.Setenv("KEYMEND_OWNERSHIP_TAGS", "owner")
			log := filepath.Join(w.dir, "audit.jsonl")
			before := w.policy("alias/platform-ebs")
			w.run("", "diagnose", "web-prod", "--apply", "--audit-file", log).want(t, 0, "the change stands", "")
			id := remediation(t, log)
			w.behind(operation)
			late := w.run("", "undo", id, "--file", log)
			if late.code == 0 || strings.Contains(late.out, "gone already") {
				t.Errorf("%d, %s%s", late.code, late.out, late.err)
			}
			w.run("", "undo", id, "--file", log, "--apply").want(t, 1, "", "again in five minutes")
			must(t, w.box.SetFaults())
			w.run("", "undo", id, "--file", log, "--apply").want(t, 0, "is undone", "")
			w.run("", "undo", id, "--file", log, "--apply").want(t, 0, "gone already", "")
			if w.policy("alias/platform-ebs") != before {
				t.Error("the policy isn't as it was")
			}
		})
	}
}

// TestUndoIsFoundAgain: what undo prints finds the same records from any folder.
func TestUndoIsFoundAgain(t *testing.T) {
	w := newWorld(t)
	w.seed("own-key")
	t.Chdir(w.dir)
	w.run("", "diagnose", "web-prod", "--apply").want(t, 0, "the change stands", "")
	shown := w.run("", "undo", remediation(t, "keymend-audit.jsonl"))
	command := regexp.MustCompile(`(?m)^ *(?:do)? *keymend (undo .*--apply.*)$`).FindStringSubmatch(shown.out)
	if command == nil {
		t.Fatalf("no command:\n%s%s", shown.out, shown.err)
	}
	t.Chdir(t.TempDir())
	w.run("", strings.Fields(command[1])...).want(t, 0, "is undone", "")
}

// TestOnlyTheFileIsThePersons: who may not read the functions' log can fix all the same,
// and a line of the file that was cut off holds nothing up.
func TestOnlyTheFileIsThePersons(t *testing.T) {
	w := newWorld(t)
	w.seed("own-key")
	w.as("logs:FilterLogEvents")
	log := w.file("audit.jsonl", `{"schema":"keymend.audit/2","phase":"out`+"\n")
	w.run("", "diagnose", "web-prod", "--apply", "--audit-file", log).want(t, 0, "the change stands", "")
}
