package cdkcontext_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"keymend/infra/cdkcontext"
)

// governed are the settings of an organization, beside the shipped ones.
func governed(change map[string]any) map[string]any {
	out := map[string]any{
		"organizationId": "o-a1b2c3d4e5", "hubAccount": "999900001111", "managementAccount": "000011112222",
		"regions": "eu-west-1, us-east-1", "units": "ou-a1b2-22222222,ou-a1b2-33333333", "canaryUnits": "ou-a1b2-11111111", "canaryOwnKey": "auto",
	}
	maps.Copy(out, change)
	return out
}

func validated(t *testing.T, change map[string]any) (map[string]string, error) {
	t.Helper()
	context := shipped(t)
	maps.Copy(context, change)
	return cdkcontext.Validate(context, cdkcontext.Stack{})
}

func TestThereIsNoOrganizationUnlessOneIsSet(t *testing.T) {
	t.Parallel()
	text, err := validated(t, nil)
	if err != nil || cdkcontext.NewOrganization(text) != nil {
		t.Errorf("%v, %v", cdkcontext.NewOrganization(text), err)
	}
}

func TestOrganization(t *testing.T) {
	t.Parallel()
	text, err := validated(t, governed(nil))
	if err != nil {
		t.Fatal(err)
	}
	o := cdkcontext.NewOrganization(text)
	if diff := cmp.Diff(&cdkcontext.Organization{
		ID: "o-a1b2c3d4e5", Hub: "999900001111", Management: "000011112222", Delegated: true, Administrator: "000011112222", Regions: []string{"eu-west-1", "us-east-1"}, HubRegions: []string{"eu-west-1"},
		Waves: []cdkcontext.Wave{
			{Name: "canary", Units: []string{"ou-a1b2-11111111"}, Mode: "observe", OwnKey: "auto", ForeignKey: "report"},
			{Units: []string{"ou-a1b2-22222222", "ou-a1b2-33333333"}, Mode: "observe", OwnKey: "grant", ForeignKey: "report"},
		},
		Guard: "none", MaxConcurrent: 25, FailureTolerance: 5,
	}, o, cmpopts.IgnoreUnexported(cdkcontext.Wave{})); diff != "" {
		t.Error(diff)
	}
	if o.HubRegion("us-east-1") != "eu-west-1" || o.HubRegion("eu-west-1") != "eu-west-1" {
		t.Error("events go elsewhere")
	}
	if got := o.OfHub(func(w cdkcontext.Wave) string { return w.OwnKey }, "grant"); got != "auto" {
		t.Errorf("the hub has ownKey %s", got)
	}
}

