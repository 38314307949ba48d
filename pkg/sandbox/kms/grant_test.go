package kms_test

import (
	"context"
	"testing"

	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/sandbox/kms"
	"keymend/pkg/sandbox/wire"
)

func (f *fixture) grant(ctx context.Context, key, grantee, name string, ops ...types.GrantOperation) *awskms.CreateGrantOutput {
	f.t.Helper()
	in := &awskms.CreateGrantInput{KeyId: &key, GranteePrincipal: &grantee, Operations: ops}
	if name != "" {
		in.Name = &name
	}
	out, err := f.kms.CreateGrant(ctx, in)
	if err != nil {
		f.t.Fatal(err)
	}
	return out
}

// TestGrantNames: the same name and properties are the same grant; without a
// name, or with other properties, each is a new one.
func TestGrantNames(t *testing.T) {
	t.Parallel()
	f := set(t)
	ctx, c, key := f.admin(owner), f.slr(owner), f.key()
	a := f.grant(ctx, key, c.Role, "keymend-1", "Decrypt", "Encrypt")
	b := f.grant(ctx, key, c.Role, "keymend-1", "Encrypt", "Decrypt")
	if *a.GrantId != *b.GrantId || *a.GrantToken == *b.GrantToken {
		t.Errorf("%s and %s; want one id and two tokens", *a.GrantId, *b.GrantId)
	}
	if *f.grant(ctx, key, c.Role, "keymend-1", "Decrypt").GrantId == *a.GrantId {
		t.Error("other operations, same grant")
	}
	first, second := f.grant(ctx, key, c.Role, "", "Decrypt"), f.grant(ctx, key, c.Role, "", "Decrypt")
	if *first.GrantId == *second.GrantId {
		t.Error("two grants without name are one")
	}
	out, err := f.kms.ListGrants(ctx, &awskms.ListGrantsInput{KeyId: &key, Limit: new(int32(3))})
	if err != nil || len(out.Grants) != 3 || !out.Truncated {
		t.Fatalf("%+v, %v", out, err)
	}
	rest, err := f.kms.ListGrants(ctx, &awskms.ListGrantsInput{KeyId: &key, Limit: new(int32(3)), Marker: out.NextMarker})
	if err != nil || len(rest.Grants) != 1 || rest.Truncated {
		t.Errorf("%+v, %v", rest, err)
	}
	if g := out.Grants[0]; *g.IssuingAccount != "arn:aws:iam::"+owner+":root" || *g.KeyId != key || *g.Name != "keymend-1" {
		t.Errorf("%+v", g)
	}
}

func TestGrantRefusals(t *testing.T) {
	t.Parallel()
	f := set(t)
	c, key := f.slr(owner), f.key()
	_, err := f.kms.CreateGrant(f.admin(owner), &awskms.CreateGrantInput{KeyId: &key, GranteePrincipal: &c.Role,
		Operations: []types.GrantOperation{"Decrypt"}, DryRun: new(true)})
	f.wantCode(err, "DryRunOperationException", "")
	_, err = f.kms.CreateGrant(f.admin(owner), &awskms.CreateGrantInput{KeyId: &key, GranteePrincipal: new("arn:aws:iam::" + owner + ":role/none"),
		Operations: []types.GrantOperation{"Decrypt"}})
	f.wantCode(err, "InvalidArnException", "ARN does not refer to a valid principal: arn:aws:iam::"+owner+":role/none")
	nobody := wire.WithCaller(context.Background(), f.role(owner, "app", ""))
	_, err = f.kms.CreateGrant(nobody, &awskms.CreateGrantInput{KeyId: &key, GranteePrincipal: &c.Role,
		Operations: []types.GrantOperation{"Decrypt"}, DryRun: new(true)})
	f.wantCode(err, "AccessDeniedException", "kms:CreateGrant")
	out, err := f.kms.ListGrants(f.admin(owner), &awskms.ListGrantsInput{KeyId: &key})
	if err != nil || len(out.Grants) != 0 {
		t.Errorf("a refused or dry call left %+v, %v", out, err)
	}
}

