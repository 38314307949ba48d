package endtoend_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"keymend/pkg/outcome"
)

// The two statements that AWS's page has, in a policy that delegates nothing to IAM.
const (
	terraform  = `{"Sid":"Keepers","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:role/terraform"},"Action":"kms:*","Resource":"*"}`
	useBySLR   = `{"Sid":"Allow service-linked role use of the customer managed key","Effect":"Allow","Principal":{"AWS":["` + role + `"]},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"*"}`
	grantBySLR = `{"Sid":"Allow attachment of persistent resources","Effect":"Allow","Principal":{"AWS":["` + role + `"]},"Action":["kms:CreateGrant"],"Resource":"*","Condition":{"Bool":{"kms:GrantIsForAWSResource":true}}}`
)

// TestKeptOut is keys of the own account whose policies name neither the account nor
// Keymend.
func TestKeptOut(t *testing.T) {
	yes := new(true)
	playAll(t, "kept", map[string]row{
		"beside one to be opened": {make: func(w *world) {
			w.launches(w.image(), volume("/dev/xvda", yes, w.key(rootOnly, enrolled)), volume("/dev/sdf", yes, w.keptKey(useBySLR, grantBySLR)))
		}},
		"closed": {ends: stands, make: func(w *world) { w.launches(w.image(), volume("/dev/xvda", yes, w.keptKey())) }},
		"by an alias": {ends: stands, make: func(w *world) {
			key := w.key(rootOnly, enrolled)
			w.alias("alias/platform-ebs", key)
			w.iamRole("terraform")
			w.keep(key)
			w.launches(w.image(), volume("/dev/xvda", yes, "alias/platform-ebs"))
		}},
		"open, and whole": {ends: runs, make: func(w *world) { w.launches(w.image(), volume("/dev/xvda", yes, w.keptKey(useBySLR, grantBySLR))) }},
	})
}

// keptKey makes a key whose policy names a role that keeps it, and nobody else but what
// more says.
func (w *world) keptKey(more ...string) string {
	w.t.Helper()
	w.iamRole("terraform")
	key := w.key(rootOnly, enrolled)
	w.keep(key, more...)
	return key
}

// keep has only role/terraform see and change a key.
func (w *world) keep(key string, more ...string) {
	w.t.Helper()
	if len(more) > 0 {
		w.makeRole()
		w.box.Advance(time.Minute) // until KMS knows it
	}
	_, err := w.kms.PutKeyPolicy(w.t.Context(), &kms.PutKeyPolicyInput{
		KeyId: &key, BypassPolicyLockoutSafetyCheck: true, Policy: new(`{"Version":"2012-10-17","Statement":[` + strings.Join(append([]string{terraform}, more...), ",") + `]}`),
	})
	must(w.t, err)
}

func (w *world) iamRole(name string) {
	w.t.Helper()
	_, err := w.iam.CreateRole(w.t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: new(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"sts:AssumeRole"}]}`)})
	must(w.t, err)
	w.box.Advance(time.Minute) // until KMS knows it
}

// asKeeper is the world as the role sees it that keeps the key.
func (w *world) asKeeper() *world {
	w.t.Helper()
	out, err := sts.NewFromConfig(w.cfg).AssumeRole(w.t.Context(), &sts.AssumeRoleInput{RoleArn: new("arn:aws:iam::" + account + ":role/terraform"), RoleSessionName: new("keeper")})
	must(w.t, err)
	cfg := w.cfg.Copy()
	cfg.Credentials = credentials.NewStaticCredentialsProvider(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
	return &world{t: w.t, box: w.box, kms: kms.NewFromConfig(cfg)}
}

// TestKeeperLetsKeymendIn adds, verbatim, what the record says for Keymend's roles; then
// Keymend opens the key itself.
func TestKeeperLetsKeymendIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.keptKey()
	w.launches(w.image(), volume("/dev/xvda", new(true), key))
	w.box.Advance(5 * time.Minute)
	w.wantUntouched()
	r := w.last(outcome.NoFix)
	if r.Plan == nil || r.Plan.ForOwner == nil || len(r.Plan.ForOwner.Let) != 2 || r.Key != key {
		t.Fatalf("%+v", r)
	}
	w.asKeeper().putPolicy(key, `{"Version":"2012-10-17","Statement":[`+strings.Join(append([]string{terraform}, r.Plan.ForOwner.Let...), ",")+`]}`)
	w.box.Advance(15 * time.Minute)
	if n := w.inService("web-prod"); n != 2 {
		t.Errorf("%d in service\n%v", n, w.story())
	}
}
