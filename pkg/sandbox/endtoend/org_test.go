package endtoend_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"keymend/infra/template"
	"keymend/pkg/outcome"
	"keymend/pkg/sandbox"
	"keymend/pkg/sandbox/organization"
	"keymend/pkg/sandbox/stackset"
	"keymend/pkg/settings"
)

// The organization of the committed templates: a unit for each wave, one below the main
// wave's, an account that administers StackSets, and the management account.
const (
	hubAccount    = "999900001111"
	management    = "000011112222"
	administrator = "333344445555"
	canaryUnit    = "ou-a1b2-11111111"
	mainUnit      = "ou-a1b2-22222222"
	innerUnit     = "ou-a1b2-33333333"
	late          = "555566667777" // joins later
	suspended     = "666677778888"
)

// An org is an organization whose members get what they have by StackSets, from the
// committed stacks alone.
type org struct{ hub }

// newOrg starts one with three members in two units; nothing is deployed yet.
func newOrg(t testing.TB, arns stackset.Switch) org {
	t.Helper()
	switches := sandbox.DefaultSwitches()
	switches.StackSetARNAccount = arns
	return org{noHub(t, switches, governed(three()))}
}

// three are the members of the first hour, by their units.
func three() map[string]string {
	return map[string]string{account: canaryUnit, owner: mainUnit, third: innerUnit}
}

// governed is the organization with these members.
func governed(members map[string]string) organization.Organization {
	o := organization.Of(organizationID, management, administrator, hubAccount)
	o.Root, o.Services, o.Administrators = "r-a1b2", []string{stackset.Principal}, map[string][]string{stackset.Principal: {administrator}}
	o.Units = []organization.Unit{{ID: canaryUnit, Name: "canary", Parent: o.Root}, {ID: mainUnit, Name: "main", Parent: o.Root}, {ID: innerUnit, Name: "inner", Parent: mainUnit}}
	for _, id := range slices.Sorted(maps.Keys(members)) {
		a := organization.Account{ID: id, Unit: members[id]}
		if id == suspended {
			a.State = organization.Suspended
		}
		o.Accounts = append(o.Accounts, a)
	}
	return o
}

// load loads the stacks of both waves, the canary's first.
func (o org) load(params map[string]string) error {
	o.t.Helper()
	if err := o.wave(template.OrganizationCanary(), params); err != nil {
		return err
	}
	return o.wave(template.Organization(), params)
}

// wave loads the stack of one. edit are pairs of texts in it, the old and the new.
func (o org) wave(text []byte, params map[string]string, edit ...string) error {
	o.t.Helper()
	return o.box.Deploy([]byte(strings.NewReplacer(edit...).Replace(string(text))), administrator, region, params, nil)
}

// has changes who is in the organization, and waits until StackSets have followed.
func (o org) has(members map[string]string) {
	o.t.Helper()
	must(o.t, o.box.SetOrganizations(governed(members)))
	o.box.Advance(2 * time.Minute)
}

// breaks makes a group in a member and Region that can't launch, for an own key that is
// enrolled. The group has the account's name.
func (o org) breaks(accountID, region string) {
	o.t.Helper()
	m := o.at(accountID, region)
	m.broken("web-"+accountID, m.key(own(accountID), enrolled))
}

// wantServing fails unless a member's group has all its instances, or none.
func (o org) wantServing(accountID, region string, want int) {
	o.t.Helper()
	if n := o.at(accountID, region).inService("web-" + accountID); n != want {
		o.t.Errorf("%s in %s: %d in service, want %d\n%v", accountID, region, n, want, strings.Join(o.about("web-"+accountID), "\n"))
	}
}

