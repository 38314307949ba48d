package endtoend_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/infra/template"
	"keymend/pkg/outcome"
	"keymend/pkg/permission"
	"keymend/pkg/sandbox"
	"keymend/pkg/sandbox/organization"
	"keymend/pkg/settings"
)

const (
	organizationID = "o-a1b2c3d4e5"
	far            = "us-east-1" // a Region without a hub stack
)

// A hub is the world of an organization as its hub's administrator sees it: a hub stack
// in one Region, and members that have joined.
type hub struct{ *world }

// newHub starts one, with parameters of the hub's stack.
func newHub(t testing.TB, params map[string]string, accounts ...string) hub {
	t.Helper()
	h := noHub(t, sandbox.DefaultSwitches(), organization.Of(organizationID, append(accounts, hubAccount)...))
	h.deploy(params)
	return h
}

// noHub is the world of an organization in which nothing is deployed yet.
func noHub(t testing.TB, switches sandbox.Switches, o organization.Organization) hub {
	t.Helper()
	box, err := sandbox.New(sandbox.Options{Start: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), Switches: switches})
	must(t, err)
	must(t, box.SetOrganizations(o))
	t.Cleanup(func() { _ = box.Close() })
	url, err := box.Listen("127.0.0.1:0")
	must(t, err)
	_, err = box.ListenFunctions("127.0.0.1:0")
	must(t, err)
	return hub{connect(t, box, url, hubAccount, region)}
}

// deploy deploys the hub's stacks, with the built functions. Nothing is swept, and in the
// end every write has to be explained.
func (h hub) deploy(params map[string]string) {
	h.t.Helper()
	h.deployUnwatched(params)
	h.t.Cleanup(h.wantExplained)
}

func (h hub) deployUnwatched(params map[string]string) {
	h.t.Helper()
	all := map[string]string{"Mode": "enforce", "VerifyInterval": "1ms"}
	maps.Copy(all, params)
	roles := maps.Clone(params)
	maps.DeleteFunc(roles, func(name, _ string) bool {
		return !slices.Contains([]string{"ForeignKey", "DedicatedRoleSuffix", "ResumeSuspended"}, name)
	})
	must(h.t, h.box.Deploy(template.HubRoles(), hubAccount, region, roles, nil))
	must(h.t, h.box.Deploy(template.Hub(), hubAccount, region, all, binaries))
	for _, rule := range []string{"keymend-sweep-recent", "keymend-sweep-full"} {
		_, err := h.bus.DisableRule(h.t.Context(), &eventbridge.DisableRuleInput{Name: &rule})
		must(h.t, err)
	}
}

// at is the world in a member and Region.
func (h hub) at(accountID, region string) *world {
	return connect(h.t, h.box, h.url, accountID, region)
}

// join deploys the members' stacks into an account, of a wave that carries plans out
// unless it says otherwise.
func (h hub) join(accountID string, wave map[string]string) {
	h.t.Helper()
	all := map[string]string{"Mode": "enforce"}
	maps.Copy(all, wave)
	roles := maps.Clone(all)
	delete(roles, "Mode")
	delete(all, "DedicatedRoleSuffix")
	must(h.t, h.box.Deploy(template.MemberRoles(), accountID, region, roles, nil))
	for _, region := range []string{region, far} {
		must(h.t, h.box.Deploy(template.MemberRegion(), accountID, region, all, nil))
	}
}

// own is the key policy that leaves a key to its account.
func own(accountID string) string { return strings.ReplaceAll(rootOnly, account, accountID) }

// grantsOf returns the grants on a key, as its owner sees them.
func (w *world) grantsOf(key string) []kmstypes.GrantListEntry {
	w.t.Helper()
	out, err := w.kms.ListGrants(w.t.Context(), &kms.ListGrantsInput{KeyId: &key})
	must(w.t, err)
	return out.Grants
}

