package iam_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/sandbox/wire"
)

// A trust policy and the caller's own policies meet in different ways in one
// account and across two.
func TestWhoMayAssume(t *testing.T) {
	t.Parallel()
	assume := func(effect string) string { return says(effect, "sts:AssumeRole", "*") }
	for name, c := range map[string]struct {
		trust   func(caller string) string
		account string   // of the role
		caller  []string // the calling role's policies
		policy  string   // of its session
		want    bool
	}{
		"trusted by name":                       {trust: func(c string) string { return trusts(c) }, account: hub, want: true},
		"trusted by name, denied by own policy": {trust: func(c string) string { return trusts(c) }, account: hub, caller: []string{assume("Deny")}},
		"trusted by name, narrowed away": {trust: func(c string) string { return trusts(c) }, account: hub,
			policy: says("Allow", "kms:*", "*")},
		"trusted by account, own policy allows": {trust: func(string) string { return trusts(root(hub)) }, account: hub,
			caller: []string{assume("Allow")}, want: true},
		"trusted by account, own policy silent": {trust: func(string) string { return trusts(root(hub)) }, account: hub},
		"trusted by account, narrowed away": {trust: func(string) string { return trusts(root(hub)) }, account: hub,
			caller: []string{assume("Allow")}, policy: says("Allow", "kms:*", "*")},
		"other account, both allow": {trust: func(c string) string { return trusts(c) }, account: member,
			caller: []string{assume("Allow")}, want: true},
		"other account, only trust":   {trust: func(c string) string { return trusts(c) }, account: member},
		"other account, root trusted": {trust: func(string) string { return trusts(root(hub)) }, account: member, caller: []string{assume("Allow")}, want: true},
		"not trusted": {trust: func(string) string { return trusts(root(member)) }, account: hub,
			caller: []string{assume("Allow")}},
		"condition on the principal's ARN met": {trust: whoIs("caller"), account: hub, caller: []string{assume("Allow")}, want: true},
		"condition on the principal's ARN not": {trust: whoIs("someone"), account: hub, caller: []string{assume("Allow")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.service.Authenticate(member, "", "eu-west-1") //nolint:errcheck // makes the account known
			caller := w.role(hub, "caller", trusts("arn:aws:iam::"+hub+":user/admin"), c.caller...)
			target := w.role(c.account, "target", c.trust(caller))
			as, err := w.assume(w.admin(hub), caller, c.policy)
			must(t, err)
			_, err = w.assume(as, target, "")
			if c.want {
				must(t, err)
				return
			}
			refused(t, err, "AccessDenied", "User: arn:aws:sts::"+hub+":assumed-role/caller/keymend-r1 is not authorized to perform: sts:AssumeRole on resource: "+target)
		})
	}
}

// whoIs trusts the account's root for one role: the form that survives the
// role's re-creation.
func whoIs(role string) func(string) string {
	return func(string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + root(hub) + `"},"Action":"sts:AssumeRole",
			"Condition":{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::` + hub + `:role/` + role + `"}}}]}`
	}
}

func TestARoleThatIsNotThereIsRefusedLikeAnUntrustedOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.assume(w.admin(hub), "arn:aws:iam::"+hub+":role/nobody", "")
	refused(t, err, "AccessDenied", "is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::"+hub+":role/nobody")
}

func TestAssumeRoleRefusesBadInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.role(hub, "r", trusts(root(hub)))
	inner := w.role(hub, "inner", trusts(root(hub)))
	w.service.PutRole(hub, "r", "/", trusts(root(hub)), map[string]string{"all": says("Allow", "*", "*")}) //nolint:errcheck // checked by what follows
	chained, err := w.assume(w.admin(hub), arn, "")
	must(t, err)
	for name, c := range map[string]struct {
		change func(*sts.AssumeRoleInput)
		chain  bool
		code   string
	}{
		"session name":   {func(in *sts.AssumeRoleInput) { in.RoleSessionName = new("a b") }, false, "ValidationError"},
		"long policy":    {func(in *sts.AssumeRoleInput) { in.Policy = new(strings.Repeat(" ", 2049)) }, false, "ValidationError"},
		"broken policy":  {func(in *sts.AssumeRoleInput) { in.Policy = new("{") }, false, "MalformedPolicyDocument"},
		"too short":      {func(in *sts.AssumeRoleInput) { in.DurationSeconds = new(int32(899)) }, false, "ValidationError"},
		"role's maximum": {func(in *sts.AssumeRoleInput) { in.DurationSeconds = new(int32(7200)) }, false, "ValidationError"},
		"chained":        {func(in *sts.AssumeRoleInput) { in.DurationSeconds = new(int32(7200)) }, true, "ValidationError"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := &sts.AssumeRoleInput{RoleArn: &inner, RoleSessionName: new("s1")}
			c.change(in)
			as := w.admin(hub)
			if c.chain {
				as = chained
			}
			_, err := sts.NewFromConfig(as).AssumeRole(t.Context(), in)
			refused(t, err, c.code, "")
		})
	}
}

