package endtoend_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/sandbox"
	"keymend/pkg/slr"
)

// byAdmin is AWS's two statements in one, as a person writes it.
var byAdmin = strings.Replace(rootOnly, `"Statement":[`, `"Statement":[{"Sid":"ByAdmin","Effect":"Allow","Principal":{"AWS":"`+role+`"},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey","kms:CreateGrant"],"Resource":"*"},`, 1) //nolint:gochecknoglobals // a constant text

// opened is a key that a person opened to the role.
func (w *world) opened() string {
	w.t.Helper()
	w.makeRole()
	w.box.Advance(time.Minute) // until KMS knows it
	return w.key(byAdmin, enrolled)
}

// whole makes web-prod, two of two in service, from a template that names the key.
func (w *world) whole(key string) (template string) {
	w.t.Helper()
	template = w.encryptedTemplate("web", key)
	w.group("web-prod", template, "$Latest")
	w.box.Advance(10 * time.Minute)
	if n := w.inService("web-prod"); n != 2 {
		w.t.Fatalf("%d in service\n%v", n, w.story())
	}
	return template
}

// TestDriftIsLookedAt: what somebody does to what a whole group rests on is looked at
// before any launch fails, and mended where that is for Keymend to do.
func TestDriftIsLookedAt(t *testing.T) {
	t.Parallel()
	encrypted := func(w *world, key string) string { return w.encryptedTemplate("other", key) }
	for name, tc := range map[string]struct {
		play   func(w *world) (key string) // which is open afterwards, or is told of
		signal string
		says   string // in the reason, where it isn't for Keymend; "" = the key is opened
	}{
		"statements are taken out of a key's policy": {signal: "key-changed", play: func(w *world) string {
			key := w.opened()
			w.whole(key)
			w.putPolicy(key, rootOnly)
			return key
		}},
		"a key is disabled": {signal: "key-changed", says: "disabled", play: func(w *world) string {
			key := w.opened()
			w.whole(key)
			w.disable(key)
			return key
		}},
		"a key is to be deleted": {signal: "key-changed", says: "deletion", play: func(w *world) string {
			key := w.opened()
			w.whole(key)
			w.scheduleDeletion(key)
			return key
		}},
		"a grant is revoked": {signal: "grant-taken", play: func(w *world) string {
			key := w.key(rootOnly, enrolled)
			w.granted(key)
			w.whole(key)
			w.takeGrants(key)
			return key
		}},
		"a grant is retired": {signal: "grant-taken", play: func(w *world) string {
			key := w.key(rootOnly, enrolled)
			w.granted(key)
			w.whole(key)
			out, err := w.kms.ListGrants(w.t.Context(), &kms.ListGrantsInput{KeyId: &key, GranteePrincipal: new(role)})
			must(w.t, err)
			_, err = w.kms.RetireGrant(w.t.Context(), &kms.RetireGrantInput{KeyId: &key, GrantId: out.Grants[0].GrantId})
			must(w.t, err)
			return key
		}},
		"a template gets a version": {signal: "template-changed", play: func(w *world) string {
			template := w.whole(w.opened())
			key := w.key(rootOnly, enrolled)
			w.changed(template, w.image(), volume("/dev/xvda", new(true), key))
			return key
		}},
		"a template gets another default": {signal: "template-changed", play: func(w *world) string {
			template := w.encryptedTemplate("web", w.opened())
			w.group("web-prod", template, "$Default")
			w.box.Advance(10 * time.Minute)
			key := w.key(rootOnly, enrolled)
			w.changed(template, w.image(), volume("/dev/xvda", new(true), key))
			_, err := w.ec2.ModifyLaunchTemplate(w.t.Context(), &ec2.ModifyLaunchTemplateInput{LaunchTemplateName: new("web"), DefaultVersion: new("2")})
			must(w.t, err)
			return key
		}},
		"a group gets another template": {signal: "group-updated", play: func(w *world) string {
			w.whole(w.opened())
			key := w.key(rootOnly, enrolled)
			_, err := w.asg.UpdateAutoScalingGroup(w.t.Context(), &autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: new("web-prod"), LaunchTemplate: latest(encrypted(w, key))})
			must(w.t, err)
			return key
		}},
		"another key is the default one": {signal: "defaults-changed", play: func(w *world) string {
			w.defaultKey(w.opened())
			w.launches(w.image(), volume("/dev/xvda", new(true), ""))
			w.box.Advance(10 * time.Minute)
			key := w.key(rootOnly, enrolled)
			w.defaultKey(key)
			return key
		}},
		"volumes are encrypted by default": {signal: "defaults-changed", play: func(w *world) string {
			key := w.key(rootOnly, enrolled)
			w.alias("alias/ebs", key)
			w.defaultKey("alias/ebs")
			w.launches(w.image())
			w.box.Advance(10 * time.Minute)
			w.encryptByDefault()
			return key
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, drifting())
			key := tc.play(w)
			before := w.inService("web-prod")
			w.box.Advance(7 * time.Minute)
			told := w.toldBy(tc.signal, key)
			if len(told) == 0 || before != 2 || w.failedLaunches() != 0 {
				t.Fatalf("%d in service, %d launches failed, %d records\n%v", before, w.failedLaunches(), len(told), w.story())
			}
			if writes := w.writes(); (writes == 1) != (tc.says == "") || writes == 1 && !w.opens(w.policy(key), role) || !strings.Contains(strings.ToLower(told[0].Reason), tc.says) {
				t.Errorf("%d writes; %s: %s\n%v", writes, told[0].Outcome, told[0].Reason, w.story())
			}
		})
	}
}

