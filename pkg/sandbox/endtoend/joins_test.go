package endtoend_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"keymend/infra/template"
	"keymend/pkg/outcome"
	"keymend/pkg/sandbox/organization"
	"keymend/pkg/sandbox/stackset"
)

// The organization of the committed templates.
const (
	hubAccount    = "999900001111"
	management    = "000011112222"
	administrator = "333344445555"
	mainUnit      = "ou-a1b2-22222222"
)

// joined are the organizations once the account is in the unit of the main wave.
func joined(accounts ...string) organization.Organization {
	o := organization.Of(organizationID, management, administrator, hubAccount)
	o.Root, o.Services, o.Administrators = "r-a1b2", []string{stackset.Principal}, map[string][]string{stackset.Principal: {administrator}}
	o.Units = []organization.Unit{{ID: mainUnit, Parent: o.Root}}
	for _, id := range accounts {
		o.Accounts = append(o.Accounts, organization.Account{ID: id, Unit: mainUnit})
	}
	return o
}

// instances are what a StackSet has of the account, as "Region status: reason".
func (w *world) instances(set string) string {
	w.t.Helper()
	out, err := cloudformation.NewFromConfig(w.as(administrator).cfg).ListStackInstances(w.t.Context(), &cloudformation.ListStackInstancesInput{
		StackSetName: &set, CallAs: cfntypes.CallAsDelegatedAdmin,
	})
	must(w.t, err)
	var all []string
	for _, i := range out.Summaries {
		if *i.Account == account {
			all = append(all, *i.Region+" "+string(i.Status))
		}
	}
	return strings.Join(all, ", ")
}

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

	must(t, w.box.SetOrganizations(joined(account)))
	must(t, w.box.Deploy(template.HubRoles(), hubAccount, region, nil, nil))
	must(t, w.box.Deploy(template.Hub(), hubAccount, region, map[string]string{"Mode": "enforce", "VerifyInterval": "1ms"}, binaries))
	if err := w.box.Deploy(template.Organization(), administrator, region, nil, nil); err == nil || !strings.Contains(err.Error(), "already exists") {
		t.Errorf("beside the account's stack: %v", err)
	}
	w.parameter("/keymend/switch", "off")
	must(t, w.box.Destroy(template.Account(), account, region, nil))
	must(t, w.box.Deploy(template.Organization(), administrator, region, nil, nil))
	for set, want := range map[string]string{"keymend-roles": region + " CURRENT", "keymend-regions": region + " CURRENT, us-east-1 CURRENT"} {
		if got := w.instances(set); got != want {
			t.Errorf("%s: %s, want %s", set, got, want)
		}
	}
	if w.asTheyStand() != before || len(w.records()) != history {
		t.Errorf("something was written\n%s\n%s", before, w.asTheyStand())
	}
	for _, id := range old {
		if code, text := w.run(account, nil, "undo", id, "--apply"); code != 0 || !strings.Contains(text, "UNDONE") {
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
