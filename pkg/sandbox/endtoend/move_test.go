package endtoend_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"keymend/pkg/outcome"
	"keymend/pkg/sandbox"
)

const (
	suffix  = "payments"
	ownRole = role + "_" + suffix
)

// TestMoves is a group whose key isn't open to the default role, where the
// settings want it to have one of its own: the role is made, the key opened to it
// and to nobody else, and the group launches as it. Nothing of that waits for
// another launch to fail.
func TestMoves(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		options []option
		before  func(w *world)
		writes  int
	}{
		"the role is missing": {writes: 3},
		"the role is there":   {writes: 2, before: func(w *world) { w.suffixedRole(suffix) }},
		"by a grant":          {writes: 3, options: []option{with("OwnKey", "grant")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, append([]option{with("DedicatedRoleSuffix", suffix)}, tc.options...)...)
			if tc.before != nil {
				tc.before(w)
			}
			key := w.key(rootOnly, enrolled)
			w.broken("web-prod", key)
			w.box.Advance(5 * time.Minute)
			w.wantMoved("web-prod", tc.writes)
			if w.opens(w.policy(key), role) {
				t.Error("the key is open to the default role")
			}
			after := w.policy(key)
			for range 20 {
				w.again()
			}
			w.box.Advance(time.Hour)
			if w.policy(key) != after || w.writes() != tc.writes {
				t.Errorf("the same event again: %d writes, want %d\n%v", w.writes(), tc.writes, w.story())
			}
		})
	}
}

// TestMovesWithTwoKeys moves a group once both of its keys are open to the role.
func TestMovesWithTwoKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t, with("DedicatedRoleSuffix", suffix))
	image := w.imageOf(w.snapshot(w.key(rootOnly, enrolled)))
	w.launches(image, volume("/dev/xvda", new(true), w.key(rootOnly, enrolled)))
	w.box.Advance(5 * time.Minute)
	w.wantMoved("web-prod", 4)
}

// TestMovesRolesThatArentKnownAtOnce stages each service's word about a role that
// is too new, alone and all together.
func TestMovesRolesThatArentKnownAtOnce(t *testing.T) {
	t.Parallel()
	const soon = 2 * time.Minute
	for name, tc := range map[string]struct {
		change  func(*sandbox.Switches)
		options []option
	}{
		"PutKeyPolicy":           {change: func(s *sandbox.Switches) { s.PolicyDelay = soon }},
		"CreateGrant":            {change: func(s *sandbox.Switches) { s.GrantDelay = soon }, options: []option{with("OwnKey", "grant")}},
		"UpdateAutoScalingGroup": {change: func(s *sandbox.Switches) { s.GroupDelay = soon }},
		"launches":               {change: func(s *sandbox.Switches) { s.LaunchDelay = soon }},
		"all of them": {change: func(s *sandbox.Switches) {
			s.PolicyDelay, s.GrantDelay, s.GroupDelay, s.LaunchDelay = soon, soon, soon, soon
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, append(tc.options, with("DedicatedRoleSuffix", suffix), switched(tc.change))...)
			key := w.key(rootOnly, enrolled)
			w.broken("web-prod", key)
			w.box.Advance(40 * time.Minute)
			w.wantMoved("web-prod", 3)
			if granted := !w.opens(w.policy(key), ownRole); granted != (len(tc.options) > 0) {
				t.Errorf("by a grant: %v", granted)
			}
			for _, r := range w.records() {
				if r.Outcome == outcome.Failed {
					t.Errorf("taken for final: %s", r.Reason)
				}
			}
		})
	}
}

// TestARoleThatIsNewAndStaysAsItIs: without a role of its own in the settings, a
// group's new role is waited for all the same.
func TestARoleThatIsNewAndStaysAsItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, switched(func(s *sandbox.Switches) { s.PolicyDelay = 2 * time.Minute }))
	key := w.key(rootOnly, enrolled)
	w.groupOf(&autoscaling.CreateAutoScalingGroupInput{
		LaunchTemplate: latest(w.encryptedTemplate("web", key)), ServiceLinkedRoleARN: aws.String(w.suffixedRole("web")),
	})
	w.box.Advance(30 * time.Minute)
	if n := w.inService("web-prod"); n != 2 || w.writes() != 1 || !w.opens(w.policy(key), role+"_web") {
		t.Errorf("%d in service, %d writes\n%v", n, w.writes(), w.story())
	}
}

