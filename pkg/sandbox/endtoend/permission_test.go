package endtoend_test

import (
	"encoding/json"
	"path"
	"strings"
	"testing"
	"time"

	"keymend/pkg/guard"
	"keymend/pkg/outcome"
	"keymend/pkg/permission"
)

// TestEveryPermissionIsNeeded removes each permission of each role in turn. The
// scenario that needs it must then fail, and with the AccessDenied for exactly
// that action: so no role holds an action that nothing needs, and every action
// that is needed has a test.
func TestEveryPermissionIsNeeded(t *testing.T) {
	t.Parallel()
	place := permission.Place{
		Partition: "aws", Account: account, Region: region, Prefix: "keymend-",
		Signals: "keymend-signals", Changes: "keymend-changes.fifo", Looks: "keymend-looks", Drift: "keymend-drift.fifo", SwitchParameter: "/keymend/switch",
		Accounts: []string{owner}, Suffix: suffix, Resumes: true, ImageParameters: "/",
	}
	for _, role := range permission.Roles() {
		for _, p := range permission.For(role, place) {
			if p.ByLambda || role == permission.Approver {
				continue // Lambda's own doing, not the function's; or a person's, see TestApproving
			}
			t.Run(string(role)+" "+p.Action+" "+path.Base(p.Resource), func(t *testing.T) {
				sample(t, 6)
				t.Parallel()
				story := needs(role, p)
				w := newWorld(t, story.options...)
				w.revoke(role, p.Action, p.Resource)
				story.play(w)
				w.box.Advance(10 * time.Minute)
				w.wantDenied(role, p.Action)
				if healed := w.inService("web-prod") > 0; healed != story.healsWithout {
					t.Errorf("healed without %s: %v, want %v\n%v", p.Action, healed, story.healsWithout, w.story())
				}
			})
		}
	}
}

// A scenario is a story that needs certain permissions; with all of them it
// ends well (the tests beside this one say so).
type scenario struct {
	options []option
	play    func(w *world)
	// healsWithout: the permission serves what people read, not the cure.
	healsWithout bool
}

// needs names the scenario that needs a permission.
func needs(role permission.Role, p permission.Permission) scenario {
	elsewhere := []option{with("Accounts", owner)}
	moves := []option{with("DedicatedRoleSuffix", suffix)}
	switch {
	case p.Action == "autoscaling:ResumeProcesses":
		return scenario{options: resuming(), play: func(w *world) { stopped(w) }}
	case role == permission.GroupWriter, strings.HasSuffix(p.Resource, "group-writer"):
		return scenario{options: moves, play: brokenGroup}
	case role == permission.Diagnose && strings.HasSuffix(p.Resource, "keymend-looks"):
		return scenario{options: []option{sweeping(), switched(silent)}, play: func(w *world) { brokenGroup(w); w.box.Advance(time.Hour) }}
	case strings.HasSuffix(p.Resource, "keymend-drift.fifo"):
		return scenario{options: []option{drifting()}, play: func(w *world) {
			key := w.opened()
			w.whole(key)
			w.putPolicy(key, rootOnly)
		}, healsWithout: true}
	case role == permission.Diagnose && strings.HasSuffix(p.Resource, "keymend-diagnose:*"):
		return scenario{options: []option{sweeping()}, play: func(w *world) { brokenGroup(w); w.broken("batch", w.key(rootOnly, nil)); w.box.Advance(time.Hour) }, healsWithout: true}
	case role == permission.Remediate && p.Action == "sqs:SendMessage":
		// The next step is sent again by diagnose, when the next launch fails.
		return scenario{options: moves, play: brokenGroup, healsWithout: true}
	case strings.HasPrefix(p.Resource, "arn:aws:iam::*:"):
		// Without a look of its own, diagnose sends what remediate tries.
		return scenario{options: elsewhere, play: onboardedOwner, healsWithout: role == permission.Diagnose}
	case p.Action == "kms:ListRetirableGrants":
		return scenario{options: elsewhere, play: unseenOwner, healsWithout: true}
	case p.Action == "kms:ListGrants" && p.Resource == "arn:aws:kms:*:*:key/*":
		return scenario{options: elsewhere, play: func(w *world) { w.broken("web-prod", w.as(owner).key(ownerPolicy(byRoot, listedByRoot), nil)) }, healsWithout: true}
	case p.Resource == "arn:aws:kms:*:*:key/*":
		return scenario{options: elsewhere, play: unseenOwner}
	case role == permission.Reader && p.Action == "kms:ListGrants":
		// What grants there are is in doubt, until a launch fails again.
		return scenario{play: brokenGroup, healsWithout: true}
	case role == permission.Remediate && strings.HasSuffix(p.Resource, "keymend-diagnose:*"):
		return scenario{play: func(w *world) { w.broken("web-prod", w.key(doubtful, enrolled)) }}
	case p.Action == "kms:CreateGrant", strings.HasSuffix(p.Resource, "granter"):
		return scenario{play: func(w *world) {
			w.broken("web-prod", w.key(rootOnly, map[string]string{"keymend": "remediate", "aws:cloudformation:stack-name": "platform"}))
		}}
	case p.Action == "ssm:GetParameters":
		parameter := "/golden/ami"
		if strings.Contains(p.Resource, "::parameter/aws/service/") {
			parameter = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
		}
		// The key comes from the image: one that the template names is found without.
		return scenario{play: func(w *world) {
			w.parameter(parameter, w.imageOf(w.snapshot(w.key(rootOnly, enrolled))))
			w.group("web-prod", w.template("web-prod", "resolve:ssm:"+parameter, nil), "$Latest")
		}}
	case p.Action == "autoscaling:DescribeLaunchConfigurations":
		return scenario{play: func(w *world) { w.configuredGroup("web-prod", w.key(rootOnly, enrolled), nil) }}
	case strings.HasSuffix(p.Resource, "AWSServiceRoleForEC2Spot"):
		return scenario{play: func(w *world) { w.configuredGroup("web-prod", w.key(rootOnly, enrolled), new("0.05")) }}
	case p.Action == "autoscaling:DescribeScalingActivities", p.Action == "cloudtrail:LookupEvents", p.Action == "kms:ListRetirableGrants":
		return scenario{play: hiddenKey, healsWithout: true}
	case p.Action == "events:PutEvents" && role == permission.Diagnose:
		return scenario{play: func(w *world) { w.broken("web-prod", w.key(rootOnly, nil)) }}
	case p.Action == "events:PutEvents":
		return scenario{play: brokenGroup, healsWithout: true}
	case role == permission.Diagnose && strings.HasSuffix(p.Resource, "keymend-remediate:*"):
		return scenario{play: brokenGroup} // how many changes were begun isn't known
	case p.Action == "kms:ListAliases", role == permission.Diagnose && p.Action == "logs:FilterLogEvents":
		return scenario{play: brokenGroup, healsWithout: true}
	default:
		return scenario{play: brokenGroup}
	}
}

