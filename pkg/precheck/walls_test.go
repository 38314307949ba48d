package precheck_test

import (
	"fmt"
	"strings"
	"testing"

	"keymend/infra/cdkcontext"
	"keymend/pkg/permission"
	"keymend/pkg/precheck"
)

const member, hub = "111122223333", "999900001111"

// settings have a wave that asks for everything.
func settings() precheck.Settings {
	return precheck.Settings{
		Organization: cdkcontext.Organization{
			ID: "o-a1b2c3d4e5", Hub: hub, Management: "000011112222", Regions: []string{"eu-west-1", "us-east-1"}, HubRegions: []string{"eu-west-1"}, Guard: "none",
			Waves: []cdkcontext.Wave{{Units: []string{"ou-a1b2-11111111"}, OwnKey: "auto", ForeignKey: "copy"}}, ImageParameters: "/images/",
		},
		Suffix: "keymend", Resumes: true,
	}
}

// bounded has a policy on the wave's unit.
func bounded(text string) precheck.Facts {
	everything := precheck.Policy{ID: "p-FullAWSAccess", Name: "FullAWSAccess", Text: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`}
	all := map[string][]precheck.Policy{}
	for _, target := range []string{"r-a1b2", "ou-a1b2-11111111", member, hub} {
		all[target] = []precheck.Policy{everything}
	}
	all["ou-a1b2-11111111"] = append(all["ou-a1b2-11111111"], precheck.Policy{ID: "p-00000001", Name: "ours", Text: text})
	return precheck.Facts{
		Account: hub, Policies: precheck.Seen[map[string][]precheck.Policy]{Value: all},
		Tree: precheck.Seen[precheck.Tree]{Value: precheck.Tree{
			Parents:  map[string]string{member: "ou-a1b2-11111111", "ou-a1b2-11111111": "r-a1b2", hub: "r-a1b2"},
			Accounts: []precheck.Member{{ID: member, State: precheck.Active}},
		}},
	}
}

// about returns what the check says of policies, without what is well.
func about(f precheck.Facts) string {
	var out []string
	for _, l := range precheck.Check(settings(), f) {
		if l.Matter == "policies" && l.State != precheck.Well {
			out = append(out, string(l.State)+" "+l.Text)
		}
	}
	return strings.Join(out, "\n")
}

// Whichever call of whichever role a policy denies, the check names both; and says nothing
// where the policy excepts the role.
func TestEveryCallIsLookedAt(t *testing.T) {
	t.Parallel()
	p := permission.Place{
		Partition: "aws", Account: member, Prefix: "keymend-", SwitchParameter: "/keymend/switch", Organization: "o-a1b2c3d4e5", Hub: hub, Bus: "keymend",
		Suffix: "keymend", Resumes: true, Copies: true, ImageParameters: "/images/",
	}
	calls := 0
	for _, r := range permission.Members() {
		name := "keymend-" + string(r)
		for _, one := range permission.For(r, p) {
			calls++
			deny := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Sid":"No","Effect":"Deny","Action":%q,"Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/%s"}}}]}`, one.Action, name)
			if got, want := about(bounded(deny)), `wrong ours (p-00000001), statement #0 "No", denies `+name+" "+one.Action+", for "+member; got != want {
				t.Errorf("says\n%s\nwant\n%s", got, want)
			}
			spare := strings.Replace(deny, "ArnLike", "ArnNotLike", 1)
			if got := about(bounded(spare)); strings.Contains(got, name+" ") {
				t.Errorf("%s is excepted for %s, and the check says\n%s", name, one.Action, got)
			}
		}
	}
	if calls < 50 {
		t.Errorf("only %d calls", calls)
	}
}

