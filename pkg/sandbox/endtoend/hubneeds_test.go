package endtoend_test

import (
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"keymend/pkg/permission"
)

// TestEveryPermissionOfTheOrganizationIsNeeded removes each permission that the roles of a
// hub and its members have, and those of an account that works alone don't, or not so.
// What a member's reader may besides is for `keymend coverage`, or differs by whom it is
// about only.
func TestEveryPermissionOfTheOrganizationIsNeeded(t *testing.T) {
	t.Parallel()
	alone := permission.Place{
		Partition: "aws", Account: account, Region: "*", Prefix: "keymend-", Accounts: []string{owner}, Groups: []string{hubAccount},
		Signals: "keymend-signals", Changes: "keymend-changes.fifo", Looks: "keymend-looks", Drift: "keymend-drift.fifo", SwitchParameter: "/keymend/switch",
	}
	member := alone
	member.Accounts, member.Organization, member.Hub, member.Bus = nil, organizationID, hubAccount, "keymend"
	for _, role := range permission.Members() {
		for _, p := range permission.For(role, member) {
			if !has(permission.For(role, alone), p) && needsOf(role, p) != nil {
				lacking(t, account, role, p)
			}
		}
	}
	alone.Account, member.Account = hubAccount, hubAccount
	for _, role := range []permission.Role{permission.Diagnose, permission.Remediate} {
		for _, p := range permission.For(role, member) {
			if !p.ByLambda && !has(permission.For(role, alone), p) && !tells(p) {
				lacking(t, hubAccount, role, p)
			}
		}
	}
}

func has(all []permission.Permission, p permission.Permission) bool {
	return slices.ContainsFunc(all, func(o permission.Permission) bool {
		return o.Action == p.Action && o.Resource == p.Resource && reflect.DeepEqual(o.Condition, p.Condition)
	})
}

// lacking plays what needs a permission of a role in an account, without it.
func lacking(t *testing.T, in string, role permission.Role, p permission.Permission) {
	t.Run(string(role)+" "+p.Action+" "+path.Base(p.Resource), func(t *testing.T) {
		sample(t, 6)
		t.Parallel()
		h := newHub(t, map[string]string{"ForeignKey": "grant"}, account, owner)
		h.join(account, nil)
		h.join(owner, map[string]string{"ForeignKey": "grant"})
		h.at(in, region).revoke(role, p.Action, p.Resource)
		needsOf(role, p)(h)
		h.box.Advance(10 * time.Minute)
		if n := h.at(account, region).inService("web-prod"); n != 0 {
			t.Errorf("%d in service without it\n%v", n, h.story())
		}
		if role != permission.Forwarder { // EventBridge's calls are no one's to see
			h.wantDenied(role, p.Action)
		}
	})
}

// tells reports whether what needs a permission heals nothing: TestTellingNeedsItsPermissions.
func tells(p permission.Permission) bool {
	return strings.HasSuffix(p.Resource, "keymend-notifier") || strings.HasSuffix(p.Resource, "keymend-lister")
}

// needsOf names the story that needs a permission; nil: that is for other tests.
func needsOf(role permission.Role, p permission.Permission) func(hub) {
	ownKey := func(h hub) {
		m := h.at(account, region)
		m.broken("web-prod", m.key(own(account), enrolled))
	}
	shared := func(h hub) {
		key := h.at(owner, region).key(ownerPolicy(), map[string]string{"keymend": "remediate", "keymend-accounts": "organization"})
		h.at(account, region).broken("web-prod", key)
	}
	switch {
	case p.Action == "ssm:GetParameter", role == permission.Forwarder, strings.HasSuffix(p.Resource, "keymend-reader"):
		return ownKey
	case role == permission.Granter, strings.HasSuffix(p.Resource, "keymend-policy-writer"):
		return shared
	case strings.HasSuffix(p.Resource, "keymend-granter"):
		return ownKey
	}
	return nil
}
