package kms_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/keypolicy"
	"keymend/pkg/sandbox/clock"
	"keymend/pkg/sandbox/iam"
	"keymend/pkg/sandbox/kms"
	"keymend/pkg/sandbox/wire"
)

const (
	owner  = "111122223333"
	other  = "444455556666"
	region = "eu-west-1"
	trust  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`
	root   = `{"Sid":"Root","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + owner + `:root"},"Action":"kms:*","Resource":"*"}`
)

// A fixture is a KMS beside a real IAM, with its clock and what it recorded.
type fixture struct {
	t     *testing.T
	clock *clock.Clock
	iam   *iam.Service
	kms   *kms.Service
	calls []wire.Call
}

func set(t *testing.T) *fixture {
	t.Helper()
	c := clock.New(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	f := &fixture{t: t, clock: c, iam: iam.New(c)}
	f.kms = kms.New(c, f.iam, func(c wire.Call) { f.calls = append(f.calls, c) })
	for _, account := range []string{owner, other} {
		if _, err := f.iam.Authenticate(account, "", region); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func (f *fixture) admin(account string) context.Context {
	f.t.Helper()
	c, err := f.iam.Authenticate(account, "", region)
	if err != nil {
		f.t.Fatal(err)
	}
	return wire.WithCaller(context.Background(), c)
}

// role makes a role with one policy ("" = none) and returns its session.
func (f *fixture) role(account, name, policy string) *wire.Caller {
	f.t.Helper()
	inline := map[string]string{}
	if policy != "" {
		inline["p"] = policy
	}
	r, err := f.iam.PutRole(account, name, "/", trust, inline)
	if err != nil {
		f.t.Fatal(err)
	}
	return f.session(r.ARN)
}

func (f *fixture) session(arn string) *wire.Caller {
	f.t.Helper()
	c, err := f.iam.RoleSession(arn, "s", region, "")
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

func (f *fixture) slr(account string) *wire.Caller {
	f.t.Helper()
	r, err := f.iam.EnsureServiceLinkedRole(account, "autoscaling.amazonaws.com", "")
	if err != nil {
		f.t.Fatal(err)
	}
	c, err := f.iam.RoleSession(r.ARN, "AutoScaling", region, "autoscaling.amazonaws.com")
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

// key makes a key of the owner's with the statements, the root's first.
func (f *fixture) key(statements ...string) string {
	f.t.Helper()
	out, err := f.kms.CreateKey(f.admin(owner), &awskms.CreateKeyInput{Policy: new(policy(append([]string{root}, statements...)...))})
	if err != nil {
		f.t.Fatal(err)
	}
	return *out.KeyMetadata.Arn
}

func policy(statements ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

func statement(sid, effect, principal, actions, more string) string {
	return fmt.Sprintf(`{"Sid":%q,"Effect":%q,"Principal":{"AWS":%q},"Action":%s,"Resource":"*"%s}`, sid, effect, principal, actions, more)
}

func (f *fixture) wantCode(err error, code, says string) {
	f.t.Helper()
	var w *wire.Error
	if !errors.As(err, &w) || w.Code != code || !strings.Contains(w.Message, says) {
		f.t.Errorf("%v, want %s: …%s…", err, code, says)
	}
}

const use = `["kms:GenerateDataKeyWithoutPlaintext","kms:Decrypt","kms:CreateGrant"]`

// TestAuthorisation is the matrix of who may: by which way, from where, and
// with which words a refusal comes.
func TestAuthorisation(t *testing.T) {
	t.Parallel()
	const (
		mine     = "arn:aws:iam::" + owner + ":role/app"
		foreign  = "arn:aws:iam::" + other + ":role/app"
		linked   = "arn:aws:iam::" + owner + ":role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
		mayAll   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*"}]}`
		denyUse  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*"},{"Effect":"Deny","Action":"kms:Generate*","Resource":"*"}]}`
		via      = `,"Condition":{"StringEquals":{"kms:ViaService":"ec2.eu-west-1.amazonaws.com"}}`
		otherVia = `,"Condition":{"StringEquals":{"kms:ViaService":"rds.eu-west-1.amazonaws.com"}}`
		vague    = "on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access"
	)
	for name, tc := range map[string]struct {
		account, identity string // of the role "app"; "slr" as identity: the service-linked role
		session           string // session policy
		statements        []string
		rootless          bool
		grantFrom         string // an administrator's account that grants
		denied            string // "" = allowed
	}{
		"root delegates to IAM":            {account: owner, identity: mayAll},
		"root delegates, IAM is silent":    {account: owner, denied: "because no identity-based policy allows the kms:GenerateDataKeyWithoutPlaintext action"},
		"nobody's statement":               {account: owner, identity: mayAll, rootless: true, denied: "because no resource-based policy allows the kms:GenerateDataKeyWithoutPlaintext action"},
		"statement names the role":         {account: owner, statements: []string{statement("A", "Allow", mine, use, "")}},
		"IAM denies":                       {account: owner, identity: denyUse, statements: []string{statement("A", "Allow", mine, use, "")}, denied: "with an explicit deny in an identity-based policy"},
		"key policy denies":                {account: owner, identity: mayAll, statements: []string{statement("A", "Deny", mine, use, "")}, denied: "with an explicit deny in a resource-based policy"},
		"key policy denies, grant allows":  {account: owner, grantFrom: owner, statements: []string{statement("A", "Deny", mine, `"kms:Generate*"`, "")}, denied: "with an explicit deny in a resource-based policy"},
		"session policy is narrower":       {account: owner, identity: mayAll, session: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:DescribeKey","Resource":"*"}]}`, denied: "because no session policy allows"},
		"grant":                            {account: owner, grantFrom: owner},
		"SLR: root is nothing to it":       {identity: "slr", denied: "assumed-role/AWSServiceRoleForAutoScaling/AutoScaling is not authorized to perform: kms:GenerateDataKeyWithoutPlaintext on resource: arn:aws:kms:"},
		"SLR: statement":                   {identity: "slr", statements: []string{statement("A", "Allow", linked, use, "")}},
		"SLR: everyone by way of EC2":      {identity: "slr", statements: []string{statement("A", "Allow", "*", use, via)}},
		"SLR: everyone by way of another":  {identity: "slr", statements: []string{statement("A", "Allow", "*", use, otherVia)}, denied: "not authorized"},
		"SLR: grant":                       {identity: "slr", grantFrom: owner},
		"other account: statement alone":   {account: other, statements: []string{statement("A", "Allow", foreign, use, "")}, denied: vague},
		"other account: IAM alone":         {account: other, identity: mayAll, denied: vague},
		"other account: both":              {account: other, identity: mayAll, statements: []string{statement("A", "Allow", foreign, use, "")}},
		"other account: its root, and IAM": {account: other, identity: mayAll, statements: []string{statement("A", "Allow", "arn:aws:iam::"+other+":root", use, "")}},
		"other account: grant it issued":   {account: other, grantFrom: other, statements: []string{statement("A", "Allow", "arn:aws:iam::"+other+":root", `"kms:CreateGrant"`, "")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := set(t)
			var c *wire.Caller
			if tc.identity == "slr" {
				c = f.slr(owner)
			} else {
				c = f.role(tc.account, "app", tc.identity)
			}
			if tc.session != "" {
				doc, err := keypolicy.Parse(tc.session)
				if err != nil {
					t.Fatal(err)
				}
				c.Narrowing = []*keypolicy.Document{doc}
			}
			key := f.key(tc.statements...)
			if tc.rootless {
				f.put(key, policy(statement("Admin", "Allow", "arn:aws:iam::"+owner+":user/admin", `"kms:*"`, "")))
			}
			if tc.grantFrom != "" {
				if _, err := f.kms.CreateGrant(f.admin(tc.grantFrom), &awskms.CreateGrantInput{KeyId: &key, GranteePrincipal: &c.Role,
					Operations: []types.GrantOperation{"GenerateDataKeyWithoutPlaintext"}}); err != nil {
					t.Fatal(err)
				}
			}
			arn, err := f.kms.Use(c, key, "GenerateDataKeyWithoutPlaintext", kms.Use{
				EncryptionContext: map[string]string{"aws:ebs:id": "vol-1"}, ViaService: "ec2.eu-west-1.amazonaws.com"})
			switch {
			case tc.denied == "" && (err != nil || arn != key):
				t.Errorf("%s, %v; want it allowed", arn, err)
			case tc.denied != "":
				f.wantCode(err, "AccessDeniedException", tc.denied)
			}
			if len(f.calls) != 1 || (f.calls[0].Err == nil) != (tc.denied == "") {
				t.Errorf("recorded %+v", f.calls)
			}
		})
	}
}