// TestGrantConditions: grantee, operations and "for an AWS resource" decide who
// may create a grant.
func TestGrantConditions(t *testing.T) {
	t.Parallel()
	f := set(t)
	linked := f.slr(owner)
	writer := f.role(owner, "granter", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:CreateGrant","Resource":"*","Condition":{
		"ArnLike":{"kms:GranteePrincipal":"arn:aws:iam::*:role/aws-service-role/*"},"ForAllValues:StringEquals":{"kms:GrantOperations":["Decrypt","CreateGrant"]}}}]}`)
	asWriter := wire.WithCaller(context.Background(), writer)
	key := f.key(statement("A", "Allow", linked.Role, `"kms:CreateGrant"`, `,"Condition":{"Bool":{"kms:GrantIsForAWSResource":true}}`))
	f.grant(asWriter, key, linked.Role, "", "Decrypt")
	for _, in := range []*awskms.CreateGrantInput{
		{KeyId: &key, GranteePrincipal: &linked.Role, Operations: []types.GrantOperation{"Decrypt", "Encrypt"}},
		{KeyId: &key, GranteePrincipal: &writer.Role, Operations: []types.GrantOperation{"Decrypt"}},
	} {
		_, err := f.kms.CreateGrant(asWriter, in)
		f.wantCode(err, "AccessDeniedException", "kms:CreateGrant")
	}
	u := kms.Use{Grantee: "arn:aws:sts::" + owner + ":assumed-role/aws:ec2-infrastructure/i-1", GrantOperations: []string{"Decrypt"},
		EncryptionContext: map[string]string{"aws:ebs:id": "vol-1"}, ViaService: "ec2.eu-west-1.amazonaws.com"}
	_, err := f.kms.Use(linked, key, "CreateGrant", u)
	f.wantCode(err, "AccessDeniedException", "")
	u.ForAWSResource = true
	if _, err := f.kms.Use(linked, key, "CreateGrant", u); err != nil {
		t.Error(err)
	}
	out, err := f.kms.ListGrants(f.admin(owner), &awskms.ListGrantsInput{KeyId: &key, GranteePrincipal: &u.Grantee})
	if err != nil || len(out.Grants) != 1 || out.Grants[0].Constraints.EncryptionContextSubset["aws:ebs:id"] != "vol-1" {
		t.Errorf("%+v, %v", out, err)
	}
}

// TestGrantHandsOnWhatItHolds: a grantee with CreateGrant can't grant more
// than it was granted.
func TestGrantHandsOnWhatItHolds(t *testing.T) {
	t.Parallel()
	f := set(t)
	c, key := f.slr(owner), f.key()
	f.grant(f.admin(owner), key, c.Role, "", "CreateGrant", "Decrypt")
	u := kms.Use{Grantee: "arn:aws:sts::" + owner + ":assumed-role/aws:ec2-infrastructure/i-1", GrantOperations: []string{"Decrypt"}, ForAWSResource: true}
	if _, err := f.kms.Use(c, key, "CreateGrant", u); err != nil {
		t.Error(err)
	}
	u.GrantOperations = []string{"Decrypt", "Encrypt"}
	_, err := f.kms.Use(c, key, "CreateGrant", u)
	f.wantCode(err, "AccessDeniedException", "kms:CreateGrant")
}

// TestGrantToDeletedRole: a grant stays with the role that was meant; one of
// the same name gets nothing.
func TestGrantToDeletedRole(t *testing.T) {
	t.Parallel()
	f := set(t)
	key := f.key()
	old := f.role(owner, "app", "")
	f.grant(f.admin(owner), key, old.Role, "", "Decrypt")
	if _, err := f.kms.Use(old, key, "Decrypt", kms.Use{}); err != nil {
		t.Fatal(err)
	}
	f.deleteRole("app")
	anew := f.role(owner, "app", "")
	_, err := f.kms.Use(anew, key, "Decrypt", kms.Use{})
	f.wantCode(err, "AccessDeniedException", "kms:Decrypt")
	out, err := f.kms.ListGrants(f.admin(owner), &awskms.ListGrantsInput{KeyId: &key})
	if err != nil || *out.Grants[0].GranteePrincipal != old.UniqueID {
		t.Errorf("%+v, %v; want the grantee %s", out, err, old.UniqueID)
	}
}

func (f *fixture) deleteRole(name string) {
	f.t.Helper()
	for _, op := range f.iam.Wire().Operations {
		if op.Name == "DeleteRolePolicy" {
			_, _ = op.Call(f.admin(owner), &awsiam.DeleteRolePolicyInput{RoleName: &name, PolicyName: new("p")}) // may have none
		}
	}
	for _, op := range f.iam.Wire().Operations {
		if op.Name == "DeleteRole" {
			if _, err := op.Call(f.admin(owner), &awsiam.DeleteRoleInput{RoleName: &name}); err != nil {
				f.t.Fatal(err)
			}
		}
	}
}

// TestRetire: the retiring principal may, and others by IAM policy of the
// issuing account.
func TestRetire(t *testing.T) {
	t.Parallel()
	f := set(t)
	c, key := f.slr(owner), f.key()
	writer := f.role(owner, "writer", "")
	asWriter := wire.WithCaller(context.Background(), writer)
	in := &awskms.CreateGrantInput{KeyId: &key, GranteePrincipal: &c.Role, RetiringPrincipal: &writer.Role, Operations: []types.GrantOperation{"Decrypt"}}
	g, err := f.kms.CreateGrant(f.admin(owner), in)
	if err != nil {
		t.Fatal(err)
	}
	retire := &awskms.RetireGrantInput{KeyId: &key, GrantId: g.GrantId}
	_, err = f.kms.RetireGrant(wire.WithCaller(context.Background(), f.role(owner, "app", "")), retire)
	f.wantCode(err, "AccessDeniedException", "kms:RetireGrant")
	listed, err := f.kms.ListRetirableGrants(f.admin(owner), &awskms.ListRetirableGrantsInput{RetiringPrincipal: &writer.Role})
	if err != nil || len(listed.Grants) != 1 {
		t.Errorf("%+v, %v", listed, err)
	}
	if _, err := f.kms.RetireGrant(asWriter, retire); err != nil {
		t.Error(err)
	}
	_, err = f.kms.RetireGrant(asWriter, retire)
	f.wantCode(err, "NotFoundException", "")
	g2 := f.grant(f.admin(owner), key, c.Role, "", "Decrypt")
	if _, err := f.kms.RevokeGrant(f.admin(owner), &awskms.RevokeGrantInput{KeyId: &key, GrantId: g2.GrantId}); err != nil {
		t.Error(err)
	}
	_, err = f.kms.Use(c, key, "Decrypt", kms.Use{})
	f.wantCode(err, "AccessDeniedException", "")
}

func TestCryptography(t *testing.T) {
	t.Parallel()
	f := set(t)
	ctx, key := f.admin(owner), f.key()
	pairs := map[string]string{"a": "b"}
	sealed, err := f.kms.Encrypt(ctx, &awskms.EncryptInput{KeyId: &key, Plaintext: []byte("x"), EncryptionContext: pairs})
	if err != nil {
		t.Fatal(err)
	}
	opened, err := f.kms.Decrypt(ctx, &awskms.DecryptInput{CiphertextBlob: sealed.CiphertextBlob, EncryptionContext: pairs})
	if err != nil || string(opened.Plaintext) != "x" {
		t.Errorf("%+v, %v", opened, err)
	}
	_, err = f.kms.Decrypt(ctx, &awskms.DecryptInput{CiphertextBlob: sealed.CiphertextBlob})
	f.wantCode(err, "InvalidCiphertextException", "")
	_, err = f.kms.Decrypt(wire.WithCaller(ctx, f.role(owner, "app", "")), &awskms.DecryptInput{CiphertextBlob: sealed.CiphertextBlob, EncryptionContext: pairs})
	f.wantCode(err, "AccessDeniedException", "kms:Decrypt")
}
