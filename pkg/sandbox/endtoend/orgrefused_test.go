package endtoend_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"keymend/infra/template"
	keymend "keymend/pkg/account"
	"keymend/pkg/permission"
	"keymend/pkg/sandbox/organization"
)

// A burglar has the credentials of roles of an organization, and none of Keymend's code:
// what is refused here, IAM refuses by itself.
type burglar struct{ hub }

// newBurglar is an organization with two members, as its committed templates make it.
func newBurglar(t *testing.T) burglar {
	t.Helper()
	b := burglar{newHub(t, map[string]string{"Mode": "observe"}, management, account, owner)}
	b.roles()
	b.join(account, nil)
	b.join(owner, nil)
	return b
}

// roles deploys the hub's roles so that its administrator may take those of the
// functions, as somebody does who stole their credentials.
func (b burglar) roles() {
	b.t.Helper()
	text := strings.ReplaceAll(string(letTestsIn(template.HubRoles())), account, hubAccount)
	must(b.t, b.box.Deploy([]byte(text), hubAccount, region, nil, nil))
}

// take takes a role of Keymend's in an account.
func (b burglar) take(from aws.Config, accountID string, role permission.Role) (aws.Config, error) {
	out, err := sts.NewFromConfig(from).AssumeRole(b.t.Context(), &sts.AssumeRoleInput{
		RoleArn: new("arn:aws:iam::" + accountID + ":role/keymend-" + string(role)), RoleSessionName: new("stolen"),
	})
	if err != nil {
		return aws.Config{}, err
	}
	cfg := from.Copy()
	cfg.Credentials = credentials.NewStaticCredentialsProvider(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
	return cfg, nil
}

// taken is take where nothing keeps it from that.
func (b burglar) taken(from aws.Config, accountID string, role permission.Role) aws.Config {
	b.t.Helper()
	cfg, err := b.take(from, accountID, role)
	must(b.t, err)
	return cfg
}

// by are the credentials of a member's role, taken as the hub's functions take it.
func (b burglar) by(role permission.Role) aws.Config {
	b.t.Helper()
	return b.taken(b.taken(b.cfg, hubAccount, permission.Remediate), account, role)
}

// impostor is a role of somebody's, who may do anything in his account, of the name of
// the hub's function.
func (b burglar) impostor(accountID string) aws.Config {
	b.t.Helper()
	w := b.as(accountID)
	_, err := w.iam.CreateRole(b.t.Context(), &iam.CreateRoleInput{RoleName: new("keymend-remediate"),
		AssumeRolePolicyDocument: new(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + accountID + `:root"},"Action":"sts:AssumeRole"}]}`)})
	must(b.t, err)
	_, err = w.iam.PutRolePolicy(b.t.Context(), &iam.PutRolePolicyInput{RoleName: new("keymend-remediate"), PolicyName: new("all"),
		PolicyDocument: new(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)})
	must(b.t, err)
	return b.taken(w.cfg, accountID, permission.Remediate)
}

// TestWhoTakesAMembersRoles: the hub's functions, each its own, and nobody else.
func TestWhoTakesAMembersRoles(t *testing.T) {
	t.Parallel()
	b := newBurglar(t)
	all := []permission.Role{permission.Reader, permission.Granter, permission.Forwarder, permission.PolicyWriter, permission.GroupWriter, permission.Copier}
	for who, tc := range map[string]struct {
		from aws.Config
		may  []permission.Role
	}{
		"remediate":                      {b.taken(b.cfg, hubAccount, permission.Remediate), []permission.Role{permission.Reader, permission.Granter}},
		"diagnose":                       {b.taken(b.cfg, hubAccount, permission.Diagnose), []permission.Role{permission.Reader}},
		"the hub's auditor":              {b.taken(b.cfg, hubAccount, permission.Auditor), []permission.Role{permission.Reader}},
		"the hub's administrator":        {b.cfg, nil},
		"the member's administrator":     {b.as(account).cfg, nil},
		"another's administrator":        {b.as(owner).cfg, nil},
		"a role of the name in a member": {b.impostor(owner), nil},
		"one in the member itself":       {b.impostor(account), nil},
		"one of an outsider's":           {b.impostor(third), nil},
	} {
		for _, role := range all {
			_, err := b.take(tc.from, account, role)
			may := false
			for _, r := range tc.may {
				may = may || r == role
			}
			if d, denied := keymend.DenialOf(err); may && err != nil || !may && (!denied || d.Action != "sts:AssumeRole") {
				t.Errorf("%s takes %s: %v", who, role, err)
			}
		}
	}
}

// TestWhoLeavesIsShutOut: a hub out of the organization enters no member, and no account
// that left is entered, though the roles are still there. A role of the hub's that is
// deleted and made again is let in.
func TestWhoLeavesIsShutOut(t *testing.T) {
	t.Parallel()
	b := newBurglar(t)
	remediate := b.taken(b.cfg, hubAccount, permission.Remediate)
	for left, in := range map[string][]string{"the hub": {account}, "the member": {hubAccount}} {
		must(t, b.box.SetOrganizations(organization.Of(organizationID, append([]string{management}, in...)...)))
		for _, role := range []permission.Role{permission.Reader, permission.Granter} {
			if _, err := b.take(remediate, account, role); !keymend.AccessDenied(err) {
				t.Errorf("%s left, and %s is taken: %v", left, role, err)
			}
		}
	}
	must(t, b.box.SetOrganizations(organization.Of(organizationID, management, account, hubAccount)))
	for name, policy := range map[string]string{"keymend-remediate": "keymend"} {
		_, err := b.iam.DeleteRolePolicy(t.Context(), &iam.DeleteRolePolicyInput{RoleName: &name, PolicyName: &policy})
		must(t, err)
		_, err = b.iam.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: &name})
		must(t, err)
	}
	if _, err := b.take(remediate, account, permission.Reader); err == nil {
		t.Error("the session of a role that was deleted goes on")
	}
	b.roles()
	b.by(permission.Granter)
}