// TestHubHealsItsMembers: what an owner enrolled opens by a grant, in a Region without a
// hub stack, and in the hub's own account, which is a member like any other. The record
// names the group's account and Region, and the hub.
func TestHubHealsItsMembers(t *testing.T) {
	t.Parallel()
	h := newHub(t, nil, account)
	for id, at := range map[string]string{account: far, hubAccount: region} {
		h.join(id, nil)
		m := h.at(id, at)
		key := m.key(own(id), enrolled)
		before := m.policy(key)
		m.broken("web-"+at, key)
		h.box.Advance(10 * time.Minute)
		if n, grants := m.inService("web-"+at), m.grantsOf(key); n != 2 || len(grants) == 0 || !strings.HasPrefix(*grants[0].Name, "keymend-") {
			t.Fatalf("%s: %d in service\n%v", id, n, h.story())
		}
		if r := h.last(outcome.Fixed); m.policy(key) != before || r.Account != id || r.Region != at || r.Hub != hubAccount+" "+region || r.Mode != settings.Enforce {
			t.Errorf("%+v", r)
		}
	}
	if n := h.writes(); n != 2 || h.looked() == 0 {
		t.Errorf("%d writes, looked for an intent %d times", n, h.looked())
	}
}

// TestHubIsHeldBack: an account's owner, and whoever governs the organization, can each
// hold the hub back in one account and Region; what can't be read does, too. It goes on
// when nothing does any more.
func TestHubIsHeldBack(t *testing.T) {
	t.Parallel()
	h := newHub(t, nil, account, owner)
	h.join(account, nil)
	h.join(owner, nil)
	m := h.at(account, far)
	const wave = `{"mode":"enforce","hub":"eu-west-1","ownKey":"grant","foreignKey":"report"}`
	with := func(old, new string) func() {
		return func() { m.parameter(permission.Wave, strings.Replace(wave, old, new, 1)) }
	}
	there := h.at(owner, far)
	m.parameter(settings.DefaultSwitch, "off") // it holds here and nowhere else
	m.broken("first", m.key(own(account), enrolled))
	there.broken("elsewhere", there.key(own(owner), enrolled))
	h.box.Advance(10 * time.Minute)
	if n := there.inService("elsewhere"); n != 2 || h.writes() != 1 {
		t.Errorf("%d in service elsewhere, %d writes\n%v", n, h.writes(), h.story())
	}
	m.parameter(settings.DefaultSwitch, "on")
	groups := []string{"first"}
	for name, tc := range map[string]struct {
		hold func()
		want outcome.Outcome
		says string
	}{
		"switch-off":     {func() { m.parameter(settings.DefaultSwitch, "off") }, outcome.Proposed, `Account 111122223333, us-east-1: Parameter /keymend/switch is "off"`},
		"hub-switch":     {func() { h.parameter("/keymend/hub/switch", "off") }, outcome.Proposed, `Parameter /keymend/hub/switch is "off"`},
		"switch-missing": {func() { m.noParameter(settings.DefaultSwitch) }, outcome.Proposed, `Parameter /keymend/switch can't be read`},
		"observe":        {with("enforce", "observe"), outcome.Observed, "Account 111122223333, us-east-1: parameter /keymend/wave says observe"},
		"propose":        {with("enforce", "propose"), outcome.Proposed, "parameter /keymend/wave says propose"},
		"other-hub":      {with("eu-west-1", "us-east-1"), outcome.Observed, `this Region's hub is "us-east-1" since the mapping changed`},
		"unknown":        {with("grant", "both"), outcome.Observed, `counts as observe: its ownKey is "both"`},
		"malformed":      {with("{", ""), outcome.Observed, "it isn't the JSON object"},
		"wave-missing":   {func() { m.noParameter(permission.Wave) }, outcome.Observed, "parameter /keymend/wave, of the stack set keymend-regions, can't be read"},
	} {
		tc.hold()
		key := m.key(own(account), enrolled)
		m.broken(name, key)
		groups = append(groups, name)
		h.box.Advance(5 * time.Minute)
		h.wantOutcome(name, tc.want)
		h.wantFinding(name, key, jsonText(t, tc.says))
		m.parameter(settings.DefaultSwitch, "on")
		m.parameter(permission.Wave, wave)
		h.parameter("/keymend/hub/switch", "on")
	}
	if h.writes() != 1 {
		t.Errorf("%d writes\n%v", h.writes(), h.story())
	}
	must(t, h.box.SetFaults(sandbox.Fault{Service: "ssm", Operation: "GetParameter", Times: 12, Answer: sandbox.AnswerThrottled}))
	h.box.Advance(2 * time.Hour) // throttled isn't off
	for _, name := range groups {
		if n := m.inService(name); n != 2 {
			t.Errorf("%s: %d in service when nothing holds it back\n%v", name, n, h.story())
		}
	}
}

