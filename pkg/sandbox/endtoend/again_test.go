package endtoend_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"

	"keymend/pkg/keypolicy"
	"keymend/pkg/outcome"
	"keymend/pkg/sandbox/conformance/tool"
)

// TestSameEventAgain delivers the event of a launch that was healed since, many
// times over: nothing is written a second time.
func TestSameEventAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.key(rootOnly, enrolled)
	w.broken("web-prod", key)
	w.box.Advance(10 * time.Minute)
	after, writes := w.policy(key), w.writes()
	for range 200 {
		w.deliver(strings.ReplaceAll(launchUnsuccessful, "GROUP", "web-prod"))
	}
	w.box.Advance(time.Hour)
	if w.policy(key) != after || w.writes() != writes {
		t.Errorf("%d writes after, %d before\n%v", w.writes(), writes, w.story())
	}
}

// TestRemovedAgain holds that what a person took away a minute after it was written,
// within SQS's five minutes of deduplication, is told by the next look, and by a later
// one, and stays away.
func TestRemovedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.key(rootOnly, enrolled)
	before := w.policy(key)
	w.broken("web-prod", key)
	w.box.Advance(3 * time.Minute)
	if !w.opens(w.policy(key), role) {
		t.Fatalf("not healed\n%v", w.story())
	}
	w.putPolicy(key, before)
	for _, after := range []time.Duration{10 * time.Second, 10 * time.Minute} {
		w.deliver(strings.ReplaceAll(launchUnsuccessful, "GROUP", "web-prod"))
		w.box.Advance(after)
		if w.last(outcome.TakenAway); w.policy(key) != before || w.writes() != 1 {
			t.Errorf("%d writes\n%v", w.writes(), w.story())
		}
	}
}

// TestTwoGroupsOneKey holds that one write serves all groups that need the key.
func TestTwoGroupsOneKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.key(rootOnly, enrolled)
	w.group("one", w.encryptedTemplate("one", key), "$Latest")
	w.group("two", w.encryptedTemplate("two", key), "$Latest")
	w.box.Advance(15 * time.Minute)
	if w.inService("one") != 2 || w.inService("two") != 2 || w.writes() != 1 {
		t.Errorf("%d and %d in service, %d writes\n%v", w.inService("one"), w.inService("two"), w.writes(), w.story())
	}
}

// TestJudgedByHand does what the field does by hand, with boto3; Keymend then finds
// nothing to do, and by itself it comes to the same end state.
func TestJudgedByHand(t *testing.T) {
	t.Parallel()
	python := tool.Boto3().Need(t)
	hand, robot := newWorld(t, with("Mode", "observe")), newWorld(t)
	byHand, byRobot := hand.key(rootOnly, nil), robot.key(rootOnly, enrolled)
	hand.broken("web-prod", byHand)
	robot.broken("web-prod", byRobot)
	hand.box.Advance(5 * time.Minute)
	hand.procedure(python, byHand)
	hand.box.Advance(10 * time.Minute)
	robot.box.Advance(15 * time.Minute)
	if h, r := hand.inService("web-prod"), robot.inService("web-prod"); h != 2 || r != 2 {
		t.Fatalf("%d and %d in service, want 2", h, r)
	}
	renamed := strings.NewReplacer("KeymendUse", "Allow service-linked role use of the customer managed key", "KeymendCreateGrant", "Allow attachment of persistent resources").Replace(robot.policy(byRobot))
	if !keypolicy.Equal(hand.policy(byHand), renamed) {
		t.Errorf("by hand: %s\nby Keymend: %s", hand.policy(byHand), renamed)
	}
	hand.deliver(strings.ReplaceAll(launchUnsuccessful, "GROUP", "web-prod"))
	hand.box.Advance(time.Minute)
	hand.wantOutcome("web-prod", outcome.NothingToDo)
	hand.wantUntouched()
}

// procedure runs AWS's procedure by boto3, for a key of the account or, with its
// owner behind, of another.
func (w *world) procedure(python string, key string, owner ...string) {
	w.t.Helper()
	w.script(python, "procedure.py", append([]string{key}, owner...)...)
}

// script runs one of the procedures by boto3, and returns what it prints.
func (w *world) script(python, name string, args ...string) string {
	w.t.Helper()
	args = append([]string{filepath.Join("..", "conformance", "testdata", "python", name), w.url, account, region}, args...)
	procedure := exec.CommandContext(w.t.Context(), python, args...)
	procedure.Env = []string{"HOME=" + w.t.TempDir(), "AWS_EC2_METADATA_DISABLED=true"}
	text, err := procedure.CombinedOutput()
	if err != nil {
		w.t.Fatalf("%s: %v\n%s", name, err, text)
	}
	return strings.TrimSpace(string(text))
}

// TestKeyByGrantAgain holds that a grant that is there already is found, not
// made again.
func TestKeyByGrantAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, with("OwnKey", "grant"))
	key := w.key(rootOnly, enrolled)
	w.broken("web-prod", key)
	w.box.Advance(10 * time.Minute)
	for range 20 {
		w.deliver(strings.ReplaceAll(launchUnsuccessful, "GROUP", "web-prod"))
	}
	w.box.Advance(time.Hour)
	out, err := w.kms.ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: &key, GranteePrincipal: new(role)})
	must(t, err)
	if w.inService("web-prod") != 2 || len(out.Grants) != 1 || w.writes() != 1 {
		t.Errorf("%d in service, %d grants, %d writes\n%v", w.inService("web-prod"), len(out.Grants), w.writes(), w.story())
	}
}