func (b burglar) grant(cfg aws.Config, key, grantee string, more ...kmstypes.GrantOperation) error {
	operations := append([]kmstypes.GrantOperation{
		"CreateGrant", "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo",
	}, more...)
	_, err := kms.NewFromConfig(cfg).CreateGrant(b.t.Context(), &kms.CreateGrantInput{KeyId: &key, GranteePrincipal: &grantee, Operations: operations})
	return err
}

// wantRefused fails unless AWS refused the action by a policy of this kind; "" where it
// doesn't say, as of another account's key.
func (b burglar) wantRefused(what string, err error, action string, by keymend.PolicyType) {
	b.t.Helper()
	if d, denied := keymend.DenialOf(err); !denied || d.Action != action || d.Policy != by {
		b.t.Errorf("%s: want a refusal of %s for a %s, got %v", what, action, by, err)
	}
}

// TestAStolenHubUnderTheDefaults makes the grants that Keymend makes, and nothing else:
// the strongest of its roles in a member is the granter.
func TestAStolenHubUnderTheDefaults(t *testing.T) {
	t.Parallel()
	b := newBurglar(t)
	c, m, there := b.by(permission.Granter), b.as(account), b.as(owner)
	shared := func(accountID string) string {
		return strings.Replace(own(accountID), `"Statement":[`, `"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::`+account+`:root"},"Action":"kms:*","Resource":"*"},`, 1)
	}
	ours, theirs, strangers := m.key(own(account), enrolled), there.key(shared(owner), nil), b.as(third).key(shared(third), enrolled)
	m.makeRole()
	for what, key := range map[string]string{"on an enrolled key": ours, "where its owner lets the account": theirs} {
		if err := b.grant(c, key, role); err != nil {
			t.Errorf("a grant %s: %v", what, err)
		}
	}
	elsewhere := strings.Replace(role, account, owner, 1)
	for what, err := range map[string]error{
		"to a person":                  b.grant(c, ours, "arn:aws:iam::"+account+":user/admin"),
		"to the hub":                   b.grant(c, ours, "arn:aws:iam::"+hubAccount+":role/keymend-remediate"),
		"to another account's role":    b.grant(c, ours, elsewhere),
		"of a ninth operation":         b.grant(c, ours, role, kmstypes.GrantOperationRetireGrant),
		"on a key that isn't enrolled": b.grant(c, m.key(own(account), nil), role),
		"on a key to be ignored":       b.grant(c, m.key(own(account), map[string]string{"keymend": "ignore"}), role),
	} {
		b.wantRefused("a grant "+what, err, "kms:CreateGrant", keymend.IdentityBased)
	}
	for what, err := range map[string]error{
		"to a person, on another's key": b.grant(c, theirs, "arn:aws:iam::"+account+":user/admin"),
		"to the owner's own role":       b.grant(c, theirs, elsewhere),
		"on a stranger's key":           b.grant(c, strangers, role),
	} {
		if !keymend.AccessDenied(err) {
			t.Errorf("a grant %s: %v", what, err)
		}
	}
	// Nobody may write a key policy: there is no role for it.
	for _, r := range []permission.Role{permission.Reader, permission.Granter} {
		b.wantNoPolicy(string(r), b.by(r), ours)
	}
	for _, r := range []permission.Role{permission.Diagnose, permission.Remediate, permission.Auditor} {
		b.wantNoPolicy(string(r), b.taken(b.cfg, hubAccount, r), ours)
	}
	roles, err := m.iam.ListRoles(t.Context(), &iam.ListRolesInput{})
	must(t, err)
	for _, r := range roles.Roles {
		if strings.Contains(*r.RoleName, "writer") || strings.Contains(*r.RoleName, "copier") {
			t.Errorf("there is %s", *r.RoleName)
		}
	}
}