// TestTakenAwayIsHeardOf: who takes Keymend's own statements out of a policy hears what that
// does before a launch fails for it, and they aren't written again.
func TestTakenAwayIsHeardOf(t *testing.T) {
	t.Parallel()
	w := newWorld(t, drifting())
	w.makeRole()
	key := w.key(rootOnly, enrolled)
	w.groupOf(groupLater(w.encryptedTemplate("web", key)))
	w.box.Advance(10 * time.Minute)
	w.want(2)
	w.box.Advance(10 * time.Minute)
	if n := w.inService("web-prod"); n != 2 || w.writes() != 1 {
		t.Fatalf("%d in service, %d writes\n%v", n, w.writes(), w.story())
	}
	w.putPolicy(key, rootOnly)
	w.box.Advance(7 * time.Minute)
	if told := w.toldBy("key-changed", key); len(told) != 1 || told[0].Outcome != outcome.TakenAway || w.writes() != 1 || w.failedLaunches() != 0 {
		t.Errorf("%d writes, %+v\n%v", w.writes(), told, w.story())
	}
}

// TestWhoTookAGrant: who takes Keymend's own grant away is named, by CloudTrail's event, in
// the finding that tells of it.
func TestWhoTookAGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t, drifting(), with("OwnKey", "grant"))
	key := w.key(rootOnly, enrolled)
	w.broken("web-prod", key)
	w.box.Advance(20 * time.Minute)
	if n := w.inService("web-prod"); n != 2 || len(w.ourGrants(key)) != 1 {
		t.Fatalf("%d in service, %d grants\n%v", n, len(w.ourGrants(key)), w.story())
	}
	w.takeGrants(key)
	w.box.Advance(7 * time.Minute)
	told := w.toldBy("grant-taken", key)
	if len(told) != 1 || told[0].Outcome != outcome.TakenAway || !strings.Contains(told[0].Reason, "; since then: arn:aws:iam::"+account+":user/admin took the grant away 2026-03-02T09:") {
		t.Errorf("%+v\n%v", told, w.story())
	}
}

// toldBy are the findings about a key that a signal brought.
func (w *world) toldBy(signal, key string) (out []record.Record) {
	for _, r := range w.records() {
		if r.Phase == record.Finding && r.Signal == signal && r.Key == key && len(r.EventIDs) == 1 {
			out = append(out, r)
		}
	}
	return out
}

func (w *world) failedLaunches() int {
	w.t.Helper()
	out, err := w.asg.DescribeScalingActivities(w.t.Context(), &autoscaling.DescribeScalingActivitiesInput{AutoScalingGroupName: new("web-prod")})
	must(w.t, err)
	n := 0
	for _, a := range out.Activities {
		if a.StatusCode == "Cancelled" || a.StatusCode == "Failed" {
			n++
		}
	}
	return n
}

// takeGrants revokes the grants to the role.
func (w *world) takeGrants(key string) {
	w.t.Helper()
	out, err := w.kms.ListGrants(w.t.Context(), &kms.ListGrantsInput{KeyId: &key, GranteePrincipal: new(role)})
	must(w.t, err)
	for _, g := range out.Grants {
		_, err := w.kms.RevokeGrant(w.t.Context(), &kms.RevokeGrantInput{KeyId: &key, GrantId: g.GrantId})
		must(w.t, err)
	}
}

// TestADenialHeals: KMS's denial of the role is heard of while the launch still goes on,
// and heals the groups that use the key; where CloudTrail doesn't name the key, the
// role's groups that lack instances. No other event tells, and no group is looked at
// that has nothing to do with it.
func TestADenialHeals(t *testing.T) {
	t.Parallel()
	for _, named := range []bool{true, false} {
		t.Run(fmt.Sprintf("the key is named: %v", named), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, drifting(), switched(func(s *sandbox.Switches) { s.CancelledEmitsEvent, s.DenialNamesKey = false, named }), func(s *setup) { s.unwatched = true })
			w.makeRole()
			w.box.Advance(time.Minute)
			w.group("plain", w.template("plain", w.image(), nil), "$Latest")
			w.box.Advance(10 * time.Minute)
			key := w.key(rootOnly, nil)
			w.groupOf(groupLater(w.encryptedTemplate("web", key)))
			w.box.Advance(10 * time.Minute) // its creation is heard of, and nothing may be done
			w.tagKey(key, enrolled)
			before := len(w.records())
			w.want(2)
			w.box.Advance(2 * time.Minute)
			if !w.opens(w.policy(key), role) || len(w.toldBy("key-denied", key)) == 0 {
				t.Fatalf("denied, and not open\n%v", w.story())
			}
			for _, r := range w.records()[before:] {
				if r.Group == "plain" {
					t.Errorf("%s is looked at: %s", r.Group, r.Outcome)
				}
			}
			w.box.Advance(20 * time.Minute)
			if n := w.inService("web-prod"); n != 2 {
				t.Errorf("%d in service\n%v", n, w.story())
			}
		})
	}
}

