package whatif_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"keymend/pkg/access"
	"keymend/pkg/keypolicy"
	"keymend/pkg/launch/encryption"
	"keymend/pkg/slr"
	"keymend/pkg/whatif"
)

const (
	account = "111122223333"
	key     = "arn:aws:kms:eu-west-1:" + account + ":key/1"
	other   = "arn:aws:kms:eu-west-1:" + account + ":key/2"
	old     = "AROAOLDOLDOLDOLDOLD1"
)

func roles() []string {
	return []string{slr.ARN("aws", account, ""), slr.ARN("aws", account, "b"), "arn:aws:iam::" + account + ":role/deploy"}
}

func document(t *rapid.T) *keypolicy.Document {
	var all []string
	for range rapid.IntRange(0, 3).Draw(t, "statements") {
		principals := rapid.SliceOfN(rapid.SampledFrom(append(roles(), "*", account, "AROADEADDEADDEADDEAD")), 1, 3).Draw(t, "principals")
		all = append(all, fmt.Sprintf(`{"Effect":%q,%q:{"AWS":["%s"]},"Action":%q,"Resource":"*"}`,
			rapid.SampledFrom([]string{"Allow", "Allow", "Deny"}).Draw(t, "effect"), rapid.SampledFrom([]string{"Principal", "Principal", "Principal", "NotPrincipal"}).Draw(t, "member"),
			strings.Join(principals, `","`), rapid.SampledFrom([]string{"kms:*", "kms:CreateGrant", "kms:GenerateDataKey*"}).Draw(t, "action")))
	}
	d, err := keypolicy.Parse(`{"Version":"2012-10-17","Statement":[` + strings.Join(all, ",") + `]}`)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func facts(t *rapid.T) access.Facts {
	f := access.Facts{Key: access.Key{ARN: rapid.SampledFrom([]string{key, other}).Draw(t, "key"), State: "Enabled", Manager: "CUSTOMER", Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT"}}
	f.Policy = document(t)
	for i := range rapid.IntRange(0, 3).Draw(t, "grants") {
		f.Grants = append(f.Grants, access.Grant{
			ID: fmt.Sprint("g", i), GranteePrincipal: rapid.SampledFrom(roles()).Draw(t, "grantee"), RetiringPrincipal: rapid.SampledFrom(roles()).Draw(t, "retires"),
			Operations: slr.Operations(), IssuingAccount: "arn:aws:iam::" + account + ":root",
		})
	}
	return f
}

func change(t *rapid.T) whatif.Change {
	var c whatif.Change
	c.ByDefault = rapid.SampledFrom([]*bool{nil, new(true), new(false)}).Draw(t, "by default")
	c.DefaultKey = rapid.SampledFrom([]string{"", key}).Draw(t, "default key")
	if rapid.Bool().Draw(t, "puts") {
		c.Policies = []whatif.Policy{{Key: key, Document: document(t)}}
	}
	if rapid.Bool().Draw(t, "revokes") {
		c.Revoked = []whatif.Grant{{Key: rapid.SampledFrom([]string{"", key}).Draw(t, "grant's key"), ID: "g1"}}
	}
	if rapid.Bool().Draw(t, "role") {
		c.Roles = []whatif.Role{{ARN: roles()[0], ID: rapid.SampledFrom([]string{"", old}).Draw(t, "id"), Anew: rapid.Bool().Draw(t, "anew")}}
	}
	return c
}

func alter(t *rapid.T, c whatif.Change, f access.Facts) access.Facts {
	out, err := c.Facts(f)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// may is what a role may do of what a launch needs.
func may(f access.Facts, p access.Principal) access.Decision {
	return access.Decide(access.Evaluate(f, access.Request{Principal: p, Operations: []string{"CreateGrant", "GenerateDataKeyWithoutPlaintext"}, Context: access.LaunchContext(p, f.Key.ARN)}))
}

// TestChange: what is altered, and that nothing else is; twice is once; what was read
// isn't touched.
func TestChange(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, f := change(t), facts(t)
		was := f
		was.Grants = slices.Clone(f.Grants)
		text := f.Policy.String()
		got := alter(t, c, f)
		if !reflect.DeepEqual(f, was) || f.Policy.String() != text {
			t.Fatal("what was read has changed")
		}
		if again := alter(t, c, got); again.Policy.String() != got.Policy.String() || !reflect.DeepEqual(again.Grants, got.Grants) {
			t.Fatalf("twice isn't once: %s, then %s", got.Policy, again.Policy)
		}
		revoked, renamed := len(f.Grants) > 1 && c.Revokes(f.Key.ARN, "g1"), len(c.Roles) > 0 && c.Roles[0].ID != ""
		if len(f.Grants)-len(got.Grants) != len(c.Revoked) && revoked || !revoked && len(got.Grants) != len(f.Grants) {
			t.Fatalf("%d grants, were %d", len(got.Grants), len(f.Grants))
		}
		put := c.Puts(f.Key.ARN)
		switch {
		case put && got.Policy != c.Policies[0].Document, !put && !renamed && got.Policy.String() != text:
			t.Fatalf("policy %s, was %s", got.Policy, text)
		case renamed && !put && strings.Contains(got.Policy.String(), `"`+roles()[0]+`"`):
			t.Fatalf("%s names the role that is gone", got.Policy)
		case renamed && slices.ContainsFunc(got.Grants, func(g access.Grant) bool {
			return g.GranteePrincipal == roles()[0] || g.RetiringPrincipal == roles()[0]
		}):
			t.Fatal("a grant to a role that is gone is still its")
		}
		got.Policy, got.Grants = f.Policy, f.Grants
		if !reflect.DeepEqual(got, f) {
			t.Fatal(cmp.Diff(f.Key, got.Key))
		}
	})
}

// TestLess: who loses a grant, or is made anew, may do nothing that he couldn't do before.
func TestLess(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := facts(t)
		p := access.Principal{ARN: roles()[0], ID: old}
		revokes := whatif.Change{Revoked: []whatif.Grant{{ID: "g0"}, {ID: "g1"}}}
		if may(f, p) != access.Allowed && may(alter(t, revokes, f), p) == access.Allowed {
			t.Fatal("open for want of a grant")
		}
		anew := whatif.Change{Roles: []whatif.Role{{ARN: p.ARN, ID: old, Anew: true}}}
		after := alter(t, anew, f)
		everyone := slices.ContainsFunc(f.Policy.Statements(), func(s keypolicy.Statement) bool {
			return s.Effect == "Allow" && (s.NotPrincipal != nil || s.Principal.Any())
		})
		if q := anew.Principal(p); !everyone && may(after, q) == access.Allowed {
			t.Fatalf("%s lets in a role that isn't the one that it named: %+v", after.Policy, q)
		}
	})
}