// TestHubWaves: a wave's way of opening keys is its accounts' alone.
func TestHubWaves(t *testing.T) {
	t.Parallel()
	h := newHub(t, map[string]string{"OwnKey": "auto"}, account, owner)
	h.join(account, map[string]string{"OwnKey": "auto"})
	h.join(owner, nil)
	for id, grants := range map[string]int{account: 0, owner: 1} {
		m := h.at(id, far)
		key := m.key(own(id), enrolled)
		m.broken("web-prod", key)
		h.box.Advance(10 * time.Minute)
		if n, got := m.inService("web-prod"), len(m.ourGrants(key)); n != 2 || got != grants || strings.Contains(m.policy(key), "KeymendUse") == (grants > 0) {
			t.Errorf("%s: %d in service, %d grants\n%v", id, n, got, h.story())
		}
	}
}

// TestHubKnowsWhatItWrote: what an owner takes away isn't written again; and a write by a
// member's role that the hub's log doesn't explain is told, whoever got hold of it.
func TestHubKnowsWhatItWrote(t *testing.T) {
	t.Parallel()
	h := noHub(t, sandbox.DefaultSwitches(), organization.Of(organizationID, account, hubAccount))
	h.deployUnwatched(nil)
	h.join(account, nil)
	m := h.at(account, far)
	key := m.key(own(account), enrolled)
	m.broken("web-prod", key)
	h.box.Advance(20 * time.Minute)
	h.wantExplained()
	m.revokeGrants(key)
	m.broken("api-prod", key)
	h.box.Advance(20 * time.Minute)
	if r := h.last(outcome.TakenAway); h.writes() != 1 || r.Key != key {
		t.Errorf("%d writes\n%v", h.writes(), h.story())
	}
	m.ownGranter()
	stolen := kms.NewFromConfig(m.assume(m.cfg, permission.Granter, h.last(outcome.Fixed).Session, ""))
	_, err := stolen.CreateGrant(t.Context(), &kms.CreateGrantInput{KeyId: &key, GranteePrincipal: new(role), Operations: []kmstypes.GrantOperation{kmstypes.GrantOperationDecrypt}})
	must(t, err)
	h.box.Advance(20 * time.Minute)
	if all, _ := h.unexplained(); len(all) != 1 || all[0].Account != account || all[0].Region != far || all[0].Hub == "" {
		t.Errorf("%+v\n%v", all, h.story())
	}
}

// ownGranter makes the granter's role anew, as one that the account's administrator may take.
func (w *world) ownGranter() {
	w.t.Helper()
	name := new("keymend-granter")
	policies, err := w.iam.ListRolePolicies(w.t.Context(), &iam.ListRolePoliciesInput{RoleName: name})
	must(w.t, err)
	for _, policy := range policies.PolicyNames {
		_, err := w.iam.DeleteRolePolicy(w.t.Context(), &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: &policy})
		must(w.t, err)
	}
	_, err = w.iam.DeleteRole(w.t.Context(), &iam.DeleteRoleInput{RoleName: name})
	must(w.t, err)
	_, err = w.iam.CreateRole(w.t.Context(), &iam.CreateRoleInput{RoleName: name,
		AssumeRolePolicyDocument: new(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"sts:AssumeRole"}]}`)})
	must(w.t, err)
	_, err = w.iam.PutRolePolicy(w.t.Context(), &iam.PutRolePolicyInput{RoleName: name, PolicyName: new("all"),
		PolicyDocument: new(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:CreateGrant","Resource":"*"}]}`)})
	must(w.t, err)
}