// TestADenialOfTheSpotRoleHeals: where the key is shut to that role alone, KMS's denial of
// it is heard of, too.
func TestADenialOfTheSpotRoleHeals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, drifting(), switched(func(s *sandbox.Switches) { s.CancelledEmitsEvent = false }))
	w.makeRole()
	w.box.Advance(time.Minute)
	key := w.key(byAdmin, nil)
	w.configuredGroup("web-prod", key, new("0.05"))
	w.box.Advance(20 * time.Minute) // its creation is heard of, and nothing may be done
	w.tagKey(key, enrolled)
	w.want(3)
	w.box.Advance(10 * time.Minute)
	if n := w.inService("web-prod"); n != 3 || len(w.toldBy("key-denied", key)) == 0 || !w.opens(w.policy(key), slr.Spot("aws", account)) {
		t.Errorf("%d in service\n%v", n, w.story())
	}
}

// TestManyAsOne: a hundred changes within five minutes are one look at each group that
// uses the key, when the last is over; groups of other keys aren't looked at.
func TestManyAsOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, drifting())
	key, other := w.key(byAdmin0(), nil), w.openKey()
	w.group("web-prod", w.encryptedTemplate("web", key), "$Latest")
	w.group("batch", w.encryptedTemplate("batch", other), "$Latest")
	w.box.Advance(10 * time.Minute)
	before, lists := len(w.records()), w.calls("DescribeAutoScalingGroups", "keymend-reader")
	for n := range 100 {
		w.putPolicy(key, strings.Replace(rootOnly, "EnableRoot", fmt.Sprintf("EnableRoot%d", n), 1))
		w.box.Advance(2 * time.Second)
	}
	w.box.Advance(10 * time.Minute)
	told := w.toldBy("key-changed", key)
	if len(told) != 1 || told[0].Outcome != outcome.Proposed || len(w.records()) != before+1 {
		t.Errorf("%d records of the key, %d in all\n%v", len(told), len(w.records())-before, w.story())
	}
	// One list of the groups, and one look at the one; a call may be sent again.
	if n := w.calls("DescribeAutoScalingGroups", "keymend-reader") - lists; n < 2 || n > 4 {
		t.Errorf("groups were read %d times", n)
	}
}

// byAdmin0 gives everyone in the account the use of the key.
func byAdmin0() string { return strings.Replace(byAdmin, role, "*", 1) }

func (w *world) calls(operation, caller string) (n int) {
	for _, c := range w.box.Calls() {
		if c.Operation == operation && strings.Contains(c.Caller, caller) {
			n++
		}
	}
	return n
}

// TestNobodyElse: what Keymend itself writes, and the grants that EBS retires when
// instances go, ask for no look.
func TestNobodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, drifting())
	w.broken("web-prod", w.key(rootOnly, enrolled))
	w.box.Advance(20 * time.Minute)
	if w.inService("web-prod") != 2 || w.writes() == 0 {
		t.Fatalf("not healed\n%v", w.story())
	}
	before, retired := len(w.records()), w.calls("RetireGrant", "")
	w.want(0)
	w.box.Advance(20 * time.Minute)
	if w.calls("RetireGrant", "") == retired {
		t.Fatal("EBS retired no grant")
	}
	for _, r := range w.records() {
		if r.Signal == "key-changed" || r.Signal == "grant-taken" || r.Outcome == outcome.Ignored {
			t.Errorf("%s: %s %s", r.Signal, r.Outcome, r.Reason)
		}
	}
	if n := w.calls("SendMessage", "keymend-diagnose"); len(w.records()) != before || n == 0 {
		t.Errorf("%d more records, %d messages\n%v", len(w.records())-before, n, w.story())
	}
}

// TestARoleIsMadeAnew: grants to a role that was deleted open nothing to its successor.
// IAM's calls are events of us-east-1 only: a deployment there hears of it at once, one
// elsewhere doesn't.
func TestARoleIsMadeAnew(t *testing.T) {
	t.Parallel()
	for in, hears := range map[string]bool{"us-east-1": true, region: false} {
		t.Run(in, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, drifting(), func(s *setup) { s.region = in })
			key := w.key(rootOnly, enrolled)
			w.granted(key)
			w.whole(key)
			w.recreateRole()
			w.box.Advance(7 * time.Minute)
			if healed := w.writes() == 1 && w.opens(w.policy(key), role); healed != hears || (len(w.toldBy("role-changed", key)) == 1) != hears || w.failedLaunches() != 0 {
				t.Errorf("healed: %v\n%v", healed, w.story())
			}
		})
	}
}