// TestNothing: no change changes nothing.
func TestNothing(t *testing.T) {
	t.Parallel()
	var c whatif.Change
	d, p := encryption.Defaults{Account: account, KeyID: key, ByDefault: true}, access.Principal{ARN: roles()[0], ID: old}
	if !c.None() || c.Defaults(d) != d || c.Principal(p) != p || c.Deletes(p.ARN) {
		t.Error("something changed")
	}
	for _, some := range []whatif.Change{
		{ByDefault: new(false)}, {DefaultKey: key}, {Policies: []whatif.Policy{{Key: key}}}, {Revoked: []whatif.Grant{{ID: "g"}}}, {Roles: []whatif.Role{{ARN: p.ARN}}},
	} {
		if some.None() {
			t.Errorf("%+v is something", some)
		}
	}
}

func TestRolesAndDefaults(t *testing.T) {
	t.Parallel()
	p := access.Principal{ARN: roles()[0], ID: old, SessionARN: "arn:aws:sts::1:assumed-role/x/y"}
	gone, anew := whatif.Change{Roles: []whatif.Role{{ARN: p.ARN, ID: old}}}, whatif.Change{Roles: []whatif.Role{{ARN: p.ARN, ID: old, Anew: true}}}
	if got := gone.Principal(p); got != (access.Principal{ARN: p.ARN}) || !gone.Deletes(p.ARN) || anew.Deletes(p.ARN) {
		t.Errorf("%+v", got)
	}
	if got := anew.Principal(p); got.ID != whatif.Anew || !keypolicy.IsUniqueID(got.ID) || got.ARN != p.ARN {
		t.Errorf("%+v", got)
	}
	if q := (access.Principal{ARN: roles()[1], ID: "x"}); anew.Principal(q) != q || gone.Principal(q) != q {
		t.Error("another role has changed")
	}
	c := whatif.Change{ByDefault: new(true), DefaultKey: key}
	if got := c.Defaults(encryption.Defaults{Account: account, KeyID: "alias/aws/ebs", KeyUntold: true, ByDefaultUntold: true}); got != (encryption.Defaults{Account: account, KeyID: key, ByDefault: true}) {
		t.Errorf("%+v", got)
	}
}
