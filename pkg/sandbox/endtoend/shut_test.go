package endtoend_test

import (
	"strings"
	"testing"
	"time"

	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"keymend/pkg/outcome"
)

// shutTo is a policy by which no role may use the key, whatever else allows it.
const shutTo = `{"Sid":"NoEBS","Effect":"Deny","Principal":"*","Action":["kms:CreateGrant","kms:GenerateDataKey*"],"Resource":"*","Condition":{"StringEquals":{"aws:PrincipalArn":"` + role + `"}}}`

// TestShut: of two keys that a launch needs one is known to stay shut. The other
// isn't opened for nothing, neither by the functions nor for a person.
func TestShut(t *testing.T) {
	yes := new(true)
	playAll(t, "shut", map[string]row{
		"a Deny on the other": {ends: stands, make: func(w *world) {
			denies := w.key(strings.Replace(rootOnly, `"Statement":[`, `"Statement":[`+shutTo+",", 1), enrolled)
			w.launches(w.image(), volume("/dev/xvda", yes, w.key(rootOnly, enrolled)), volume("/dev/sdf", yes, denies))
		}},
		"the other isn't enrolled": {ends: stands, make: func(w *world) {
			w.launches(w.image(), volume("/dev/xvda", yes, w.key(rootOnly, enrolled)), volume("/dev/sdf", yes, w.key(rootOnly, nil)))
		}},
		"the other is gone": {ends: stands, make: func(w *world) {
			w.launches(w.image(), volume("/dev/xvda", yes, w.key(rootOnly, enrolled)), volume("/dev/sdf", yes, "1a2b3c4d-5e6f-1a2b-3c4d-5e6f1a2b3c4d"))
		}},
		"of another override": {ends: heals, make: func(w *world) {
			w.mixed(
				astypes.LaunchTemplateOverrides{InstanceType: new("m5.large"), ImageId: new(w.imageOf(w.snapshot(w.key(rootOnly, enrolled))))},
				astypes.LaunchTemplateOverrides{InstanceType: new("m5.xlarge"), ImageId: new(w.imageOf(w.snapshot(w.key(rootOnly, nil))))},
			)
		}},
	})
}

// TestShutAtTheTerminal: a person's word opens nothing for nothing either, and what
// only couldn't be seen is no reason to wait.
func TestShutAtTheTerminal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, with("Mode", "observe"))
	denies := w.key(strings.Replace(rootOnly, `"Statement":[`, `"Statement":[`+shutTo+",", 1), nil)
	w.launches(w.image(), volume("/dev/xvda", new(true), w.key(rootOnly, nil)), volume("/dev/sdf", new(true), denies))
	w.box.Advance(3 * time.Minute)
	code, said := w.run(account, nil, "diagnose", "web-prod", "--apply")
	if code != 4 || w.writes() != 0 || !strings.Contains(said, "Nothing changed") || !strings.Contains(flat(said), denies+", which stays shut to AWSServiceRoleForAutoScaling (explicit-deny)") {
		t.Errorf("exit code %d, %d writes\n%s", code, w.writes(), said)
	}
}

// TestShutInTheOwnersAccount: of two keys of another account one is consented to.
func TestShutInTheOwnersAccount(t *testing.T) {
	t.Parallel()
	b := newBorder(t, true)
	agreed, not := b.there.key(ownerPolicy(), consented), b.there.key(ownerPolicy(), nil)
	b.launches(b.image(), volume("/dev/xvda", new(true), agreed), volume("/dev/sdf", new(true), not))
	b.box.Advance(10 * time.Minute)
	b.wantUntouched()
	if r := b.last(outcome.Waiting); r.Key != agreed || !strings.Contains(r.Reason, not) {
		t.Errorf("%+v", r)
	}
	b.there.tagKey(not, consented)
	b.box.Advance(10 * time.Minute)
	if n := b.inService("web-prod"); n != 2 {
		t.Errorf("%d in service\n%v", n, b.story())
	}
}

// TestShutDefaultKeyOfACopy: a volume of another account's image lands on the default key,
// which stays shut. One of a copy doesn't need that key, so the copy isn't made for
// nothing; the key that stays shut is said all the same.
func TestShutDefaultKeyOfACopy(t *testing.T) {
	t.Parallel()
	c := newCopies(t, copyable)
	c.defaultKey(c.key(strings.Replace(rootOnly, `"Statement":[`, `"Statement":[`+shutTo+",", 1), nil))
	c.group("web-prod", c.mappedTemplate("web", c.image), "$Latest")
	c.box.Advance(25 * time.Minute)
	c.wantRunning("web-prod")
	c.wantCopied(1, 1)
	if r := c.last(outcome.NoFix); r.Key == c.theirs || r.Key == c.ours {
		t.Errorf("%+v", r)
	}
}