// So it is of the roles of the hub, and of the one that lists the accounts: what they do
// where they are, and how they take each role that an account of the wave has.
func TestEveryCallOfTheHubIsLookedAt(t *testing.T) {
	t.Parallel()
	const lists = "444455556666"
	p := permission.Place{
		Partition: "aws", Account: hub, Region: "*", Prefix: "keymend-", Signals: "keymend-signals", Changes: "keymend-changes.fifo", Looks: "keymend-looks", Drift: "keymend-drift.fifo", SwitchParameter: "/keymend/hub/switch",
		Organization: "o-a1b2c3d4e5", Hub: hub, Bus: "keymend", Listing: lists, Suffix: "keymend", Resumes: true, Copies: true, ImageParameters: "/images/",
	}
	about := func(ours string, s precheck.Settings, at ...string) string {
		f := bounded(`{"Version":"2012-10-17","Statement":[]}`)
		f.Tree.Value.Parents[lists], f.Policies.Value[lists] = "r-a1b2", f.Policies.Value["r-a1b2"]
		for _, account := range at {
			f.Policies.Value[account] = append(f.Policies.Value[account], precheck.Policy{ID: "p-00000002", Name: "theirs", Text: ours})
		}
		var out []string
		for _, l := range precheck.Check(s, f) {
			if l.Matter == "policies" && l.State != precheck.Well {
				out = append(out, l.Text)
			}
		}
		return strings.Join(out, "\n")
	}
	s := settings()
	s.Administrator, s.Waves[0].ForeignKey = lists, "grant"
	s.Waves = append(s.Waves, cdkcontext.Wave{Units: []string{"ou-a1b2-22222222"}, ForeignKey: "copy"}) // without accounts
	calls := 0
	for _, r := range append(permission.Hub(), permission.Lister) {
		account, all := hub, permission.For(r, p)
		if r == permission.Lister {
			account = lists
		}
		for _, one := range all {
			calls++
			deny := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Sid":"No","Effect":"Deny","Action":%q,"Resource":%q,"Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/keymend-%s"}}}]}`, one.Action, one.Resource, r)
			if got, want := about(deny, s, account), fmt.Sprintf(`theirs (p-00000002), statement #0 "No", denies keymend-%s %s, for `, r, one.Action); !strings.HasPrefix(got, want) && !strings.Contains(one.Resource, ":role/keymend-copier") {
				t.Errorf("%s on %s by %s: says\n%s", one.Action, one.Resource, r, got)
			}
			spare := strings.Replace(deny, "ArnLike", "ArnNotLike", 1)
			if got := about(spare, s, account); strings.Contains(got, "keymend-"+string(r)+" ") {
				t.Errorf("%s is excepted for %s, and the check says\n%s", r, one.Action, got)
			}
		}
	}
	if calls < 30 {
		t.Errorf("only %d calls", calls)
	}
	copies := settings()
	copies.Administrator = lists
	deny := `{"Version":"2012-10-17","Statement":[{"Sid":"No","Effect":"Deny","Action":"sts:AssumeRole","Resource":"arn:aws:iam::*:role/keymend-copier"}]}`
	if got, want := about(deny, copies, hub), `theirs (p-00000002), statement #0 "No", denies keymend-remediate sts:AssumeRole, for `+member; got != want {
		t.Errorf("says\n%s\nwant\n%s", got, want)
	}
	copies.Waves[0].ForeignKey = "report" // then no account has that role
	if got := about(deny, copies, hub); got != "" {
		t.Error(got)
	}
}