func (f *fixture) put(key, text string) {
	f.t.Helper()
	if _, err := f.kms.PutKeyPolicy(f.admin(owner), &awskms.PutKeyPolicyInput{KeyId: &key, Policy: &text}); err != nil {
		f.t.Fatal(err)
	}
}

// TestStates holds the error texts of keys that aren't Enabled.
func TestStates(t *testing.T) {
	t.Parallel()
	f := set(t)
	c := f.slr(owner)
	key := f.key(statement("A", "Allow", c.Role, use, ""))
	try := func() error {
		_, err := f.kms.Use(c, key, "GenerateDataKeyWithoutPlaintext", kms.Use{})
		return err
	}
	if _, err := f.kms.DisableKey(f.admin(owner), &awskms.DisableKeyInput{KeyId: &key}); err != nil {
		t.Fatal(err)
	}
	f.wantCode(try(), "DisabledException", key+" is disabled.")
	_, err := f.kms.CreateGrant(f.admin(owner), &awskms.CreateGrantInput{KeyId: &key, GranteePrincipal: &c.Role, Operations: []types.GrantOperation{"Decrypt"}})
	f.wantCode(err, "DisabledException", "is disabled")
	f.put(key, policy(root)) // works in every state
	if _, err := f.kms.ScheduleKeyDeletion(f.admin(owner), &awskms.ScheduleKeyDeletionInput{KeyId: &key}); err != nil {
		t.Fatal(err)
	}
	f.wantCode(try(), "AccessDeniedException", "") // the policy no longer names it
	_, err = f.kms.EnableKey(f.admin(owner), &awskms.EnableKeyInput{KeyId: &key})
	f.wantCode(err, "KMSInvalidStateException", "pending deletion")
	out, err := f.kms.DescribeKey(f.admin(owner), &awskms.DescribeKeyInput{KeyId: &key})
	if err != nil || out.KeyMetadata.KeyState != types.KeyStatePendingDeletion || out.KeyMetadata.Enabled || out.KeyMetadata.DeletionDate == nil {
		t.Errorf("%+v, %v", out, err)
	}
	if _, err := f.kms.CancelKeyDeletion(f.admin(owner), &awskms.CancelKeyDeletionInput{KeyId: &key}); err != nil {
		t.Error(err)
	}
	if _, err := f.kms.EnableKey(f.admin(owner), &awskms.EnableKeyInput{KeyId: &key}); err != nil {
		t.Error(err)
	}
}

