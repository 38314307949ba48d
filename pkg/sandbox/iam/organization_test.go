package iam_test

import (
	"strings"
	"testing"
	"time"

	"keymend/pkg/sandbox/organization"
)

// TestOrganizations: a trust may want the caller's organization, and a caller's own
// policy the resource's. An account that is in none has neither key.
func TestOrganizations(t *testing.T) {
	t.Parallel()
	const ours, theirs = "o-a1b2c3d4e5", "o-z9y8x7w6v5"
	in := func(all ...organization.Organization) []organization.Organization { return all }
	for name, tc := range map[string]struct {
		in         []organization.Organization
		byTrust    bool
		byResource bool
	}{
		"both in ours":         {in(organization.Of(ours, hub, member)), true, true},
		"the caller in ours":   {in(organization.Of(ours, hub), organization.Of(theirs, member)), true, false},
		"the caller in none":   {in(organization.Of(ours, member)), false, true},
		"the caller elsewhere": {in(organization.Of(theirs, hub), organization.Of(ours, member)), false, true},
		"nobody in any":        {nil, false, false},
	} {
		w := newWorld(t)
		all, err := organization.Complete(tc.in, nil, time.Time{})
		must(t, err)
		w.service.SetOrganizations(all)
		for _, account := range []string{hub, member} { // using it makes it
			_, err := w.service.Authenticate(account, "", "eu-west-1")
			must(t, err)
		}
		trust := strings.Replace(trusts(root(hub)), `"Action"`, `"Condition":{"StringEquals":{"aws:PrincipalOrgID":"`+ours+`"}},"Action"`, 1)
		_, err = w.assume(w.admin(hub), w.role(member, "trusting", trust), "")
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