// TestOrganization is a day of an organization that is deployed by the committed stacks.
func TestOrganization(t *testing.T) {
	t.Parallel()
	o := newOrg(t, stackset.Management)
	o.deploy(nil)
	must(t, o.load(nil))

	// Groups of three members fail, in a Region without a hub stack and in the hub's own.
	// The brake of one holds there, and nowhere else.
	o.at(owner, far).parameter(settings.DefaultSwitch, "off")
	o.breaks(account, far)
	o.breaks(owner, far)
	o.breaks(owner, region)
	o.breaks(third, far)
	// The management account has nothing of Keymend.
	o.breaks(management, region)
	o.box.Advance(10 * time.Minute)
	o.wantServing(account, far, 2)
	o.wantServing(owner, far, 0)
	o.wantServing(owner, region, 2)
	o.wantServing(third, far, 2)
	o.wantServing(management, region, 0)
	if n := o.writes(); n != 3 {
		t.Errorf("%d writes\n%v", n, o.story())
	}
	if r := o.last(outcome.Fixed); r.Hub != hubAccount+" "+region {
		t.Errorf("%+v", r)
	}
	for _, r := range o.records() {
		if r.Account == management {
			t.Errorf("it knows of the management account: %+v", r)
		}
	}
	o.at(owner, far).parameter(settings.DefaultSwitch, "on")

	// The management account gets the members' stacks by hand.
	must(t, o.box.Deploy(template.MemberRoles(), management, region, nil, nil))
	must(t, o.box.Deploy(template.MemberRegion(), management, region, map[string]string{"Mode": "enforce"}, nil))
	// One account joins, one that is suspended comes with it, and one leaves.
	members := three()
	delete(members, third)
	members[late], members[suspended] = mainUnit, mainUnit
	o.has(members)
	o.breaks(late, far)
	o.breaks(third, region)
	o.breaks(suspended, region)
	o.box.Advance(time.Hour)
	o.wantServing(management, region, 2)
	o.wantServing(owner, far, 2)
	o.wantServing(late, far, 2)
	o.wantServing(third, region, 0)
	o.wantServing(suspended, region, 0)
	if n := o.writes(); n != 6 {
		t.Errorf("%d writes\n%v", n, o.story())
	}
	// What is suspended holds up no roll-out.
	must(t, o.load(nil))
	if got := o.instances("keymend-regions"); strings.Count(got, " CURRENT") != 4 || strings.Count(got, suspended) != 2 || strings.Count(got, " OUTDATED") != 2 {
		t.Error(got)
	}

	// Uninstalled, the members have nothing of Keymend but what it healed.
	for _, stack := range [][]byte{template.Organization(), template.OrganizationCanary()} {
		must(t, o.box.Destroy(stack, administrator, region, nil))
	}
	for _, id := range []string{account, owner, late} {
		m := o.at(id, far)
		roles, err := m.iam.ListRoles(t.Context(), &iam.ListRolesInput{})
		must(t, err)
		rules, err := m.bus.ListRules(t.Context(), &eventbridge.ListRulesInput{NamePrefix: new("keymend-")})
		must(t, err)
		if len(rules.Rules) > 0 || slices.ContainsFunc(roles.Roles, func(r iamtypes.Role) bool { return strings.HasPrefix(*r.RoleName, "keymend-") }) {
			t.Errorf("%s has rules %v, roles %v", id, rules.Rules, roles.Roles)
		}
		o.wantServing(id, far, 2)
	}
}

// instances returns a StackSet's as "account Region status".
func (w *world) instances(set string) string {
	w.t.Helper()
	got, err := cloudformation.NewFromConfig(w.as(administrator).cfg).ListStackInstances(w.t.Context(), &cloudformation.ListStackInstancesInput{
		StackSetName: &set, CallAs: cfntypes.CallAsDelegatedAdmin,
	})
	must(w.t, err)
	var out []string
	for _, i := range got.Summaries {
		out = append(out, fmt.Sprint(*i.Account, " ", *i.Region, " ", i.Status))
	}
	return strings.Join(out, ", ")
}