// TestStays is what a setting doesn't move: groups that launch, groups of others,
// and groups whose keys Keymend may not open.
func TestStays(t *testing.T) {
	t.Parallel()
	tagged := func(w *world, key string, tags ...string) {
		in := &autoscaling.CreateAutoScalingGroupInput{LaunchTemplate: latest(w.encryptedTemplate("web", key))}
		for i := 0; i < len(tags); i += 2 {
			in.Tags = append(in.Tags, astypes.Tag{Key: &tags[i], Value: &tags[i+1]})
		}
		w.groupOf(in)
	}
	for name, tc := range map[string]struct {
		options   []option
		make      func(w *world)
		writes    int
		inService int
		says      string
	}{
		"it launches": {inService: 2, make: func(w *world) { w.broken("web-prod", w.openKey()) }},
		"a node group of EKS": {inService: 2, writes: 1, says: "so that it keeps its role",
			make: func(w *world) {
				tagged(w, w.key(rootOnly, enrolled), "eks:nodegroup-name", "workers", "eks:cluster-name", "platform")
			}},
		"made by CloudFormation": {inService: 2, writes: 1, says: "undoes a change of the group by hand",
			make: func(w *world) { tagged(w, w.key(rootOnly, enrolled), "aws:cloudformation:stack-name", "web-stack") }},
		"a capacity provider of ECS": {inService: 2, writes: 1, says: "so that it keeps its role",
			make: func(w *world) { tagged(w, w.key(rootOnly, enrolled), "AmazonECSManaged", "true") }},
		"tagged keymend=ignore":     {says: "tag keymend=ignore on the group", make: func(w *world) { tagged(w, w.key(rootOnly, enrolled), "keymend", "ignore") }},
		"a key that isn't enrolled": {says: "hasn't enrolled it", make: func(w *world) { w.broken("web-prod", w.key(rootOnly, nil)) }},
		"one of two keys isn't enrolled": {says: "hasn't enrolled it", make: func(w *world) {
			w.launches(w.imageOf(w.snapshot(w.key(rootOnly, nil))), volume("/dev/xvda", new(true), w.key(rootOnly, enrolled)))
		}},
		"observe":                   {options: []option{with("Mode", "observe")}, says: ownRole, make: brokenGroup},
		"propose":                   {options: []option{with("Mode", "propose")}, says: ownRole, make: brokenGroup},
		"switch off":                {says: ownRole, make: func(w *world) { w.parameter("/keymend/switch", "off"); brokenGroup(w) }},
		"a suffix that is too long": {options: []option{with("DedicatedRoleSuffix", strings.Repeat("x", 36))}, make: brokenGroup, says: "leaves room for 35"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, append([]option{with("DedicatedRoleSuffix", suffix)}, tc.options...)...)
			tc.make(w)
			w.box.Advance(15 * time.Minute)
			if n := w.inService("web-prod"); n != tc.inService || w.writes() != tc.writes || w.launchesAs("web-prod") != role || w.hasRole(suffix) {
				t.Errorf("%d in service, %d writes, launches as %s\n%v", n, w.writes(), w.launchesAs("web-prod"), w.story())
			}
			if !strings.Contains(w.story(), tc.says) {
				t.Errorf("nothing says %q\n%v", tc.says, w.story())
			}
		})
	}
}

// TestMoveUndone takes a move back, step by step, while a stranger's edits stay.
func TestMoveUndone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, with("DedicatedRoleSuffix", suffix))
	key := w.key(rootOnly, enrolled)
	before := w.policy(key)
	w.broken("web-prod", key)
	w.box.Advance(5 * time.Minute)
	w.wantMoved("web-prod", 3)
	theirs := `"Statement":[{"Sid":"Theirs","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"kms:Sign","Resource":"*"},`
	w.putPolicy(key, strings.Replace(w.policy(key), `"Statement":[`, theirs, 1))
	w.parameter("/keymend/switch", "off")

	ids := map[string]string{}
	for _, r := range w.records() {
		if r.Outcome == outcome.Fixed {
			ids[r.Steps[0].Kind()] = r.RemediationID
		}
	}
	file := filepath.Join(t.TempDir(), "audit.jsonl") // the person's, beside the functions' log
	if code, text := w.keymend(account, "undo", ids["EnsureServiceLinkedRole"], "--apply", "--audit-file", file); code != 1 || !strings.Contains(text, "web-prod launches as it") || !w.hasRole(suffix) {
		t.Errorf("a role in use was deleted, or nobody says why not: exit %d\n%s", code, text)
	}
	for _, step := range []string{"UpdateGroup", "EditKeyPolicy", "EnsureServiceLinkedRole"} {
		if code, text := w.keymend(account, "undo", ids[step]); code != 3 {
			t.Errorf("undo %s, shown: exit %d\n%s", step, code, text)
		}
		if code, text := w.keymend(account, "undo", ids[step], "--apply", "--audit-file", file); code != 0 {
			t.Errorf("undo %s: exit %d\n%s", step, code, text)
		}
		if code, text := w.keymend(account, "undo", ids[step], "--apply", "--audit-file", file); code != 0 || !strings.Contains(text, "already") {
			t.Errorf("undo %s again: exit %d\n%s", step, code, text)
		}
	}
	if w.launchesAs("web-prod") != role || w.hasRole(suffix) || w.policy(key) != strings.Replace(before, `"Statement":[`, theirs, 1) {
		t.Errorf("launches as %s, role there: %v, policy %s", w.launchesAs("web-prod"), w.hasRole(suffix), w.policy(key))
	}
}

