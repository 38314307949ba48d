package command_test

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"keymend/cmd/keymend/internal/scenario"
	"keymend/pkg/sandbox/organization"
)

var update = flag.Bool("update", false, "write the golden files")

const (
	management, hubAccount = "000011112222", "999900001111"
	stacksets              = "member.org.stacksets.cloudformation.amazonaws.com"
)

// governed is an organization as the settings say: a canary, and a main unit with one below
// it.
func governed() organization.Organization {
	return organization.Organization{
		ID: "o-a1b2c3d4e5", Management: management, Root: "r-a1b2", Services: []string{stacksets}, Administrators: map[string][]string{stacksets: {hubAccount}},
		Units: []organization.Unit{
			{ID: "ou-a1b2-11111111", Name: "canary", Parent: "r-a1b2"}, {ID: "ou-a1b2-22222222", Name: "main", Parent: "r-a1b2"},
			{ID: "ou-a1b2-33333333", Name: "below", Parent: "ou-a1b2-22222222"},
		},
		Accounts: []organization.Account{
			{ID: management}, {ID: hubAccount}, {ID: "111122223333", Unit: "ou-a1b2-11111111"}, {ID: "444455556666", Unit: "ou-a1b2-22222222"},
			{ID: "777788889999", Unit: "ou-a1b2-33333333"}, {ID: "222233334444", Unit: "ou-a1b2-33333333", State: organization.Suspended},
		},
	}
}

// attach adds a policy of docs/policies, or a text, to targets.
func attach(t *testing.T, o *organization.Organization, id, text string, targets ...string) {
	t.Helper()
	if strings.HasSuffix(text, ".json") {
		read, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "docs", "policies", text))
		must(t, err)
		text = string(read)
	}
	o.Policies = append(o.Policies, organization.Policy{ID: id, Name: "policy-" + id[len(id)-1:], Type: organization.ServiceControl, Document: json.RawMessage(text), Targets: targets})
}

// inOrganization has credentials of the hub, which administers StackSets, and cdk.json.
func (w *world) inOrganization(o organization.Organization, settings map[string]string) {
	w.t.Helper()
	must(w.t, w.box.SetOrganizations(o))
	w.t.Setenv("AWS_ACCESS_KEY_ID", hubAccount)
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "cdk.json"))
	must(w.t, err)
	var project map[string]any
	must(w.t, json.Unmarshal(text, &project))
	all := map[string]string{
		"organizationId": "o-a1b2c3d4e5", "hubAccount": hubAccount, "managementAccount": management, "regions": "eu-west-1,us-east-1",
		"units": "ou-a1b2-22222222", "canaryUnits": "ou-a1b2-11111111",
	}
	maps.Copy(all, settings)
	if _, told := settings["administratorAccount"]; !told && settings["administrator"] != "management" {
		all["administratorAccount"] = hubAccount
	}
	for key, value := range all {
		project["context"].(map[string]any)["keymend:"+key] = value
	}
	text, err = json.Marshal(project)
	must(w.t, err)
	w.file("cdk.json", string(text))
}

func (w *world) check(args ...string) said {
	w.t.Helper()
	return w.run("", append([]string{"check-organization", "--settings", filepath.Join(w.dir, "cdk.json")}, args...)...)
}