// TestOrganizationSharesKeys: in the canary's wave, statements for other members' groups
// are left to the keys' owners, and the grant is made once they stand; the main wave asks
// for the whole. Where two members' groups need the same key at once, one is written for
// after the other, and neither loses its statements.
func TestOrganizationSharesKeys(t *testing.T) {
	t.Parallel()
	o := newOrg(t, stackset.Management)
	o.deploy(map[string]string{"ForeignKey": "grant"})
	must(t, o.wave(template.OrganizationCanary(), nil))
	must(t, o.wave(template.Organization(), nil, `"ForeignKey","ParameterValue":"report"`, `"ForeignKey","ParameterValue":"grant"`))
	shared := map[string]string{"keymend": "remediate", "keymend-accounts": "organization"}
	canary, main := o.at(account, region), o.at(owner, region)
	left, written := canary.key(own(account), shared), main.key(own(owner), shared)

	inner := o.at(third, region)
	inner.broken("left", left)
	one, two := canary.encryptedTemplate("one", written), inner.encryptedTemplate("two", written)
	canary.group("one", one, "$Latest") // both at the same time
	inner.group("two", two, "$Latest")
	// Whichever is first is thrown back halfway, and the other has to wait for it.
	must(t, o.box.SetFaults(sandbox.Fault{Service: "kms", Operation: "CreateGrant", Caller: ":assumed-role/keymend-granter/", Answer: sandbox.AnswerThrottled}))
	o.box.Advance(5 * time.Minute)
	if wrote := o.wrote(written); len(wrote) != 1 {
		t.Errorf("written for %v beside an unfinished change", wrote)
	}
	must(t, o.box.SetFaults())
	o.box.Advance(20 * time.Minute)
	if got := canary.policy(left); strings.Contains(got, "Keymend") || inner.inService("left") != 0 {
		t.Errorf("what is the owner's to write was written: %s\n%v", got, o.story())
	}
	if one, two := canary.inService("one"), inner.inService("two"); one != 2 || two != 2 {
		t.Errorf("%d and %d in service\n%v", one, two, o.story())
	}
	policy := main.policy(written)
	for _, want := range []string{account, third, "EnableRoot"} {
		if !strings.Contains(policy, want) {
			t.Errorf("%s isn't in the policy: %s", want, policy)
		}
	}
	if wrote := o.wrote(written); len(wrote) != 4 || len(slices.Compact(slices.Clone(wrote))) != 2 {
		t.Errorf("written for %v, not for one after the other", wrote)
	}

	r := o.last(outcome.NoFix)
	if r.Group != "left" || r.Plan == nil || r.Plan.ForOwner == nil || r.KeyAccount != account {
		t.Fatalf("%+v", r)
	}
	canary.putPolicy(left, strings.Replace(own(account), `"Statement":[`, `"Statement":[`+strings.Join(r.Plan.ForOwner.Statements, ",")+`,`, 1))
	o.box.Advance(time.Hour)
	if n, grants := inner.inService("left"), canary.grantsOf(left); n != 2 || len(grants) == 0 || *grants[0].IssuingAccount != "arn:aws:iam::"+third+":root" {
		t.Errorf("%d in service, grants %+v\n%v", n, grants, o.story())
	}
}

// wrote returns the groups that a key was written for, in the order of the calls. Before
// each it has to have been read anew.
func (o org) wrote(key string) []string {
	o.t.Helper()
	groups := map[string]string{}
	for _, r := range o.records() {
		groups["keymend-"+r.RemediationID] = r.Group
	}
	var wrote []string
	read := false
	for _, c := range o.box.Calls() {
		role, session, _ := strings.Cut(c.Caller[strings.IndexByte(c.Caller, '/')+1:], "/")
		if !strings.HasPrefix(role, "keymend-") || !slices.Contains(c.Resources, key) || c.Error != "" {
			continue
		}
		switch c.Operation {
		case "GetKeyPolicy":
			read = true
		case "PutKeyPolicy", "CreateGrant":
			if !read {
				o.t.Errorf("%s wrote what it hadn't read", session)
			}
			wrote, read = append(wrote, groups[session]), false
		}
	}
	return wrote
}

