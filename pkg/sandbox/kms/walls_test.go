package kms_test

import (
	"context"
	"encoding/json"
	"testing"

	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/sandbox/kms"
	"keymend/pkg/sandbox/organization"
	"keymend/pkg/sandbox/wire"
)

// govern puts both accounts into an organization with one policy at its root, under a
// management account that is neither.
func (f *fixture) govern(of organization.PolicyType, statement string) {
	f.t.Helper()
	o := organization.Of("o-a1b2c3d4e5", "000011112222", owner, other)
	if statement != "" {
		o.Policies = []organization.Policy{{ID: "p-00000001", Type: of, Targets: []string{o.Root}, Document: json.RawMessage(policy(statement))}}
	}
	all, err := organization.Complete([]organization.Organization{o}, nil, f.clock.Now())
	if err != nil {
		f.t.Fatal(err)
	}
	f.iam.SetOrganizations(all)
}

const grantsByServices = `{"Sid":"CTKMSPV1","Effect":"Deny","Action":"kms:CreateGrant","Resource":"*","Condition":{"BoolIfExists":{"kms:GrantIsForAWSResource":"false","aws:PrincipalIsAWSService":"false"}}}`

// An organization's policies keep a role from a key as AWS says it, in the own account
// and across the organization's; a service-linked role goes on.
func TestAnOrganizationsPoliciesBindKeys(t *testing.T) {
	t.Parallel()
	f := set(t)
	const all = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*"}]}`
	slr := f.slr(owner)
	key := f.key(statement("Other", "Allow", "arn:aws:iam::"+other+":root", `"kms:*"`, ""), statement("Role", "Allow", slr.Role, use, ""))
	grant := func(account, name string) error {
		_, err := f.kms.CreateGrant(wire.WithCaller(context.Background(), f.role(account, name, all)),
			&awskms.CreateGrantInput{KeyId: &key, GranteePrincipal: new("arn:aws:iam::" + account + ":root"), Operations: []types.GrantOperation{"Decrypt"}})
		return err
	}
	f.govern(organization.ServiceControl, grantsByServices)
	f.wantCode(grant(owner, "near"), "AccessDeniedException", "kms:CreateGrant on resource: "+key+" with an explicit deny in a service control policy")
	f.wantCode(grant(other, "far"), "AccessDeniedException", "kms:CreateGrant on resource: "+key+" with an explicit deny in a service control policy")
	f.govern(organization.ServiceControl, "")
	for account, name := range map[string]string{owner: "near", other: "far"} {
		if err := grant(account, name); err != nil {
			t.Error(err)
		}
	}
	f.kms.EnsureAWSManaged(owner, region)
	f.govern(organization.ResourceControl, `{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*"}`)
	f.wantCode(grant(other, "far"), "AccessDeniedException", "with an explicit deny in a resource control policy")
	via := kms.Use{ViaService: "ec2.eu-west-1.amazonaws.com"}
	if _, err := f.kms.Use(slr, key, "GenerateDataKeyWithoutPlaintext", via); err != nil {
		t.Errorf("the service-linked role is bound: %v", err)
	}
	if _, err := f.kms.Use(f.role(owner, "app", all), "alias/aws/ebs", "GenerateDataKeyWithoutPlaintext", via); err != nil {
		t.Errorf("a resource control policy binds a key of AWS's: %v", err)
	}
}

// Policies see which tags a request is about: of a new key, of one that there is, and of
// one that loses them.
func TestWhoMayTag(t *testing.T) {
	t.Parallel()
	f := set(t)
	key, admin := f.key(), f.admin(owner)
	tags := func(name string) []types.Tag { return []types.Tag{{TagKey: &name, TagValue: new("remediate")}} }
	f.govern(organization.ServiceControl, `{"Effect":"Deny","Action":["kms:TagResource","kms:UntagResource"],"Resource":"*","Condition":{"ForAnyValue:StringLike":{"aws:TagKeys":"keymend*"}}}`)
	for _, name := range []string{"keymend", "keymend-accounts", "team"} {
		_, tagging := f.kms.TagResource(admin, &awskms.TagResourceInput{KeyId: &key, Tags: tags(name)})
		_, untagging := f.kms.UntagResource(admin, &awskms.UntagResourceInput{KeyId: &key, TagKeys: []string{name}})
		_, making := f.kms.CreateKey(admin, &awskms.CreateKeyInput{Tags: tags(name)})
		for action, err := range map[string]error{"kms:TagResource": tagging, "kms:UntagResource": untagging, "kms:TagResource on resource": making} {
			if name != "team" {
				f.wantCode(err, "AccessDeniedException", action)
			} else if err != nil {
				t.Error(err)
			}
		}
	}
}
