package endtoend_test

import (
	"encoding/json"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

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
		Signals: "keymend-signals", Changes: "keymend-changes.fifo", SwitchParameter: "/keymend/switch",
	}
	for _, role := range permission.Roles() {
		for _, p := range permission.For(role, place) {
			if p.ByLambda {
				continue // Lambda's own doing, not the function's
			}
			t.Run(string(role)+" "+p.Action+" "+path.Base(p.Resource), func(t *testing.T) {
				t.Parallel()
				if absent := notServed(p); absent != nil {
					absent(newWorld(t), p)
					return
				}
				story := needs(p)
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

// notServed names the permissions whose need the sandbox can't show yet: what
// they are for isn't in it. Each comes with a look at the sandbox that fails as
// soon as it is, so that a scenario takes its place; nil where there is one.
func notServed(p permission.Permission) func(w *world, p permission.Permission) {
	switch {
	case p.Action == "ssm:GetParameters":
		return unaskedParameters
	case p.Action == "autoscaling:DescribeLaunchConfigurations", strings.HasSuffix(p.Resource, "AWSServiceRoleForEC2Spot"):
		return noLaunchConfigurations
	}
	return nil
}

// unaskedParameters: EC2 asks for the caller's ssm:GetParameters before it
// resolves an image's parameter; the sandbox doesn't.
func unaskedParameters(w *world, p permission.Permission) {
	w.revoke(permission.Reader, p.Action, p.Resource)
	w.parameter("/golden/ami", w.image())
	key := w.key(rootOnly, enrolled)
	w.group("web-prod", w.template("web-prod", "resolve:ssm:/golden/ami", &ec2types.LaunchTemplateEbsBlockDeviceRequest{Encrypted: new(true), KmsKeyId: &key}), "$Latest")
	w.box.Advance(10 * time.Minute)
	if w.inService("web-prod") == 0 {
		w.t.Errorf("the sandbox asks for %s by now: write its scenario in needs\n%v", p.Action, w.story())
	}
}

func noLaunchConfigurations(w *world, p permission.Permission) {
	if _, err := w.asg.DescribeLaunchConfigurations(w.t.Context(), &autoscaling.DescribeLaunchConfigurationsInput{}); err == nil {
		w.t.Errorf("the sandbox has launch configurations by now: write the scenario of %s in needs", p.Action)
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
func needs(p permission.Permission) scenario {
	switch {
	case p.Action == "kms:CreateGrant", strings.HasSuffix(p.Resource, "granter"):
		return scenario{play: func(w *world) {
			w.broken("web-prod", w.key(rootOnly, map[string]string{"keymend": "remediate", "aws:cloudformation:stack-name": "platform"}))
		}}
	case p.Action == "kms:ListAliases":
		return scenario{play: brokenGroup, healsWithout: true}
	default:
		return scenario{play: brokenGroup}
	}
}

func brokenGroup(w *world) { w.broken("web-prod", w.key(rootOnly, enrolled)) }

// wantDenied fails unless a call by the role was refused for the action, and
// the functions said so.
func (w *world) wantDenied(role permission.Role, action string) {
	w.t.Helper()
	_, operation, _ := strings.Cut(action, ":")
	refused := false
	for _, c := range w.box.Calls() {
		refused = refused || c.Operation == operation && (strings.Contains(c.Error, "Denied") || c.Error == "UnauthorizedOperation") && strings.Contains(c.Caller, string(role))
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
	if !said {
		w.t.Errorf("no record names %s\n%v", action, w.story())
	}
}