// jsonText is a text as it stands within JSON.
func jsonText(t *testing.T, text string) string {
	t.Helper()
	b, err := json.Marshal(text)
	must(t, err)
	return strings.Trim(string(b), `"`)
}

// TestHubSharedKey: a key of one member, a group of another. By default its owner is told
// the least statements, and the grant is made once they stand.
func TestHubSharedKey(t *testing.T) {
	t.Parallel()
	h := newHub(t, nil, account, owner)
	h.join(account, nil)
	h.join(owner, nil)
	m, there := h.at(account, region), h.at(owner, region)
	key := there.key(ownerPolicy(), map[string]string{"keymend": "remediate", "keymend-accounts": "organization"})
	m.broken("web-prod", key)
	h.box.Advance(5 * time.Minute)
	h.wantUntouched()
	r := h.last(outcome.NoFix)
	if r.Account != account || r.KeyAccount != owner || r.Plan == nil || r.Plan.ForOwner == nil || !strings.Contains(r.Reason, "foreignKey: report") {
		t.Fatalf("%+v\n%v", r, h.story())
	}
	statements := strings.Join(r.Plan.ForOwner.Statements, ",")
	if !strings.Contains(statements, "role/keymend-granter") {
		t.Errorf("not the least statements: %s", statements)
	}
	there.putPolicy(key, ownerPolicy(statements))
	there.parameter(settings.DefaultSwitch, "off")
	h.box.Advance(20 * time.Minute)
	h.wantUntouched() // it is the owner's key
	there.parameter(settings.DefaultSwitch, "on")
	h.box.Advance(time.Hour)
	if n, grants := m.inService("web-prod"), there.grantsOf(key); n != 2 || h.writes() != 1 || *grants[0].IssuingAccount != "arn:aws:iam::"+account+":root" {
		t.Errorf("%d in service, %d writes\n%v", n, h.writes(), h.story())
	}
}

// TestHubSharedKeyWhole: in a wave that asks for it, both halves are written where the
// owner's tags say so, by the word for the organization or by the account's id.
func TestHubSharedKeyWhole(t *testing.T) {
	t.Parallel()
	for accounts, healed := range map[string]bool{"organization": true, account: true, third: false, "organization " + third: false} {
		t.Run(accounts, func(t *testing.T) {
			t.Parallel()
			h := newHub(t, map[string]string{"ForeignKey": "grant"}, account, owner)
			h.join(account, nil)
			h.join(owner, map[string]string{"ForeignKey": "grant"})
			m, there := h.at(account, region), h.at(owner, region)
			key := there.key(ownerPolicy(), map[string]string{"keymend": "remediate", "keymend-accounts": accounts})
			m.broken("web-prod", key)
			h.box.Advance(10 * time.Minute)
			if !healed {
				h.wantUntouched()
				h.wantOutcome("web-prod", outcome.Proposed)
				return
			}
			if n := m.inService("web-prod"); n != 2 || h.writes() != 2 || len(there.grantsOf(key)) == 0 {
				t.Fatalf("%d in service, %d writes\n%v", n, h.writes(), h.story())
			}
			for _, r := range h.records() {
				if r.Outcome == outcome.Ignored || r.Signal == "own-write" {
					t.Errorf("the hub doesn't know what it wrote: %+v", r)
				}
			}
		})
	}
}