// deployHub makes the bus of a hub's stack.
func (w *world) deployHub() {
	w.t.Helper()
	c := eventbridge.NewFromConfig(scenario.Config(w.url, hubAccount, "eu-west-1"))
	_, err := c.CreateEventBus(w.t.Context(), &eventbridge.CreateEventBusInput{Name: new("keymend")})
	must(w.t, err)
	_, err = c.PutPermission(w.t.Context(), &eventbridge.PutPermissionInput{EventBusName: new("keymend"), Policy: new(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*",
		"Action":"events:PutEvents","Resource":"arn:aws:events:eu-west-1:999900001111:event-bus/keymend","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}}]}`)})
	must(w.t, err)
}

// golden holds what the screen says to a file, and to 80 columns but for commands.
func (s said) golden(t *testing.T, name string) {
	t.Helper()
	for line := range strings.Lines(s.out) {
		if len(strings.TrimRight(line, "\n")) > 80 && !strings.Contains(line, "          aws ") {
			t.Errorf("longer than 80 columns: %s", line)
		}
	}
	path := filepath.Join("testdata", name+".golden")
	if *update {
		must(t, os.WriteFile(path, []byte(s.out), 0o600))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if diff := cmp.Diff(string(want), s.out); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestCheckOrganization(t *testing.T) {
	all := func(map[string]string) map[string]string {
		return map[string]string{"unitsMode": "enforce", "consentGuard": "scp"}
	}(nil)
	for name, tc := range map[string]struct {
		change   func(*organization.Organization)
		settings map[string]string
		hub      bool // its stacks are there
		code     int
	}{
		"well": {func(o *organization.Organization) {
			attach(t, o, "p-00000001", "consent-guard.json", "r-a1b2")
			attach(t, o, "p-00000002", "grants-by-services.json", "ou-a1b2-22222222")
			attach(t, o, "p-00000003", "members.json", "r-a1b2")
			attach(t, o, "p-00000004", "hub.json", hubAccount)
		}, all, true, 0},
		"first": {nil, nil, false, 3},
		"wrong": {func(o *organization.Organization) {
			o.Services, o.ID, o.Management = nil, "o-z9y8x7w6v5", "777788889999"
			o.Accounts = slices.DeleteFunc(o.Accounts, func(a organization.Account) bool { return a.ID == management })
		}, map[string]string{"units": "ou-a1b2-22222222,ou-a1b2-33333333,ou-a1b2-99999999", "regions": "eu-west-1,us-east-1,af-south-1"}, true, 4},
		"policies": {func(o *organization.Organization) {
			attach(t, o, "p-00000001", `{"Version":"2012-10-17","Statement":[{"Sid":"CTKMSPV1","Effect":"Deny","Action":"kms:CreateGrant","Resource":"*","Condition":{"BoolIfExists":{"kms:GrantIsForAWSResource":"false","aws:PrincipalIsAWSService":"false"}}}]}`, "ou-a1b2-22222222")
			attach(t, o, "p-00000002", `{"Version":"2012-10-17","Statement":[{"Sid":"Regions","Effect":"Deny","NotAction":["iam:*","sts:*"],"Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-west-1"]}}}]}`, "111122223333")
			attach(t, o, "p-00000003", `{"Version":"2012-10-17","Statement":[{"Sid":"Boundary","Effect":"Deny","Action":["iam:CreateRole","iam:PutRolePolicy"],"Resource":"*","Condition":{"StringNotEquals":{"iam:PermissionsBoundary":"arn:aws:iam::444455556666:policy/B"}}}]}`, "444455556666")
			attach(t, o, "p-00000004", `{"Version":"2012-10-17","Statement":[{"Sid":"Network","Effect":"Deny","Action":"kms:DescribeKey","Resource":"*","Condition":{"NotIpAddressIfExists":{"aws:SourceIp":"192.0.2.0/24"}}}]}`, "777788889999")
		}, all, true, 4},
		"suspended": {func(o *organization.Organization) { o.Accounts[1].State = organization.Suspended }, nil, true, 4},
		"accepted":  {nil, map[string]string{"unitsMode": "enforce", "consentGuard": "accepted"}, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			o := governed()
			if tc.change != nil {
				tc.change(&o)
			}
			w.inOrganization(o, tc.settings)
			if tc.hub {
				must(t, w.box.SetOrganizations(governed())) // before its guard is there
				w.deployHub()
				must(t, w.box.SetOrganizations(o))
			}
			got := w.check().want(t, tc.code, "", "")
			got.out = strings.ReplaceAll(got.out, w.url, "URL")
			got.golden(t, "check-"+name)
		})
	}
}

// Each fault is a line of its own, and the others still come.
func TestCheckOrganizationNamesTheFault(t *testing.T) {
	const others = "ok        hub: account 999900001111 is a member"
	config := "[profile hub]\naws_access_key_id = 999900001111\naws_secret_access_key = any\n[profile shop]\naws_access_key_id = 111122223333\naws_secret_access_key = any\n"
	for name, tc := range map[string]struct {
		as     string
		change func(*organization.Organization)
		set    map[string]string
		args   []string
		code   int
		says   []string
	}{
		"who governs nothing": {"111122223333", nil, nil, nil, 4, []string{
			"wrong     caller: account 111122223333 neither is the management account nor administers StackSets", "aws organizations register-delegated-administrator --account-id 111122223333 --service-principal " + stacksets,
			"not seen  trust: Organizations ListAWSServiceAccessForOrganization: You don't have", "ok        regions:", "not seen  hub stack: eu-west-1: needs credentials of the hub, 999900001111: --hub-profile",
		}},
		"a stranger": {"555566667777", nil, nil, nil, 4, []string{
			"wrong     caller: account 555566667777 is in no organization", "not seen  units: Organizations ListParents: Your account is not a member", "ok        regions:",
		}},
		"the management account": {management, nil, nil, nil, 4, []string{others, "wrong     caller: account 000011112222 is the management account, and"}},
		"who says it manages":    {hubAccount, nil, map[string]string{"administrator": "management"}, nil, 4, []string{others, "wrong     caller: account 999900001111 is a delegated administrator, and"}},
		"who isn't where the hub lists": {hubAccount, nil, map[string]string{"administratorAccount": ""}, nil, 4, []string{
			others, "ok        caller: account 999900001111 administers StackSets", "wrong     caller: keymend:administratorAccount is 000011112222, and the hub lists the accounts by keymend-lister there -> set that to 999900001111",
		}},
		"the management account, as set": {management, nil, map[string]string{"administrator": "management"}, nil, 1, []string{
			others, "ok        caller: account 000011112222 is the management account", "not seen  hub stack: eu-west-1: needs credentials",
		}},
		"the hub by its profile": {management, nil, map[string]string{"administrator": "management"}, []string{"--hub-profile", "hub"}, 0, []string{others, "ok        hub stack: eu-west-1 has the bus"}},
		"another's profile": {management, nil, map[string]string{"administrator": "management"}, []string{"--hub-profile", "shop"}, 1, []string{
			others, "not seen  hub stack: eu-west-1: profile shop is of account 111122223333",
		}},
		"no such profile":      {management, nil, map[string]string{"administrator": "management"}, []string{"--hub-profile", "none"}, 1, []string{others, "not seen  hub stack: eu-west-1: profile none:"}},
		"nothing in the way":   {management, nil, map[string]string{"administrator": "management"}, []string{"--before", "deploy-organization"}, 0, []string{others, "not seen  hub stack: eu-west-1"}},
		"before the hub":       {hubAccount, nil, map[string]string{"hubRegions": "eu-west-1,us-east-1"}, []string{"--before", "deploy-hub"}, 0, []string{"to do     hub stack: us-east-1 has none yet"}},
		"rules before the hub": {hubAccount, nil, map[string]string{"hubRegions": "eu-west-1,us-east-1"}, []string{"--before", "deploy-organization"}, 3, []string{"to do     hub stack: us-east-1 has none yet"}},
		"another Region's":     {hubAccount, nil, map[string]string{"hubRegions": "eu-west-1,us-east-1"}, nil, 3, []string{"ok        hub stack: eu-west-1", "to do     hub stack: us-east-1 has none yet"}},
		"the hub is no member": {hubAccount, nil, map[string]string{"hubAccount": "555566667777"}, nil, 4, []string{"wrong     hub: account 555566667777 isn't in the organization"}},
		"an account that works alone": {hubAccount, nil, nil, []string{"--role", "Audit"}, 4, []string{
			others, "wrong     accounts: 111122223333 has the stack keymend of its own", "not seen  accounts: 444455556666, 777788889999: ", "ok        accounts: no stack keymend of its own in 999900001111",
		}},
		"a guard on the setting's word": {"lister", nil, map[string]string{"unitsMode": "enforce", "consentGuard": "scp"}, []string{"--before", "deploy-organization", "--hub-profile", "hub"}, 1, []string{
			others, "ok        units: 2 units", "not seen  policies: Organizations ListPoliciesForTarget: User:", "not seen  consent: keymend:consentGuard says that a policy guards the tags; that couldn't be seen -> take credentials that may read",
		}},
		"the hub, without it":        {"lister", nil, map[string]string{"unitsMode": "enforce", "consentGuard": "scp"}, []string{"--before", "deploy-hub"}, 0, []string{others, "not seen  consent: "}},
		"a careful wave, without it": {"lister", nil, map[string]string{"unitsMode": "propose", "consentGuard": "scp"}, []string{"--before", "deploy-organization"}, 0, []string{others, "not seen  consent: "}},
		"no permission": {"", nil, nil, nil, 1, []string{
			"not seen  caller: Organizations ListDelegatedAdministrators: User:", "ok        settings: organization o-a1b2c3d4e5", "not seen  units: Organizations ListParents: User:", "not seen  regions: EC2 DescribeRegions: ",
		}},
		"only what is allowed": {hubAccount, func(o *organization.Organization) {
			attach(t, o, organization.FullAWSAccess, "{}", "r-a1b2", "ou-a1b2-11111111", "ou-a1b2-22222222", "111122223333", "444455556666", hubAccount)
			attach(t, o, "p-00000002", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["kms:*","ec2:*"],"Resource":"*"}]}`, "ou-a1b2-33333333")
		}, nil, nil, 4, []string{others, "wrong     policies: no policy attached to ou-a1b2-33333333 allows keymend-forwarder, keymend-notifier, keymend-reader, stacksets-exec-* ", "for 777788889999 -> attach one that does"}},
		"where the lister is": {hubAccount, func(o *organization.Organization) {
			o.Accounts = append(o.Accounts, organization.Account{ID: "555566667777"})
			attach(t, o, "p-00000001", `{"Version":"2012-10-17","Statement":[{"Sid":"Lists","Effect":"Deny","Action":"organizations:List*","Resource":"*"}]}`, "555566667777")
			attach(t, o, "p-00000002", `{"Version":"2012-10-17","Statement":[{"Sid":"Looks","Effect":"Deny","Action":"sqs:*","Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:*:iam::*:role/*"}}}]}`, hubAccount)
		}, map[string]string{"administratorAccount": "555566667777"}, nil, 4, []string{
			others, "policy-1 (p-00000001), statement #0 \"Lists\", denies keymend-lister organizations:ListAccounts, for 555566667777",
			"policy-2 (p-00000002), statement #0 \"Looks\", denies keymend-diagnose, keymend-remediate sqs:DeleteMessage, sqs:GetQueueAttributes, sqs:ReceiveMessage and 1 more, for 999900001111",
		}},
		"on resources": {hubAccount, func(o *organization.Organization) {
			attach(t, o, "p-00000001", `{"Version":"2012-10-17","Statement":[{"Sid":"Keys","Effect":"Deny","Principal":"*","Action":"kms:PutKeyPolicy","Resource":"*"}]}`, "ou-a1b2-11111111")
			o.Policies[0].Type = organization.ResourceControl
		}, map[string]string{"canaryOwnKey": "auto"}, nil, 4, []string{others, "policy-1 (p-00000001), statement #0 \"Keys\", denies keymend-policy-writer kms:PutKeyPolicy, for 111122223333"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			o := governed()
			if tc.change != nil {
				tc.change(&o)
			}
			w.inOrganization(o, tc.set)
			w.deployHub()
			w.role("111122223333", "Audit", `"arn:aws:iam::999900001111:root"`, `{"Effect":"Allow","Action":"iam:GetRole","Resource":"*"}`)
			w.role("111122223333", "keymend-diagnose", `"arn:aws:iam::111122223333:root"`, "")
			t.Setenv("AWS_CONFIG_FILE", w.file("config", config))
			if may := map[string]string{"": `"organizations:DescribeOrganization"`, "lister": `["organizations:DescribeA*","organizations:DescribeO*","organizations:ListA*","organizations:ListD*","organizations:ListO*","organizations:ListParents","ec2:*"]`}[tc.as]; may != "" {
				w.role(hubAccount, "nobody", `"arn:aws:iam::999900001111:root"`, `{"Effect":"Allow","Action":`+may+`,"Resource":"*"}`)
				t.Setenv("AWS_ACCESS_KEY_ID", "")
				w.take("arn:aws:iam::999900001111:role/nobody")
			} else {
				t.Setenv("AWS_ACCESS_KEY_ID", tc.as)
			}
			got := w.check(tc.args...).want(t, tc.code, "", "")
			whole := strings.ReplaceAll(got.out, "\n          ", " ")
			for _, line := range tc.says {
				if !strings.Contains(whole, line) {
					t.Errorf("doesn't say %q:\n%s%s", line, got.out, got.err)
				}
			}
		})
	}
}

// role makes a role that a principal may take.
func (w *world) role(account, name, trusts, statement string) {
	w.t.Helper()
	c := iam.NewFromConfig(scenario.Config(w.url, account, "eu-west-1"))
	_, err := c.CreateRole(w.t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: new(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":` + trusts + `},"Action":"sts:AssumeRole"}]}`)})
	must(w.t, err)
	_, err = c.PutRolePolicy(w.t.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: new("p"), PolicyDocument: new(`{"Version":"2012-10-17","Statement":[` + statement + `]}`)})
	must(w.t, err)
}

