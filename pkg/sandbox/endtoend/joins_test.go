package endtoend_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"

	"keymend/infra/template"
	"keymend/pkg/outcome"
)

// TestAnAccountBecomesAMember: what Keymend did in an account that worked alone stays,
// and stays on record, when the account joins an organization's hub. Its stack goes
// first: the roles' names would collide.
func TestAnAccountBecomesAMember(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	statements, grant := w.key(rootOnly, enrolled), w.key(rootOnly, stackOwned)
	w.broken("web-prod", statements)
	w.broken("api-prod", grant)
	w.box.Advance(10 * time.Minute)
	if web, api, grants := w.inService("web-prod"), w.inService("api-prod"), w.ourGrants(grant); web != 2 || api != 2 || len(grants) != 1 {
		t.Fatalf("%d and %d in service, %d grants\n%v", web, api, len(grants), w.story())
	}
	old, before, history := w.undoable(), w.asTheyStand(), len(w.records())

	must(t, w.box.SetOrganizations(governed(map[string]string{account: mainUnit})))
	must(t, w.box.Deploy(template.HubRoles(), hubAccount, region, nil, nil))
	must(t, w.box.Deploy(template.Hub(), hubAccount, region, map[string]string{"Mode": "enforce", "VerifyInterval": "1ms"}, binaries))
	if err := w.box.Deploy(template.Organization(), administrator, region, nil, nil); err == nil || !strings.Contains(err.Error(), "already exists") {
		t.Errorf("beside the account's stack: %v", err)
	}
	w.parameter("/keymend/switch", "off")
	must(t, w.box.Destroy(template.Account(), account, region, nil))
	must(t, w.box.Deploy(template.Organization(), administrator, region, nil, nil))
	for set, want := range map[string]string{
		"keymend-roles": account + " " + region + " CURRENT", "keymend-regions": account + " " + region + " CURRENT, " + account + " " + far + " CURRENT",
	} {
		if got := w.instances(set); got != want {
			t.Errorf("%s: %s, want %s", set, got, want)
		}
	}
	if w.asTheyStand() != before || len(w.records()) != history {
		t.Errorf("something was written\n%s\n%s", before, w.asTheyStand())
	}
	for _, id := range old {
		if code, text := w.run(account, nil, "undo", id, "--apply"); code != 0 || !strings.Contains(text, "is undone") {
			t.Errorf("undo %s: exit %d\n%s", id, code, text)
		}
	}
	if n := len(w.ourGrants(grant)); n != 0 || strings.Contains(w.policy(statements), "Keymend") {
		t.Errorf("%d grants are left, and the policy is %s", n, w.policy(statements))
	}

	// What is closed again, and still enrolled, the hub opens when a launch needs it.
	h := hub{connect(t, w.box, w.url, hubAccount, region)}
	t.Cleanup(h.wantExplained)
	for _, group := range []string{"web-prod", "api-prod"} {
		_, err := w.asg.SetDesiredCapacity(t.Context(), &autoscaling.SetDesiredCapacityInput{AutoScalingGroupName: &group, DesiredCapacity: new(int32(3))})
		must(t, err)
	}
	w.box.Advance(10 * time.Minute)
	if web, api := w.inService("web-prod"), w.inService("api-prod"); web != 3 || api != 3 || len(w.ourGrants(statements)) != 1 || len(w.ourGrants(grant)) != 1 || len(w.records()) != history {
		t.Errorf("%d and %d in service, %d records in the account\n%v", web, api, len(w.records()), h.story())
	}
	if r := h.last(outcome.Fixed); r.Account != account || r.Hub != hubAccount+" "+region {
		t.Errorf("%+v", r)
	}
}