// TestHubCopies: in a wave that asks for it, what lies under another member's key is copied
// under the account's own, by the same alias in each account.
func TestHubCopies(t *testing.T) {
	t.Parallel()
	h := newHub(t, map[string]string{"ForeignKey": "copy", "CopyKey": "alias/copies"}, account, owner)
	h.join(account, map[string]string{"ForeignKey": "copy"})
	h.join(owner, nil)
	m, there := h.at(account, region), h.at(owner, region)
	m.alias("alias/copies", m.key(own(account), enrolled))
	m.launches(m.sharedImage(there.snapshot(there.key(openTo(owner, account), copyable)), true))
	h.box.Advance(30 * time.Minute)
	if n := m.inService("web-prod"); n != 2 || m.calls("CopyImage", "keymend-copier") != 1 {
		t.Errorf("%d in service, %d copies\n%v", n, m.calls("CopyImage", "keymend-copier"), h.story())
	}
}

// TestHubMoves: where the settings have groups launch as a role of their own, the hub makes
// it in the member, which shows in us-east-1 only, and is explained all the same.
func TestHubMoves(t *testing.T) {
	t.Parallel()
	h := newHub(t, map[string]string{"DedicatedRoleSuffix": suffix}, account)
	h.join(account, map[string]string{"DedicatedRoleSuffix": suffix})
	m := h.at(account, region)
	m.broken("web-prod", m.key(own(account), enrolled))
	h.box.Advance(30 * time.Minute)
	if n := m.inService("web-prod"); n != 2 || !m.hasRole(suffix) || !strings.HasSuffix(m.launchesAs("web-prod"), suffix) || h.looked() < 3 {
		t.Errorf("%d in service as %s\n%v", n, m.launchesAs("web-prod"), h.story())
	}
}

// TestHubIsNotLetIn: where an account has no roles, or has left the organization, the
// finding says which account it is, and what it lacks.
func TestHubIsNotLetIn(t *testing.T) {
	t.Parallel()
	h := newHub(t, nil, account, third)
	h.join(account, nil)
	for _, id := range []string{third, owner} { // no roles; roles, and not in the organization
		h.deliver(strings.ReplaceAll(strings.ReplaceAll(launchUnsuccessful, "GROUP", "web-"+id), account, id))
	}
	must(t, h.box.Deploy(template.MemberRoles(), owner, region, nil, nil))
	m, there := h.at(account, region), h.at(third, region)
	key := there.key(strings.ReplaceAll(ownerPolicy(), owner, third), map[string]string{"keymend": "ignore"})
	m.broken("web-prod", key)
	// That this account may make the grant is no word of the owner's, whose no can't be seen.
	m.broken("web-open", there.key(openTo(third, account), map[string]string{"keymend": "ignore"}))
	const nobodys = "arn:aws:kms:" + region + ":12:key/1a2b3c4d-0000-4000-8000-000000000002"
	m.broken("web-nobodys", nobodys)
	h.box.Advance(10 * time.Minute)
	h.wantUntouched()
	h.wantOutcome("web-nobodys", outcome.Observed) // by its brakes, which can't be; the look goes on
	for group, id := range map[string]string{"web-" + third: third, "web-" + owner: owner, "web-prod": third, "web-open": third} {
		says := "account " + id + " isn't in the organization, or has no stack of the set keymend-roles"
		if !strings.Contains(strings.Join(h.about(group), "\n"), says) {
			t.Errorf("%s: nothing says %q\n%v", group, says, h.story())
		}
	}
}

// TestHubIsNotTold: an image's owner that doesn't let the hub in can't be asked for the key
// of a snapshot that it didn't share.
func TestHubIsNotTold(t *testing.T) {
	t.Parallel()
	h := newHub(t, nil, account, owner)
	h.join(account, nil)
	m := h.at(account, region)
	m.launches(m.sharedImage(h.at(owner, region).snapshot(m.foreignKey()), false))
	h.box.Advance(5 * time.Minute)
	const says = "account " + owner + " couldn't be asked: account " + owner + " isn't in the organization, or has no stack of the set keymend-roles"
	if !strings.Contains(h.story(), says) {
		t.Errorf("nothing says %q\n%v", says, h.story())
	}
}

// about returns the lines about a group.
func (w *world) about(group string) (out []string) {
	for _, line := range strings.Split(w.story(), "\n") {
		if strings.Contains(line, `"group":"`+group+`"`) {
			out = append(out, line)
		}
	}
	return out
}
