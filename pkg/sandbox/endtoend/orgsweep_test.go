package endtoend_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"keymend/infra/template"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/sandbox"
	"keymend/pkg/sandbox/organization"
	"keymend/pkg/sandbox/stackset"
)

// newSweepingHub starts a hub that looks over its organization, by the lister of the
// account that administers StackSets, with members in which no event tells of anything.
func newSweepingHub(t *testing.T, accounts ...string) hub {
	t.Helper()
	h := newHub(t, nil, append([]string{management, administrator}, accounts...)...)
	all := h.box.Organizations()
	all[0].Services, all[0].Administrators = []string{stackset.Principal}, map[string][]string{stackset.Principal: {administrator}}
	must(t, h.box.SetOrganizations(all...))
	must(t, h.box.Deploy(template.Lister(), administrator, region, nil, nil))
	quiet := sandbox.DefaultSwitches()
	silent(&quiet)
	h.box.SetSwitches(quiet)
	for _, rule := range []string{"keymend-sweep-recent", "keymend-sweep-full"} {
		_, err := h.bus.EnableRule(t.Context(), &eventbridge.EnableRuleInput{Name: &rule})
		must(t, err)
	}
	return h
}

// swept returns the records of sweeps: those of the whole, or of an account.
func (h hub) swept(accountID string) (out []record.Record) {
	for _, r := range h.records() {
		if r.Phase == record.Swept && r.Account == accountID {
			out = append(out, r)
		}
	}
	return out
}

// healsWithin lets so long pass, and expects the group's key to be open then.
func (h hub) healsWithin(d time.Duration, m *world, key string) {
	h.t.Helper()
	h.box.Advance(d)
	if len(m.ourGrants(key)) != 1 {
		h.t.Fatalf("no grant after %s\n%v", d, h.story())
	}
}

// TestAnOrganizationHealsWithoutAnyEvent: with no event at all a group in a member's far
// Region heals within two recent sweeps, though another account is throttled, one refuses
// and one is suspended; the records say whom a sweep went to.
func TestAnOrganizationHealsWithoutAnyEvent(t *testing.T) {
	t.Parallel()
	const suspended = "555500006666"
	h := newSweepingHub(t, account, owner, third, suspended)
	all := h.box.Organizations()
	for i, a := range all[0].Accounts {
		if a.ID == suspended {
			all[0].Accounts[i].State = organization.Suspended
		}
	}
	must(t, h.box.SetOrganizations(all...))
	h.join(account, nil)
	h.join(owner, nil)
	must(t, h.box.SetFaults(sandbox.Fault{Account: owner, Caller: "keymend-reader", Service: "autoscaling", Answer: "throttled", Times: 6}))
	m := h.at(account, far)
	key := m.key(own(account), enrolled)
	m.broken("web-prod", key)
	h.healsWithin(30*time.Minute, m, key)
	h.box.Advance(30 * time.Minute)
	if n := m.inService("web-prod"); n != 2 || h.writes() != 1 {
		t.Errorf("%d in service, %d writes\n%v", n, h.writes(), h.story())
	}
	of := h.swept("")
	if len(of) < 3 || !of[0].Sweep.All || of[1].Sweep.All || len(of[0].Sweep.Accounts) != 6 || of[0].Sweep.Unlisted ||
		len(of[0].Sweep.Skipped) != 1 || of[0].Sweep.Skipped[0] != suspended+" is SUSPENDED" || strings.Join(of[0].Sweep.Regions, " ") != region+" "+far {
		t.Errorf("%+v", of)
	}
	if found := h.swept(account); len(found) != 1 || strings.Join(found[0].Sweep.Regions, " ") != far {
		t.Errorf("%+v", found)
	}
	if no := h.swept(third); len(no) != 1 || !strings.Contains(strings.Join(no[0].Sweep.Skipped, " "), third+": ") {
		t.Errorf("%+v", no)
	}
	there := h.at(owner, region)
	late := there.key(own(owner), enrolled)
	there.broken("web-late", late)
	h.healsWithin(6*time.Hour+20*time.Minute, there, late) // by the next full sweep
}

// TestTheLastListOfAccountsCounts: where the accounts can't be listed any more, sweeps go
// on to those that were, and the metric rings that an alarm is on.
func TestTheLastListOfAccountsCounts(t *testing.T) {
	t.Parallel()
	h := newSweepingHub(t, account)
	h.join(account, nil)
	m := h.at(account, far)
	m.broken("first", m.key(own(account), nil))
	h.box.Advance(20 * time.Minute)
	lister := h.at(administrator, region)
	_, err := lister.iam.DeleteRolePolicy(t.Context(), &iam.DeleteRolePolicyInput{RoleName: new("keymend-lister"), PolicyName: new("keymend")})
	must(t, err)
	if logged := strings.Join(h.lines("/aws/lambda/keymend-diagnose"), "\n"); strings.Contains(logged, `"Unlisted"`) {
		t.Errorf("the alarm rings before: %s", logged)
	}
	key := m.key(own(account), enrolled)
	m.broken("web-prod", key)
	h.healsWithin(30*time.Minute, m, key)
	of := h.swept("")
	last := of[len(of)-1]
	if !last.Sweep.Unlisted || last.Sweep.Listed == "" || len(last.Sweep.Accounts) != 4 || !strings.Contains(last.Reason, "organizations:ListAccounts") {
		t.Errorf("%+v", last)
	}
	if logged := strings.Join(h.lines("/aws/lambda/keymend-diagnose"), "\n"); !strings.Contains(logged, `"Unlisted":1`) {
		t.Error("no metric rings")
	}
	h.wantOutcome("first", outcome.Proposed)
}