func TestOrganizationNamesTheProblem(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change map[string]any
		want   string
	}{
		"no id":                {map[string]any{"organizationId": ""}, `keymend:organizationId is ""; it must be an organization's id`},
		"no hub":               {map[string]any{"hubAccount": ""}, `keymend:hubAccount is ""`},
		"no management":        {map[string]any{"managementAccount": "1"}, `keymend:managementAccount is "1"`},
		"the hub manages":      {map[string]any{"hubAccount": "000011112222"}, "keymend:hubAccount is the management account"},
		"whose":                {map[string]any{"administrator": "me"}, `keymend:administrator is "me"; it must be one of: delegated, management`},
		"no Regions":           {map[string]any{"regions": ""}, "keymend:regions is empty; name the Regions to govern"},
		"without IAM's events": {map[string]any{"regions": "eu-west-1"}, "keymend:regions lack us-east-1"},
		"without, GovCloud":    {map[string]any{"regions": "us-gov-east-1"}, "keymend:regions lack us-gov-west-1"},
		"China":                {map[string]any{"regions": "cn-north-1"}, "keymend:regions are of China"},
		"partitions":           {map[string]any{"regions": "us-east-1,us-gov-west-1"}, "keymend:regions have us-gov-west-1, of another partition than us-east-1"},
		"no Region":            {map[string]any{"regions": "us-east-1,Ireland"}, `keymend:regions have "Ireland"; a Region is written like`},
		"twice":                {map[string]any{"regions": "us-east-1,us-east-1"}, "keymend:regions have us-east-1 twice"},
		"a hub elsewhere":      {map[string]any{"hubRegions": "eu-west-1,eu-central-1"}, `keymend:hubRegions have "eu-central-1", which isn't among keymend:regions`},
		"no hub at home":       {map[string]any{"hubRegions": "us-east-1"}, "keymend:hubRegions lack eu-west-1"},
		"no units":             {map[string]any{"units": "", "canaryUnits": ""}, "keymend:units and keymend:canaryUnits are empty"},
		"no unit":              {map[string]any{"units": "payments"}, `keymend:units have "payments"; a unit's id is like`},
		"in both waves":        {map[string]any{"units": "ou-a1b2-11111111"}, "keymend:units have ou-a1b2-11111111, which is named before"},
		"the root, and a unit": {map[string]any{"units": "r-a1b2"}, "keymend:units have the root r-a1b2"},
		"many units":           {map[string]any{"units": many(51)}, "keymend:units have 51 units"},
		"scope":                {map[string]any{"scope": "all"}, `keymend:scope is "all"; in an organization`},
		"mode":                 {map[string]any{"unitsMode": "on"}, `keymend:unitsMode is "on"; it must be one of`},
		"unguarded":            {map[string]any{"canaryMode": "enforce"}, `keymend:canaryMode is "enforce", and keymend:consentGuard is "none": whoever may tag keys`},
		"a guard":              {map[string]any{"consentGuard": "yes"}, `keymend:consentGuard is "yes"; it must be one of: none, scp, accepted`},
		"two ways":             {map[string]any{"unitsOwnKey": "policy"}, `keymend:unitsOwnKey is "policy", and keymend:canaryOwnKey is "auto"; one hub serves both`},
		"two ways elsewhere":   {map[string]any{"unitsForeignKey": "grant", "canaryForeignKey": "copy", "copyKey": "alias/ebs"}, `keymend:unitsForeignKey is "grant", and keymend:canaryForeignKey is "copy"; one hub`},
		"one key for copies":   {map[string]any{"unitsForeignKey": "copy", "copyKey": "arn:aws:kms:eu-west-1:111122223333:key/1a"}, "keymend:copyKey is \"arn:aws:kms:eu-west-1:111122223333:key/1a\"; copies lie under a key of each account's own"},
		"a boundary's ARN":     {map[string]any{"permissionsBoundary": "arn:aws:iam::111122223333:policy/a"}, "keymend:permissionsBoundary is"},
		"all parameters":       {map[string]any{"imageParameters": "/"}, `keymend:imageParameters is "/"`},
		"no slash":             {map[string]any{"imageParameters": "/images"}, `keymend:imageParameters is "/images"`},
		"nobody at once":       {map[string]any{"maxConcurrent": "0"}, `keymend:maxConcurrent is "0"`},
		"failures hidden":      {map[string]any{"failureTolerance": "90"}, `keymend:failureTolerance is "90"`},
		"a topic elsewhere":    {map[string]any{"alarmTopic": "arn:aws:sns:us-east-1:999900001111:a"}, "keymend:alarmTopic is of Region us-east-1; the hub's stacks are in eu-west-1"},
		"only a hub":           {map[string]any{"organizationId": "", "managementAccount": "000011112222", "hubAccount": "999900001111"}, "keymend:organizationId is"},
	} {
		text, err := validated(t, governed(tc.change))
		if err == nil || text != nil {
			t.Errorf("%s: no problem", name)
			continue
		}
		if lines := strings.Split(err.Error(), "\n"); len(lines) != 1 || !strings.Contains(lines[0], tc.want) {
			t.Errorf("%s: says\n%v\nwant one line with\n%s", name, err, tc.want)
		}
	}
}

func many(units int) string {
	var out []string
	for i := range units {
		out = append(out, "ou-a1b2-4444444"+string(rune('a'+i%26))+string(rune('a'+i/26)))
	}
	return strings.Join(out, ",")
}

// All that is wrong is said at once.
func TestOrganizationNamesEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := validated(t, map[string]any{"hubAccount": "x", "regions": "eu-west-1", "units": "all", "failureTolerance": "x", "mode": "on"})
	if err == nil {
		t.Fatal("no problem")
	}
	for _, key := range []string{"organizationId", "hubAccount", "managementAccount", "regions", "units", "failureTolerance", "mode"} {
		if strings.Count("\n"+err.Error(), "\nkeymend:"+key+" ") != 1 {
			t.Errorf("%s isn't named once in:\n%v", key, err)
		}
	}
}

func TestOrganizationTakes(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]map[string]any{
		"the root alone":   {"units": "r-a1b2", "canaryUnits": ""},
		"a canary only":    {"units": ""},
		"two hubs":         {"hubRegions": "eu-west-1,us-east-1"},
		"GovCloud":         {"regions": "us-gov-west-1"},
		"the same asked":   {"unitsOwnKey": "auto"},
		"copies":           {"unitsForeignKey": "copy", "copyKey": "alias/platform-ebs"},
		"the management":   {"administrator": "management"},
		"images, boundary": {"imageParameters": "/a/b/", "permissionsBoundary": "Boundary"},
		"unguarded":        {"unitsMode": "propose"},
		"guarded":          {"unitsMode": "enforce", "consentGuard": "scp"},
		"accepted":         {"unitsMode": "enforce", "consentGuard": "accepted"},
		"a topic":          {"alarmTopic": "arn:aws:sns:eu-west-1:999900001111:a"},
	} {
		if _, err := validated(t, governed(change)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