// A session policy narrows what the role may do, and each layer is named in
// the refusal as AWS names it.
func TestSessionPolicyNarrows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.role(hub, "r", trusts(root(hub)), says("Allow", "iam:*", "*"), says("Deny", "iam:DeleteRole", "*"))
	wide, err := w.assume(w.admin(hub), arn, "")
	must(t, err)
	narrow, err := w.assume(w.admin(hub), arn, says("Allow", "iam:GetRole", arn))
	must(t, err)
	get := func(as aws.Config, name string) error {
		_, err := awsiam.NewFromConfig(as).GetRole(t.Context(), &awsiam.GetRoleInput{RoleName: &name})
		return err
	}
	list := func(as aws.Config) error {
		_, err := awsiam.NewFromConfig(as).ListRoles(t.Context(), &awsiam.ListRolesInput{})
		return err
	}
	must(t, get(wide, "r"))
	must(t, list(wide))
	must(t, get(narrow, "r"))
	me := "User: arn:aws:sts::" + hub + ":assumed-role/r/keymend-r1 is not authorized to perform: "
	refused(t, list(narrow), "AccessDenied", me+"iam:ListRoles because no session policy allows the iam:ListRoles action")
	refused(t, get(narrow, "other"), "AccessDenied",
		me+"iam:GetRole on resource: arn:aws:iam::"+hub+":role/other because no session policy allows the iam:GetRole action")
	_, err = awsiam.NewFromConfig(wide).DeleteRole(t.Context(), &awsiam.DeleteRoleInput{RoleName: new("r")})
	refused(t, err, "AccessDenied", me+"iam:DeleteRole on resource: "+arn+" with an explicit deny in an identity-based policy")
	_, err = awsiam.NewFromConfig(w.as(hub, "nothing")).ListRoles(t.Context(), &awsiam.ListRolesInput{})
	refused(t, err, "AccessDenied", "because no identity-based policy allows the iam:ListRoles action")
}

// as returns a session of a new role without policies.
func (w *world) as(account, name string) aws.Config {
	w.t.Helper()
	cfg, err := w.assume(w.admin(account), w.role(account, name, trusts(root(account))), "")
	must(w.t, err)
	return cfg
}

func TestCallerIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out, err := sts.NewFromConfig(w.as(hub, "r")).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	must(t, err)
	role, _ := w.service.Role("arn:aws:iam::" + hub + ":role/r")
	got := []string{*out.Account, *out.Arn, *out.UserId}
	want := []string{hub, "arn:aws:sts::" + hub + ":assumed-role/r/keymend-r1", role.ID + ":keymend-r1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCredentialsThatDoNotHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.role(hub, "r", trusts(root(hub)))
	who := func(cfg aws.Config) error {
		_, err := sts.NewFromConfig(cfg).GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
		return err
	}
	key, secret, token, err := w.service.Credentials(arn, "fn", "arn:aws:lambda:eu-west-1:"+hub+":function:fn")
	must(t, err)
	must(t, who(w.config(key, secret, token)))
	refused(t, who(w.config(key, secret, "another")), "InvalidClientTokenId", "security token")
	refused(t, who(w.config("AKIAUNKNOWN", secret, "")), "InvalidClientTokenId", "security token")
	_, err = awsiam.NewFromConfig(w.admin(hub)).DeleteRole(t.Context(), &awsiam.DeleteRoleInput{RoleName: new("r")})
	must(t, err)
	refused(t, who(w.config(key, secret, token)), "InvalidClientTokenId", "security token")
	w.role(hub, "r", trusts(root(hub)))
	refused(t, who(w.config(key, secret, token)), "InvalidClientTokenId", "security token")
}

// A session ends when real time says so, whatever simulated time does: the
// SDKs look at its expiry themselves.
func TestSessionsExpireInRealTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := time.Now()
	w.service.SetNow(func() time.Time { return now })
	as := w.as(hub, "r")
	who := func() error {
		_, err := sts.NewFromConfig(as).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		return err
	}
	w.clock.Advance(100 * time.Hour)
	must(t, who())
	now = now.Add(59 * time.Minute)
	must(t, who())
	now = now.Add(2 * time.Minute)
	refused(t, who(), "ExpiredToken", "expired")
}

func TestRoleSessionOfAService(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	role, err := w.service.EnsureServiceLinkedRole(hub, "autoscaling.amazonaws.com", "")
	must(t, err)
	c, err := w.service.RoleSession(role.ARN, "AutoScaling", "eu-west-1", "autoscaling.amazonaws.com")
	must(t, err)
	want := &wire.Caller{Account: hub, Region: "eu-west-1", Role: role.ARN, UniqueID: role.ID, Session: "AutoScaling",
		ARN: "arn:aws:sts::" + hub + ":assumed-role/AWSServiceRoleForAutoScaling/AutoScaling", InvokedBy: "autoscaling.amazonaws.com", Tags: map[string]string{}}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
	if _, err := w.service.RoleSession(role.ARN+"_x", "AutoScaling", "eu-west-1", ""); err == nil {
		t.Error("a session of a role that isn't there")
	}
}
