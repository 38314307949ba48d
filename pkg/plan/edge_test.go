package plan_test

import (
	"testing"

	"keymend/pkg/access"
	"keymend/pkg/plan"
	"keymend/pkg/settings"
)

// KMS tells tags Team and team apart, IAM's condition keys don't: what such a
// key's aws:ResourceTag/team is can't be told, and isn't decided by a coin.
func TestTagsThatDifferByCaseAreUnknown(t *testing.T) {
	t.Parallel()
	f := broken(func(f *plan.Finding) {
		f.Facts.Policy = policy(root, `{"Effect":"Allow","Principal":{"AWS":"`+slr+`"},"Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"web"}}}`)
		f.Tags = map[string]string{"team": "web"}
	})
	if d := f.Evaluate().Decision(); d != access.Allowed {
		t.Fatalf("one tag: %s", d)
	}
	f.Tags = map[string]string{"team": "web", "Team": "db"}
	for range 32 {
		if d := f.Evaluate().Decision(); d != access.Unknown {
			t.Fatalf("two tags: %s", d)
		}
	}
}

// A plan that wouldn't open the key is none: here the launch needs what neither
// the two statements nor the grant give.
func TestAPlanThatWouldNotHelpIsNone(t *testing.T) {
	t.Parallel()
	for _, own := range []settings.OwnKey{"auto", "policy", "grant"} {
		f := broken(func(f *plan.Finding) { f.Operations = []string{"Decrypt", "GetPublicKey"} })
		p := plan.For(f, plan.Options{OwnKey: own})
		if p.NoFix == nil || p.NoFix.Reason != plan.WouldNotHelp || len(p.Steps) != 0 {
			t.Errorf("%s: %+v", own, p)
		}
	}
}