// TestAWSManagedKey: everyone of the account may use alias/aws/ebs by way of
// EC2, and no other way.
func TestAWSManagedKey(t *testing.T) {
	t.Parallel()
	f := set(t)
	c := f.slr(owner)
	key := f.kms.EnsureAWSManaged(owner, region)
	if again := f.kms.EnsureAWSManaged(owner, region); again != key {
		t.Errorf("%s, then %s", key, again)
	}
	if _, err := f.kms.Use(c, "alias/aws/ebs", "GenerateDataKeyWithoutPlaintext", kms.Use{ViaService: "ec2.eu-west-1.amazonaws.com"}); err != nil {
		t.Error(err)
	}
	_, err := f.kms.Use(c, key, "GenerateDataKeyWithoutPlaintext", kms.Use{})
	f.wantCode(err, "AccessDeniedException", "")
	arn, manager, ok := f.kms.DescribeForLaunch(owner, region, "alias/aws/ebs")
	if arn != key || manager != "AWS" || !ok {
		t.Errorf("%s %s %v", arn, manager, ok)
	}
	if _, _, ok := f.kms.DescribeForLaunch(owner, region, "alias/none"); ok {
		t.Error("a key that isn't there was described")
	}
	_, err = f.kms.DisableKey(f.admin(owner), &awskms.DisableKeyInput{KeyId: &key})
	if err == nil {
		t.Error("an AWS managed key was disabled")
	}
}