// TestStackSetARNs: whichever account the ARN of a StackSet names, the parameter says it;
// members get what they need, also those that join later.
func TestStackSetARNs(t *testing.T) {
	t.Parallel()
	o := newOrg(t, stackset.Administrator)
	o.deploy(nil)
	if err := o.load(nil); err == nil || !strings.Contains(err.Error(), "DependsOn: StackSet arn:aws:cloudformation:eu-west-1:"+management) {
		t.Errorf("the other account's ARN: %v", err)
	}
	must(t, o.load(map[string]string{"ManagementAccount": administrator}))
	o.has(map[string]string{account: canaryUnit, late: mainUnit})
	o.breaks(account, far)
	o.breaks(late, far)
	o.box.Advance(10 * time.Minute)
	o.wantServing(account, far, 2)
	o.wantServing(late, far, 2)
}

// TestOrganizationInAnotherOrder: rules before the hub, and rules before the roles, are
// refused with a reason that says what is missing; loaded a second time, all is there, and
// the same.
func TestOrganizationInAnotherOrder(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		begin func(o org) error
		says  string
	}{
		"the right order":        {func(o org) error { o.deploy(nil); return nil }, ""},
		"rules before the hub":   {func(o org) error { err := o.load(nil); o.deploy(nil); return err }, "event-bus/keymend doesn't take events from account " + account + ": it isn't there"},
		"rules before the roles": {func(o org) error { o.deploy(nil); return o.rulesOnly() }, "role/keymend-forwarder cannot be found"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOrg(t, stackset.Management)
			err := tc.begin(o)
			if (tc.says == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%v; want it to say %q", err, tc.says)
			}
			must(t, o.load(nil))
			for _, set := range []string{"keymend-canary-roles", "keymend-canary-regions", "keymend-roles", "keymend-regions"} {
				if got := o.instances(set); got == "" || strings.Contains(got, "OUTDATED") {
					t.Errorf("%s: %s", set, got)
				}
			}
			o.breaks(account, far)
			o.box.Advance(10 * time.Minute)
			o.wantServing(account, far, 2)
		})
	}
}

// rulesOnly loads the canary's rules without its roles.
func (o org) rulesOnly() error {
	o.t.Helper()
	var stack map[string]any
	must(o.t, json.Unmarshal(template.OrganizationCanary(), &stack))
	resources := stack["Resources"].(map[string]any)
	delete(resources, "Roles")
	regions := resources["Regions"].(map[string]any)
	delete(regions, "DependsOn")
	delete(regions["Properties"].(map[string]any)["AutoDeployment"].(map[string]any), "DependsOn")
	text, err := json.Marshal(stack)
	must(o.t, err)
	return o.wave(text, nil)
}

// TestGrantsByServices: a service control policy that denies grants by people denies
// Keymend's. The check says so before, the finding after, and nothing else is tried; with
// the exemption of docs/policies it heals.
func TestGrantsByServices(t *testing.T) {
	t.Parallel()
	exempting, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "policies", "grants-by-services.json"))
	must(t, err)
	strict := regexp.MustCompile(`,\s*"ArnNotLike": \{[^}]*\}`).ReplaceAllString(string(exempting), "")
	o := newOrg(t, stackset.Management)
	bounded := func(canary string) {
		g := governed(three())
		for i, document := range []string{canary, string(exempting)} {
			g.Policies = append(g.Policies, organization.Policy{
				ID: fmt.Sprintf("p-0000000%d", i), Name: "grants by services", Type: organization.ServiceControl, Document: []byte(document), Targets: []string{[]string{canaryUnit, mainUnit}[i]},
			})
		}
		must(t, o.box.SetOrganizations(g))
	}
	bounded(strict)
	o.deploy(nil)
	o.wantCheck(4, `denies keymend-granter kms:CreateGrant, for `+account, "-> except arn:*:iam::*:role/keymend-granter in it")
	must(t, o.load(nil))
	o.breaks(account, far)
	o.breaks(owner, far)
	o.box.Advance(10 * time.Minute)
	o.wantServing(owner, far, 2)
	o.wantServing(account, far, 0)
	if r := o.last(outcome.NotPermitted); r.Account != account || !strings.Contains(r.Reason, "kms:CreateGrant") || !strings.Contains(r.Reason, "service control policy") {
		t.Errorf("%+v", r)
	}
	bounded(string(exempting))
	o.wantCheck(0, "ok        policies: none")
	o.box.Advance(time.Hour)
	o.wantServing(account, far, 2)
}