func (b burglar) wantNoPolicy(who string, cfg aws.Config, key string) {
	b.t.Helper()
	_, err := kms.NewFromConfig(cfg).PutKeyPolicy(b.t.Context(), &kms.PutKeyPolicyInput{KeyId: &key, Policy: new(own(account))})
	if !keymend.AccessDenied(err) {
		b.t.Errorf("%s writes a key policy: %v", who, err)
	}
}

// TestAStolenReader reads what launches rest on, and no other parameters.
func TestAStolenReader(t *testing.T) {
	t.Parallel()
	b := newBurglar(t)
	m := b.as(account)
	m.parameter("/images/web", "ami-1")
	get := func(name string) error {
		_, err := ssm.NewFromConfig(b.by(permission.Reader)).GetParameters(t.Context(), &ssm.GetParametersInput{Names: []string{name}})
		return err
	}
	b.wantRefused("a parameter", get("/images/web"), "ssm:GetParameters", keymend.IdentityBased)
	must(t, b.box.Deploy(template.MemberRoles(), account, region, map[string]string{"ImageParameters": "/images/"}, nil))
	if err := get("/images/web"); err != nil {
		t.Error(err)
	}
	b.wantRefused("one elsewhere", get("/secret"), "ssm:GetParameters", keymend.IdentityBased)
	_, err := ssm.NewFromConfig(b.by(permission.Reader)).GetParameter(t.Context(), &ssm.GetParameterInput{Name: new("/secret")})
	b.wantRefused("one by name", err, "ssm:GetParameter", keymend.IdentityBased)
}

// TestWhoseEventsTheHubHears: its members', by their forwarders, as AWS said them.
func TestWhoseEventsTheHubHears(t *testing.T) {
	t.Parallel()
	b := newBurglar(t)
	bus := "arn:aws:events:" + region + ":" + hubAccount + ":event-bus/keymend"
	must(t, b.box.Deploy(template.MemberRoles(), third, region, nil, nil))
	to := func(accountID, target string) error {
		w := b.as(accountID)
		_, err := w.bus.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: new("mine"), EventPattern: new(`{"source":["aws.autoscaling"]}`)})
		must(t, err)
		_, err = w.bus.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: new("mine"), Targets: []ebtypes.Target{{
			Id: new("hub"), Arn: &target, RoleArn: new("arn:aws:iam::" + accountID + ":role/keymend-forwarder")}}})
		return err
	}
	if err := to(account, bus); err != nil {
		t.Error(err)
	}
	for what, err := range map[string]error{
		"an outsider's":              to(third, bus),
		"a forwarder's on another":   to(account, strings.Replace(bus, "keymend", "other", 1)),
		"a forwarder's in its place": to(account, strings.Replace(bus, hubAccount, owner, 1)),
	} {
		if !keymend.AccessDenied(err) {
			t.Errorf("%s events: %v", what, err)
		}
	}
	out, err := b.as(account).bus.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{
		{Source: new("aws.autoscaling"), DetailType: new("EC2 Instance Launch Unsuccessful"), Detail: new(`{"AutoScalingGroupName":"web-prod"}`)}}})
	must(t, err)
	if out.FailedEntryCount != 1 || *out.Entries[0].ErrorCode != "NotAuthorizedForSourceException" {
		t.Errorf("a member says it is AWS: %+v", out.Entries)
	}
	// A detail that names another account is looked at in the sender's only.
	body := strings.ReplaceAll(launchUnsuccessful, "GROUP", "web-prod")
	body = strings.Replace(body, `"resources":[]`, `"resources":["arn:aws:autoscaling:`+region+`:`+owner+`:autoScalingGroup:1:autoScalingGroupName/web-prod"]`, 1)
	b.deliver(strings.Replace(body, `"detail":{`, `"detail":{"account":"`+owner+`","AccountId":"`+owner+`",`, 1))
	b.box.Advance(5 * time.Minute)
	asked := 0
	for _, c := range b.box.Calls() {
		if c.Service == "autoscaling" && strings.Contains(c.Caller, "keymend-reader") {
			asked++
			if c.Account != account {
				t.Errorf("it looks in %s: %+v", c.Account, c)
			}
		}
	}
	if asked == 0 {
		t.Errorf("it doesn't look at all\n%v", b.story())
	}
}

