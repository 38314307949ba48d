package endtoend_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"keymend/infra/template"
	"keymend/pkg/outcome"
)

const further = "us-east-1"

// twoRegions is a world in which Keymend is deployed to a further Region of the account,
// with these parameters there; and that world as it is there.
func twoRegions(t *testing.T, there map[string]string, options ...option) (home, other *world) {
	t.Helper()
	w := newWorld(t, append(options, with("AccountRegions", region+","+further), edited(func([]byte) []byte { return template.AccountOfRegions(further) }))...)
	roles := w.roleIDs()
	params := map[string]string{"Mode": "enforce", "VerifyInterval": "1ms", "AccountRegions": region + "," + further, "ApproverRoleId": roles["keymend-approver"]}
	for name, value := range there {
		params[name] = value
	}
	must(t, w.box.Deploy(template.AccountRegion(), account, further, params, binaries))
	for name, id := range w.roleIDs() {
		if roles[name] != id {
			t.Errorf("%s was %q, and is %s", name, roles[name], id)
		}
	}
	other = w.in(further)
	t.Cleanup(other.wantExplained)
	return w, other
}

// roleIDs are the unique ids of Keymend's roles.
func (w *world) roleIDs() map[string]string {
	w.t.Helper()
	out := map[string]string{}
	for _, name := range []string{"reader", "granter", "policy-writer", "group-writer", "diagnose", "remediate", "approver"} {
		if got, err := w.iam.GetRole(w.t.Context(), &iam.GetRoleInput{RoleName: new("keymend-" + name)}); err == nil {
			out["keymend-"+name] = *got.Role.RoleId
		}
	}
	return out
}

// TestTwoRegions: the stack of a further Region has no roles, and works by those of the
// account's stack. Each Region heals its own groups, tells of them in its own log, and
// has a switch of its own.
func TestTwoRegions(t *testing.T) {
	t.Parallel()
	home, other := twoRegions(t, nil)
	other.parameter("/keymend/switch", "off")
	for _, w := range []*world{home, other} {
		w.broken("web-prod", w.key(rootOnly, enrolled))
	}
	home.box.Advance(10 * time.Minute)
	if here, there := home.inService("web-prod"), other.inService("web-prod"); here != 2 || there != 0 {
		t.Fatalf("in service: %d, and %d where the switch is off\n%v\n%v", here, there, home.story(), other.story())
	}
	other.parameter("/keymend/switch", "on")
	other.broken("api-prod", other.key(rootOnly, enrolled))
	home.box.Advance(20 * time.Minute)
	for _, w := range []*world{home, other} {
		r := w.last(outcome.Recovered)
		if w.inService("web-prod") != 2 || r.Region != w.cfg.Region || !strings.Contains(r.Key, w.cfg.Region) {
			t.Errorf("%s: %d in service, %+v\n%v", w.cfg.Region, w.inService("web-prod"), r, w.story())
		}
	}
}

// TestApprovedInAFurtherRegion: the account's one role for approvals serves each Region
// whose stack was told its id.
func TestApprovedInAFurtherRegion(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		there map[string]string
		want  int
	}{
		"told":     {map[string]string{"Mode": "propose"}, 2},
		"not told": {map[string]string{"Mode": "propose", "ApproverRoleId": ""}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			home, other := twoRegions(t, tc.there)
			other.broken("web-prod", other.key(rootOnly, enrolled))
			home.box.Advance(5 * time.Minute)
			other.approves("alice", other.proposal("web-prod"))
			home.box.Advance(10 * time.Minute)
			if n := other.inService("web-prod"); n != tc.want {
				t.Errorf("%d in service\n%v", n, other.story())
			}
		})
	}
}

// TestARoleMadeInAnotherRegion: IAM's events are in us-east-1, whichever Region's
// functions make a service-linked role; the intent is in the log of that Region.
func TestARoleMadeInAnotherRegion(t *testing.T) {
	t.Parallel()
	home, other := twoRegions(t, map[string]string{"DedicatedRoleSuffix": suffix}, with("DedicatedRoleSuffix", suffix))
	home.broken("web-prod", home.key(rootOnly, enrolled))
	home.box.Advance(20 * time.Minute)
	if n := home.inService("web-prod"); n != 2 || !strings.HasSuffix(home.launchesAs("web-prod"), suffix) {
		t.Fatalf("%d in service, as %s\n%v", n, home.launchesAs("web-prod"), home.story())
	}
	other.wantExplained()
}