// TestMoveOfAGroupThatWasMovedSince leaves the role that someone else gave it.
func TestMoveOfAGroupThatWasMovedSince(t *testing.T) {
	t.Parallel()
	w := newWorld(t, with("DedicatedRoleSuffix", suffix))
	w.broken("web-prod", w.key(rootOnly, enrolled))
	w.box.Advance(5 * time.Minute)
	w.wantMoved("web-prod", 3)
	third := w.suffixedRole("third")
	_, err := w.asg.UpdateAutoScalingGroup(t.Context(), &autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: aws.String("web-prod"), ServiceLinkedRoleARN: &third})
	must(t, err)
	for _, r := range w.records() {
		if r.Outcome == outcome.Fixed && r.Steps[0].Kind() == "UpdateGroup" {
			if code, text := w.keymend(account, "undo", r.RemediationID, "--apply"); code != 0 || w.launchesAs("web-prod") != third {
				t.Errorf("exit %d, launches as %s\n%s", code, w.launchesAs("web-prod"), text)
			}
		}
	}
}

// TestMoveAtTheTerminal is a person who does it by hand: each step follows from
// the one before, in one run.
func TestMoveAtTheTerminal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, with("Mode", "observe"))
	key := w.key(rootOnly, nil)
	w.broken("web-prod", key)
	w.box.Advance(3 * time.Minute)
	env := []string{"KEYMEND_SERVICE_LINKED_ROLE=dedicated:" + suffix, "KEYMEND_VERIFY_INTERVAL=1ms"}
	code, text := w.run(account, env, "diagnose", "web-prod")
	if code != 3 || !strings.Contains(text, "AWSServiceRoleForAutoScaling_"+suffix) || w.hasRole(suffix) {
		t.Errorf("exit %d\n%s", code, text)
	}
	code, text = w.run(account, env, "diagnose", "web-prod", "--apply", "--audit-file", w.auditFile())
	if code != 0 || w.launchesAs("web-prod") != ownRole || !w.opens(w.policy(key), ownRole) {
		t.Errorf("exit %d, launches as %s\n%s", code, w.launchesAs("web-prod"), text)
	}
	w.box.Advance(10 * time.Minute)
	if n := w.inService("web-prod"); n != 2 {
		t.Errorf("%d in service", n)
	}
}

// wantMoved fails unless the group launched as the role of its own, after this
// many writes.
func (w *world) wantMoved(group string, writes int) {
	w.t.Helper()
	if n := w.inService(group); n != 2 || w.launchesAs(group) != ownRole {
		w.t.Fatalf("%d in service, launches as %s\n%v", n, w.launchesAs(group), w.story())
	}
	if n := w.writes(); n != writes {
		w.t.Errorf("%d writes, want %d\n%v", n, writes, w.story())
	}
}

// launchesAs returns the ARN of a group's role.
func (w *world) launchesAs(group string) string {
	w.t.Helper()
	out, err := w.asg.DescribeAutoScalingGroups(w.t.Context(), &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{group}})
	must(w.t, err)
	return *out.AutoScalingGroups[0].ServiceLinkedRoleARN
}

func (w *world) hasRole(suffix string) bool {
	w.t.Helper()
	_, err := w.iam.GetRole(w.t.Context(), &iam.GetRoleInput{RoleName: aws.String("AWSServiceRoleForAutoScaling_" + suffix)})
	return err == nil
}