// samplePolicy is a policy that docs/policies has for administrators.
func samplePolicy(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "policies", name+".json"))
	must(t, err)
	return string(text)
}

// governs attaches service control policies to the root, and some to the hub's account.
func (b burglar) governs(all ...string) {
	b.t.Helper()
	b.governsHub(nil, all...)
}

func (b burglar) governsHub(hubs []string, all ...string) {
	b.t.Helper()
	o := organization.Of(organizationID, management, account, owner, hubAccount)
	for i, text := range append(all, hubs...) {
		target := o.Root
		if i >= len(all) {
			target = hubAccount
		}
		o.Policies = append(o.Policies, organization.Policy{ID: fmt.Sprintf("p-0000000%d", i), Type: organization.ServiceControl, Document: json.RawMessage(text), Targets: []string{target}})
	}
	must(b.t, b.box.SetOrganizations(o))
}

// AWS's policies that deny grants which no service makes: Control Tower's, with the place
// for its parameter, and that of AWS's data perimeter samples.
// https://docs.aws.amazon.com/controltower/latest/controlreference/ct-kms-pv-1.html
// https://github.com/aws-samples/data-perimeter-policy-examples
const (
	controlTower  = `{"Version":"2012-10-17","Statement":[{"Sid":"CTKMSPV1","Effect":"Deny","Action":"kms:CreateGrant","Resource":"*","Condition":{"BoolIfExists":{"kms:GrantIsForAWSResource":"false","aws:PrincipalIsAWSService":"false"}EXEMPT}}]}`
	dataPerimeter = `{"Version":"2012-10-17","Statement":[{"Sid":"RestrictKMSGrantsCreationToAWSServices","Effect":"Deny","Action":"kms:CreateGrant","Resource":"*","Condition":{"BoolIfExists":{"kms:GrantIsForAWSResource":"false","aws:PrincipalIsAWSService":"false"},"StringNotEqualsIfExists":{"aws:PrincipalTag/dp:exclude:identity":"true"}EXEMPT}}]}`
	exemption     = `,"ArnNotLike":{"aws:PrincipalArn":["arn:*:iam::*:role/keymend-granter"]}`
)

// TestPoliciesThatDenyPeoplesGrants deny Keymend's, too, until its granter is exempt; and
// the sample that docs/policies has is exempt as it is. Groups launch all the same.
func TestPoliciesThatDenyPeoplesGrants(t *testing.T) {
	t.Parallel()
	b := newBurglar(t)
	m := b.as(account)
	b.governs(strings.Replace(controlTower, "EXEMPT", "", 1))
	m.broken("web-prod", m.openKey())
	b.box.Advance(2 * time.Minute)
	if n := m.inService("web-prod"); n != 2 {
		t.Errorf("%d in service: the service's grants are denied\n%v", n, b.story())
	}
	granter, key := b.by(permission.Granter), m.key(own(account), enrolled)
	for name, policy := range map[string]string{"Control Tower's": controlTower, "the data perimeter's": dataPerimeter} {
		b.governs(strings.Replace(policy, "EXEMPT", "", 1))
		b.wantRefused(name, b.grant(granter, key, role), "kms:CreateGrant", keymend.ServiceControlPolicy)
		b.governs(strings.Replace(policy, "EXEMPT", exemption, 1))
		if err := b.grant(granter, key, role); err != nil {
			t.Errorf("%s, with the exemption: %v", name, err)
		}
		b.wantRefused(name+", a person", b.grant(m.cfg, key, role), "kms:CreateGrant", keymend.ServiceControlPolicy)
	}
	b.governs(strings.Replace(dataPerimeter, "EXEMPT", "", 1))
	_, err := m.iam.TagRole(t.Context(), &iam.TagRoleInput{RoleName: new("keymend-granter"), Tags: []iamtypes.Tag{{Key: new("dp:exclude:identity"), Value: new("true")}}})
	must(t, err)
	if err := b.grant(granter, key, role); err != nil {
		t.Errorf("with the tag that AWS's sample exempts by: %v", err)
	}
	b.governs(samplePolicy(t, "grants-by-services"))
	if err := b.grant(granter, key, role); err != nil {
		t.Errorf("by the sample: %v", err)
	}
	b.wantRefused("a person, by the sample", b.grant(m.cfg, key, role), "kms:CreateGrant", keymend.ServiceControlPolicy)
}