// take gives this process a session of a role.
func (w *world) take(role string) {
	w.t.Helper()
	out, err := sts.NewFromConfig(scenario.Config(w.url, hubAccount, "eu-west-1")).AssumeRole(w.t.Context(), &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: new("test")})
	must(w.t, err)
	w.t.Setenv("AWS_ACCESS_KEY_ID", *out.Credentials.AccessKeyId)
	w.t.Setenv("AWS_SESSION_TOKEN", *out.Credentials.SessionToken)
}

// As JSON each line is an object, which a program can read.
func TestCheckOrganizationAsJSON(t *testing.T) {
	w := newWorld(t)
	w.inOrganization(governed(), nil)
	got := w.check("--output", "json").want(t, 3, "", "")
	var matters []string
	for line := range strings.Lines(got.out) {
		var one struct{ Schema, Check, State, Text, Do string }
		must(t, json.Unmarshal([]byte(line), &one))
		if one.Schema != "keymend.check/1" || one.Text == "" {
			t.Error(line)
		}
		matters = append(matters, one.Check+" "+one.State)
	}
	want := []string{"caller ok", "settings ok", "trust ok", "hub ok", "units ok", "regions ok", "hub stack todo", "accounts note", "accounts ok", "policies ok", "consent note", "hub's guard note"}
	if diff := cmp.Diff(want, matters); diff != "" {
		t.Error(diff)
	}
}