// What it can't know it says, and doesn't take for a no, nor for a yes.
func TestWhatIsntKnown(t *testing.T) {
	t.Parallel()
	deny := func(condition string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"kms:CreateGrant","Resource":"*","Condition":` + condition + `}]}`
	}
	for condition, want := range map[string]string{
		`{"StringNotEquals":{"aws:ResourceTag/team":"x"}}`:                 "note ours (p-00000001) may deny keymend-copier, keymend-granter kms:CreateGrant, for 111122223333: that hangs on aws:ResourceTag/team",
		`{"StringNotEquals":{"aws:PrincipalTag/team":"x"}}`:                `wrong ours (p-00000001), statement #0, denies keymend-copier, keymend-granter kms:CreateGrant, for 111122223333`,
		`{"StringNotEqualsIfExists":{"aws:ResourceOrgID":"o-z9y8x7w6v5"}}`: `wrong ours (p-00000001), statement #0, denies keymend-copier, keymend-granter kms:CreateGrant, for 111122223333`,
		`{"StringNotEqualsIfExists":{"aws:ResourceOrgID":"o-a1b2c3d4e5"}}`: "",
		`{"StringEquals":{"aws:PrincipalTag/team":"x"}}`:                   "",
		`{"Bool":{"kms:GrantIsForAWSResource":"false"}}`:                   `wrong ours (p-00000001), statement #0, denies keymend-granter kms:CreateGrant, for 111122223333`,
		`{"StringNotEquals":{"aws:RequestedRegion":["eu-west-1"]}}`:        `wrong ours (p-00000001), statement #0, denies keymend-copier, keymend-granter kms:CreateGrant in us-east-1, for 111122223333`,
		`{"StringNotLike":{"kms:GranteePrincipal":"arn:aws:iam::*:role/a"}}`: "wrong ours (p-00000001), statement #0, denies keymend-granter kms:CreateGrant, for 111122223333\n" +
			"note ours (p-00000001) may deny keymend-copier kms:CreateGrant, for 111122223333: that hangs on kms:GranteePrincipal",
	} {
		if got := about(bounded(deny(condition))); got != want {
			t.Errorf("%s: says\n%s\nwant\n%s", condition, got, want)
		}
	}
}

// What is done to resources of an account is bound by its resource control policies,
// whoever does it: the hub's functions take roles there.
func TestResourceControlPolicies(t *testing.T) {
	t.Parallel()
	rcp := func(action, condition string) precheck.Facts {
		f := bounded(`{"Version":"2012-10-17","Statement":[{"Sid":"Outside","Effect":"Deny","Principal":"*","Action":"` + action + `","Resource":"*","Condition":` + condition + `}]}`)
		f.Policies.Value["ou-a1b2-11111111"][1].Resources = true
		return f
	}
	outside := func(id string) string {
		return `{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"` + id + `"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}`
	}
	for id, want := range map[string]string{
		"o-a1b2c3d4e5": "",
		"o-z9y8x7w6v5": `wrong ours (p-00000001), statement #0 "Outside", denies keymend-auditor, keymend-diagnose, keymend-remediate sts:AssumeRole, for 111122223333`,
	} {
		if got := about(rcp("sts:AssumeRole", outside(id))); got != want {
			t.Errorf("%s: says\n%s\nwant\n%s", id, got, want)
		}
	}
	if got := about(rcp("kms:PutKeyPolicy", outside("o-z9y8x7w6v5"))); !strings.Contains(got, "denies keymend-policy-writer kms:PutKeyPolicy") {
		t.Error(got)
	}
	if got := about(rcp("ec2:*", outside("o-z9y8x7w6v5"))); got != "" { // EC2 has none
		t.Error(got)
	}
}

func TestAPolicyThatCantBeUnderstood(t *testing.T) {
	t.Parallel()
	if got := about(bounded(`{"Statement":1}`)); got != "unseen policy ours can't be understood; it isn't told what it denies" {
		t.Error(got)
	}
}

// AWS's sample spares roles by a tag, which Keymend's don't have unless somebody puts it.
func TestSparedByATag(t *testing.T) {
	t.Parallel()
	sample := `{"Version":"2012-10-17","Statement":[{"Sid":"RestrictKMSGrantsCreationToAWSServices","Effect":"Deny","Action":"kms:CreateGrant","Resource":"*",
		"Condition":{"StringNotEqualsIfExists":{"aws:PrincipalTag/dp:exclude:identity":"true"},"BoolIfExists":{"kms:GrantIsForAWSResource":"false"}}}]}`
	for _, l := range precheck.Check(settings(), bounded(sample)) {
		if l.Matter == "policies" && (!strings.Contains(l.Text, "denies keymend-granter kms:CreateGrant") || !strings.HasSuffix(l.Do, "have what it asks for: aws:PrincipalTag/dp:exclude:identity")) {
			t.Errorf("%+v", l)
		}
	}
}