// doubtful is a policy whose statement for everyone has a condition that may be met.
const doubtful = `{"Version":"2012-10-17","Statement":[{"Sid":"EnableRoot","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"kms:*","Resource":"*"},` +
	`{"Sid":"Inside","Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}]}`

// TestAFailureEndsTheDoubt: what may be access enough is left to a person at first, and
// mended once a launch fails though nothing changed.
func TestAFailureEndsTheDoubt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.broken("web-prod", w.key(doubtful, enrolled))
	w.box.Advance(10 * time.Minute)
	if n, first := w.inService("web-prod"), w.records()[0]; n != 2 || first.Outcome != outcome.Proposed || first.Verdict.Reason != guard.MayNotBeNeeded || w.writes() != 1 {
		t.Errorf("%d in service, at first %s\n%v", n, first.Outcome, w.story())
	}
}

// onboardedOwner has a consenting owner in another account.
func onboardedOwner(w *world) {
	w.onboard()
	w.broken("web-prod", w.as(owner).key(ownerPolicy(), consented))
}

// unseenOwner has one who did their half, and let nothing be read.
func unseenOwner(w *world) { w.broken("web-prod", w.as(owner).key(ownerPolicy(byRoot), nil)) }

func brokenGroup(w *world) { w.broken("web-prod", w.key(rootOnly, enrolled)) }

// hiddenKey is an image that is shared without its snapshot, whose key is open;
// the default key isn't.
func hiddenKey(w *world) {
	key := w.foreignKey()
	w.granted(key)
	w.defaultKey(w.key(rootOnly, enrolled))
	w.launches(w.sharedImage(w.as(owner).snapshot(key), false))
}

// wantDenied fails unless a call by the role was refused for the action, and
// the functions said so.
func (w *world) wantDenied(role permission.Role, action string) {
	w.t.Helper()
	refused := false
	for _, c := range w.box.Calls() {
		denied := strings.Contains(c.Error, "Denied") || c.Error == "UnauthorizedOperation"
		refused = refused || denied && strings.Contains(c.Message, "not authorized to perform: "+action+" ") && strings.Contains(c.Caller, string(role))
	}
	if !refused {
		w.t.Errorf("nothing was refused for want of %s by %s\n%v", action, role, w.story())
	}
	said := false
	for _, r := range w.records() {
		text, err := json.Marshal(r)
		must(w.t, err)
		said = said || strings.Contains(string(text), action)
	}
	if action == "events:PutEvents" { // the record was written before
		said = strings.Contains(strings.Join(w.lines("/aws/lambda/keymend-"+string(role)), "\n"), action)
	}
	if !said {
		w.t.Errorf("no record names %s\n%v", action, w.story())
	}
}

// TestEveryPermissionForOthersIsNeeded is TestEveryPermissionIsNeeded for the role by
// which one account's Keymend reads another's keys.
func TestEveryPermissionForOthersIsNeeded(t *testing.T) {
	t.Parallel()
	place := permission.Place{Partition: "aws", Account: owner, Region: region, Prefix: "keymend-", Groups: []string{account}}
	for _, p := range permission.For(permission.KeyReader, place) {
		t.Run(p.Action, func(t *testing.T) {
			sample(t, 6)
			t.Parallel()
			b := newBorder(t, true)
			b.there.revoke(permission.KeyReader, p.Action, p.Resource)
			key := b.there.key(ownerPolicy(), consented)
			if p.Action == "ec2:DescribeSnapshots" {
				b.defaultKey(b.openKey())
				b.launches(b.sharedImage(b.there.snapshot(key), false))
			} else {
				b.broken("web-prod", key)
			}
			b.box.Advance(10 * time.Minute)
			b.wantDenied(permission.KeyReader, p.Action)
			if healed := b.inService("web-prod") > 0; healed != (p.Action == "kms:ListAliases") {
				t.Errorf("healed without %s: %v\n%v", p.Action, healed, b.story())
			}
		})
	}
}