// Settings that can't be used are wrong usage, and nothing is asked of AWS.
func TestCheckOrganizationRefusesSettings(t *testing.T) {
	for says, change := range map[string]map[string]string{
		"has no organization":                                  {"organizationId": "", "hubAccount": "", "managementAccount": "", "regions": "", "units": "", "canaryUnits": ""},
		"keymend:regions lack us-east-1":                       {"regions": "eu-west-1"},
		"keymend:units have \"everywhere\"":                    {"units": "everywhere"},
		"is \"enforce\", and keymend:consentGuard is \"none\"": {"unitsMode": "enforce"},
	} {
		w := newWorld(t)
		w.inOrganization(governed(), change)
		w.check().want(t, 2, "", says)
	}
	w := newWorld(t)
	w.inOrganization(governed(), nil)
	w.environment(map[string]string{"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": w.url})
	w.check().want(t, 2, "", "no AWS credentials are known")
	w.environment(map[string]string{"AWS_ACCESS_KEY_ID": "ASIAEXPIREDEXPIRED00", "AWS_SECRET_ACCESS_KEY": "any", "AWS_SESSION_TOKEN": "old", "AWS_ENDPOINT_URL": w.url})
	w.check().want(t, 1, "", "log in again")
	w = newWorld(t)
	w.check().want(t, 2, "", "give --settings")
	w.file("cdk.json", "{")
	w.check().want(t, 2, "", "cdk.json")
}