func TestAliasesAndTags(t *testing.T) {
	t.Parallel()
	f := set(t)
	ctx := f.admin(owner)
	a, b := f.key(), f.key()
	if _, err := f.kms.CreateAlias(ctx, &awskms.CreateAliasInput{AliasName: new("alias/x"), TargetKeyId: &a}); err != nil {
		t.Fatal(err)
	}
	_, err := f.kms.CreateAlias(ctx, &awskms.CreateAliasInput{AliasName: new("alias/x"), TargetKeyId: &b})
	f.wantCode(err, "AlreadyExistsException", "alias/x")
	for _, name := range []string{"alias/x", "arn:aws:kms:eu-west-1:" + owner + ":alias/x", a, a[len(a)-36:]} {
		out, err := f.kms.DescribeKey(ctx, &awskms.DescribeKeyInput{KeyId: &name})
		if err != nil || *out.KeyMetadata.Arn != a {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
	}
	_, err = f.kms.GetKeyPolicy(ctx, &awskms.GetKeyPolicyInput{KeyId: new("alias/x")})
	f.wantCode(err, "NotFoundException", "Invalid keyId alias/x")
	_, err = f.kms.ListGrants(ctx, &awskms.ListGrantsInput{KeyId: new("arn:aws:kms:eu-west-1:" + owner + ":alias/x")})
	f.wantCode(err, "NotFoundException", "Invalid keyId arn:")
	_, err = f.kms.CreateGrant(ctx, &awskms.CreateGrantInput{KeyId: new("alias/x"), GranteePrincipal: new("arn:aws:iam::" + owner + ":root"), Operations: []types.GrantOperation{"Decrypt"}})
	f.wantCode(err, "NotFoundException", "Invalid keyId alias/x")
	if _, err := f.kms.UpdateAlias(ctx, &awskms.UpdateAliasInput{AliasName: new("alias/x"), TargetKeyId: &b}); err != nil {
		t.Error(err)
	}
	for key, want := range map[string]int{a: 0, b: 1} {
		out, err := f.kms.ListAliases(ctx, &awskms.ListAliasesInput{KeyId: &key})
		if err != nil || len(out.Aliases) != want {
			t.Errorf("%+v, %v; want %d", out, err, want)
		}
	}
	if _, err := f.kms.TagResource(ctx, &awskms.TagResourceInput{KeyId: &a, Tags: []types.Tag{{TagKey: new("keymend"), TagValue: new("remediate")}, {TagKey: new("z"), TagValue: new("1")}}}); err != nil {
		t.Error(err)
	}
	if _, err := f.kms.UntagResource(ctx, &awskms.UntagResourceInput{KeyId: &a, TagKeys: []string{"z"}}); err != nil {
		t.Error(err)
	}
	tags, err := f.kms.ListResourceTags(ctx, &awskms.ListResourceTagsInput{KeyId: &a})
	if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].TagValue != "remediate" {
		t.Errorf("%+v, %v", tags, err)
	}
	// A condition on the tag decides.
	c := f.role(owner, "app", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:DescribeKey","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/keymend":"remediate"}}}]}`)
	asApp := wire.WithCaller(context.Background(), c)
	if _, err := f.kms.DescribeKey(asApp, &awskms.DescribeKeyInput{KeyId: &a}); err != nil {
		t.Error(err)
	}
	_, err = f.kms.DescribeKey(asApp, &awskms.DescribeKeyInput{KeyId: &b})
	f.wantCode(err, "AccessDeniedException", "identity-based")
	if _, err := f.kms.DeleteAlias(ctx, &awskms.DeleteAliasInput{AliasName: new("alias/x")}); err != nil {
		t.Error(err)
	}
	_, err = f.kms.DescribeKey(ctx, &awskms.DescribeKeyInput{KeyId: new("alias/x")})
	f.wantCode(err, "NotFoundException", "alias/x")
	_, err = f.kms.DescribeKey(ctx, &awskms.DescribeKeyInput{KeyId: new("arn:aws:kms:eu-west-1:" + other + ":key/none")})
	f.wantCode(err, "AccessDeniedException", "does not exist in this Region")
}