// TestAPermissionsBoundaryThatLacksAnAction: the roles can't do it, and AWS says why.
func TestAPermissionsBoundaryThatLacksAnAction(t *testing.T) {
	t.Parallel()
	b := newBurglar(t)
	must(t, b.box.Deploy([]byte(`{"Resources":{"P":{"Type":"AWS::IAM::ManagedPolicy","Properties":{"ManagedPolicyName":"bound","PolicyDocument":{
		"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["kms:CreateGrant"],"Resource":"*"}]}}}}}`), account, region, nil, nil))
	must(t, b.box.Deploy(template.MemberRoles(), account, region, map[string]string{"PermissionsBoundary": "bound"}, nil))
	m := b.as(account)
	m.makeRole()
	key := m.key(own(account), enrolled)
	b.wantRefused("a grant", b.grant(b.by(permission.Granter), key, role), "kms:CreateGrant", keymend.PermissionsBoundary)
	if _, err := kms.NewFromConfig(b.by(permission.Reader)).DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &key}); err != nil {
		t.Errorf("what the boundary allows: %v", err)
	}
}

// TestTheConsentGuard: under the sample policy nobody gives or takes the tags by which an
// owner consents, but for the role that is named for that; other tags are as before.
func TestTheConsentGuard(t *testing.T) {
	t.Parallel()
	b := newBurglar(t)
	m := b.as(account)
	key := m.key(own(account), nil)
	_, err := m.iam.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: new("key-consent"),
		AssumeRolePolicyDocument: new(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"sts:AssumeRole"}]}`)})
	must(t, err)
	_, err = m.iam.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: new("key-consent"), PolicyName: new("tags"),
		PolicyDocument: new(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["kms:TagResource","kms:UntagResource"],"Resource":"*"}]}`)})
	must(t, err)
	session, err := sts.NewFromConfig(m.cfg).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: new("arn:aws:iam::" + account + ":role/key-consent"), RoleSessionName: new("owner")})
	must(t, err)
	consent := m.cfg.Copy()
	consent.Credentials = credentials.NewStaticCredentialsProvider(*session.Credentials.AccessKeyId, *session.Credentials.SecretAccessKey, *session.Credentials.SessionToken)
	b.governs(samplePolicy(t, "consent-guard"))
	tag := func(cfg aws.Config, name string) error {
		_, err := kms.NewFromConfig(cfg).TagResource(t.Context(), &kms.TagResourceInput{KeyId: &key, Tags: []kmstypes.Tag{{TagKey: &name, TagValue: new("remediate")}}})
		return err
	}
	for _, name := range []string{"keymend", "keymend-accounts", "keymend-copy"} {
		b.wantRefused(name, tag(m.cfg, name), "kms:TagResource", keymend.ServiceControlPolicy)
		if err := tag(consent, name); err != nil {
			t.Errorf("%s, by the role that may: %v", name, err)
		}
		_, err := m.kms.UntagResource(t.Context(), &kms.UntagResourceInput{KeyId: &key, TagKeys: []string{name}})
		b.wantRefused(name+" taken away", err, "kms:UntagResource", keymend.ServiceControlPolicy)
		_, err = m.kms.CreateKey(t.Context(), &kms.CreateKeyInput{Tags: []kmstypes.Tag{{TagKey: &name, TagValue: new("remediate")}}})
		b.wantRefused("a key made with "+name, err, "kms:TagResource", keymend.ServiceControlPolicy)
	}
	if err := tag(m.cfg, "team"); err != nil {
		t.Errorf("another tag: %v", err)
	}
	_, err = m.iam.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: new("stacksets-exec-evil"), // which the policy would spare
		AssumeRolePolicyDocument: new(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"sts:AssumeRole"}]}`)})
	b.wantRefused("a role of StackSets' name", err, "iam:CreateRole", keymend.ServiceControlPolicy)
}

// TestTheEmergencyPolicy stops the hub at once, wherever it is in the middle of.
func TestTheEmergencyPolicy(t *testing.T) {
	t.Parallel()
	b := newBurglar(t)
	m := b.as(account)
	m.makeRole()
	key, remediate, granter := m.key(own(account), enrolled), b.taken(b.cfg, hubAccount, permission.Remediate), b.by(permission.Granter)
	b.governs(samplePolicy(t, "emergency"))
	b.wantRefused("a session that is open", b.grant(granter, key, role), "kms:CreateGrant", keymend.ServiceControlPolicy)
	_, err := b.take(remediate, account, permission.Reader)
	b.wantRefused("another", err, "sts:AssumeRole", keymend.ServiceControlPolicy)
	_, err = m.iam.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: new("keymend-granter"), PolicyName: new("more"), PolicyDocument: new(`{"Version":"2012-10-17","Statement":[]}`)})
	must(t, err) // a member's administrator widens own roles, unless that is denied, too
	b.governs(samplePolicy(t, "members"))
	_, err = m.iam.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: new("keymend-granter"), PolicyName: new("more"), PolicyDocument: new(`{"Version":"2012-10-17","Statement":[]}`)})
	b.wantRefused("a wider granter", err, "iam:PutRolePolicy", keymend.ServiceControlPolicy)
	_, err = m.bus.DisableRule(t.Context(), &eventbridge.DisableRuleInput{Name: new("keymend-launch-unsuccessful")})
	b.wantRefused("a rule less", err, "events:DisableRule", keymend.ServiceControlPolicy)
	_, err = m.ssm.PutParameter(t.Context(), &ssm.PutParameterInput{Name: new(permission.Wave), Value: new("{}"), Overwrite: new(true)})
	b.wantRefused("another wave", err, "ssm:PutParameter", keymend.ServiceControlPolicy)
	m.parameter("/keymend/switch", "off") // the owner's brake stays the owner's
}

// TestAllThePolicies that docs/policies has for every day spare Keymend: a member is
// healed. The hub's administrator changes nothing of Keymend's there.
func TestAllThePolicies(t *testing.T) {
	t.Parallel()
	b := burglar{newHub(t, nil, management, account, owner)}
	b.join(account, nil)
	m := b.at(account, far)
	key := m.key(own(account), enrolled)
	b.governsHub([]string{samplePolicy(t, "hub")}, samplePolicy(t, "members"), samplePolicy(t, "consent-guard"), samplePolicy(t, "grants-by-services"))
	m.broken("web-prod", key)
	b.box.Advance(10 * time.Minute)
	if n := m.inService("web-prod"); n != 2 || b.writes() != 1 {
		t.Errorf("%d in service, %d writes\n%v", n, b.writes(), b.story())
	}
	nothing := new(`{"Version":"2012-10-17","Statement":[]}`)
	queue, err := b.sqs.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: new("keymend-changes.fifo")})
	must(t, err)
	_, rolePolicy := b.iam.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: new("keymend-remediate"), PolicyName: new("more"), PolicyDocument: nothing})
	_, permitted := b.bus.PutPermission(t.Context(), &eventbridge.PutPermissionInput{EventBusName: new("keymend"), Policy: nothing})
	_, ruled := b.bus.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: new("keymend-mine"), EventPattern: new(`{"source":["aws.kms"]}`)})
	_, purged := b.sqs.PurgeQueue(t.Context(), &sqs.PurgeQueueInput{QueueUrl: queue.QueueUrl})
	_, sent := b.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: queue.QueueUrl, MessageBody: new("{}"), MessageGroupId: new("g"), MessageDeduplicationId: new("d")})
	for action, err := range map[string]error{
		"iam:PutRolePolicy": rolePolicy, "events:PutPermission": permitted, "events:PutRule": ruled, "sqs:PurgeQueue": purged, "sqs:SendMessage": sent,
	} {
		b.wantRefused("the hub's administrator", err, action, keymend.ServiceControlPolicy)
	}
}
