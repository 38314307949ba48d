package iam_test

import (
	"strings"
	"testing"

	"keymend/pkg/sandbox/iam"
)

// TestOrganizations: a trust may want the caller's organization, and a caller's own
// policy the resource's. An account that is in none has neither key.
func TestOrganizations(t *testing.T) {
	t.Parallel()
	const ours, theirs = "o-a1b2c3d4e5", "o-z9y8x7w6v5"
	for name, tc := range map[string]struct {
		in         map[string]string
		byTrust    bool
		byResource bool
	}{
		"both in ours":         {map[string]string{hub: ours, member: ours}, true, true},
		"the caller in ours":   {map[string]string{hub: ours, member: theirs}, true, false},
		"the caller in none":   {map[string]string{member: ours}, false, true},
		"the caller elsewhere": {map[string]string{hub: theirs, member: ours}, false, true},
		"nobody in any":        {nil, false, false},
	} {
		w := newWorld(t)
		w.service.SetSwitches(iam.Switches{Organizations: tc.in})
		for _, account := range []string{hub, member} { // using it makes it
			_, err := w.service.Authenticate(account, "", "eu-west-1")
			must(t, err)
		}
		trust := strings.Replace(trusts(root(hub)), `"Action"`, `"Condition":{"StringEquals":{"aws:PrincipalOrgID":"`+ours+`"}},"Action"`, 1)
		_, err := w.assume(w.admin(hub), w.role(member, "trusting", trust), "")
		if (err == nil) != tc.byTrust {
			t.Errorf("%s, by the trust: %v", name, err)
		}
		caller := w.role(hub, "caller", trusts(root(hub)), `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*","Condition":{"StringEquals":{"aws:ResourceOrgID":"`+ours+`"}}}]}`)
		as, err := w.assume(w.admin(hub), caller, "")
		must(t, err)
		_, err = w.assume(as, w.role(member, "target", trusts(root(hub))), "")
		if (err == nil) != tc.byResource {
			t.Errorf("%s, by the resource: %v", name, err)
		}
	}
}
