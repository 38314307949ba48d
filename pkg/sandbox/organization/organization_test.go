package organization_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/sandbox/organization"
)

var now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// ours has a unit below a unit, and an account in each.
func ours() organization.Organization {
	return organization.Organization{
		ID: "o-a1b2c3d4e5", Management: "000011112222", Root: "r-a1b2",
		Units: []organization.Unit{
			{ID: "ou-a1b2-22222222", Name: "inner", Parent: "ou-a1b2-11111111"}, {ID: "ou-a1b2-11111111", Name: "outer", Parent: "r-a1b2"},
		},
		Accounts: []organization.Account{
			{ID: "000011112222"}, {ID: "111122223333", Unit: "ou-a1b2-22222222", State: organization.Suspended}, {ID: "444455556666", Unit: "ou-a1b2-11111111"},
		},
		Administrators: map[string][]string{"x.amazonaws.com": {"444455556666"}},
	}
}

func complete(t *testing.T, o organization.Organization, before ...organization.Organization) organization.Organization {
	t.Helper()
	all, err := organization.Complete([]organization.Organization{o}, before, now.Add(time.Duration(len(before))*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return all[0]
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	o := complete(t, ours())
	for id, want := range map[string]string{
		"111122223333": "ou-a1b2-22222222 ou-a1b2-11111111 r-a1b2", "000011112222": "r-a1b2", "ou-a1b2-11111111": "r-a1b2", "r-a1b2": "", "777788889999": "",
	} {
		if got := strings.Join(o.Ancestors(id), " "); got != want {
			t.Errorf("above %s: %s", id, got)
		}
	}
	for id, want := range map[string]string{
		"ou-a1b2-22222222": "111122223333", "ou-a1b2-11111111": "111122223333 444455556666", "r-a1b2": "000011112222 111122223333 444455556666", "ou-a1b2-33333333": "",
	} {
		var got []string
		for _, a := range o.Under(id) {
			got = append(got, a.ID)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("under %s: %v", id, got)
		}
	}
	if got := o.Path("111122223333"); got != "o-a1b2c3d4e5/r-a1b2/ou-a1b2-11111111/ou-a1b2-22222222/" {
		t.Error(got)
	}
	for account, want := range map[string]bool{"000011112222": true, "444455556666": true, "111122223333": false} {
		if o.Administers(account, "x.amazonaws.com") != want {
			t.Errorf("%s administers: %v", account, !want)
		}
	}
}

// What was left out is filled in, and an account keeps the time at which it joined.
func TestComplete(t *testing.T) {
	t.Parallel()
	first := complete(t, ours())
	next := ours()
	next.Accounts = append(next.Accounts, organization.Account{ID: "777788889999"})
	second := complete(t, next, first)
	want := []organization.Account{
		{ID: "000011112222", Name: "000011112222", Unit: "r-a1b2", State: organization.Active, Joined: now},
		{ID: "111122223333", Name: "111122223333", Unit: "ou-a1b2-22222222", State: organization.Suspended, Joined: now},
		{ID: "444455556666", Name: "444455556666", Unit: "ou-a1b2-11111111", State: organization.Active, Joined: now},
		{ID: "777788889999", Name: "777788889999", Unit: "r-a1b2", State: organization.Active, Joined: now.Add(time.Hour)},
	}
	if diff := cmp.Diff(want, second.Accounts); diff != "" {
		t.Error(diff)
	}
}

func TestCompleteRefuses(t *testing.T) {
	t.Parallel()
	for says, change := range map[string]func(*organization.Organization){
		`"o-1" is no id`:                     func(o *organization.Organization) { o.ID = "o-1" },
		`"r-1" is no id`:                     func(o *organization.Organization) { o.Root = "r-1" },
		`"ou-1" is no id`:                    func(o *organization.Organization) { o.Units[0].ID = "ou-1" },
		`"1" is no id`:                       func(o *organization.Organization) { o.Accounts[0].ID = "1" },
		"111122223333 is there twice":        func(o *organization.Organization) { o.Accounts[2].ID = "111122223333" },
		`in "ou-a1b2-33333333", which isn't`: func(o *organization.Organization) { o.Accounts[1].Unit = "ou-a1b2-33333333" },
		`in "ou-a1b2-11111111", which isn't`: func(o *organization.Organization) { o.Units[1].Parent = "ou-a1b2-22222222" },
		`the state "CLOSED"`:                 func(o *organization.Organization) { o.Accounts[1].State = "CLOSED" },
		`policy p-00000002: parse policy`: func(o *organization.Organization) {
			o.Policies = []organization.Policy{{ID: "p-00000002", Type: organization.ServiceControl, Document: []byte(`{}`)}}
		},
		`"p-1" is no id`:                 func(o *organization.Organization) { o.Policies = []organization.Policy{{ID: "p-1"}} },
		`policy p-00000001: the type ""`: func(o *organization.Organization) { o.Policies = []organization.Policy{{ID: "p-00000001"}} },
		"policy p-00000001: there is no r-9999": func(o *organization.Organization) {
			o.Policies = []organization.Policy{{ID: "p-00000001", Type: organization.ServiceControl, Targets: []string{"r-9999"}}}
		},
		"policy p-RCPFullAWSAccess is AWS's": func(o *organization.Organization) {
			o.Policies = []organization.Policy{{ID: organization.RCPFullAWSAccess, Type: organization.ResourceControl}}
		},
		`"777788889999" isn't among the account`: func(o *organization.Organization) { o.Management = "777788889999" },
	} {
		o := ours()
		change(&o)
		if _, err := organization.Complete([]organization.Organization{o}, nil, now); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	if _, err := organization.Complete([]organization.Organization{ours(), organization.Of("o-z9y8x7w6v5", "111122223333")}, nil, now); err == nil {
		t.Error("an account is in two organizations")
	}
}

// AWS's own policies are everywhere, unless where FullAWSAccess is attached is said.
func TestAttached(t *testing.T) {
	t.Parallel()
	o := ours()
	attached := func(target string, of organization.PolicyType) string {
		made := complete(t, o)
		var ids []string
		for _, p := range made.Attached(target, of) {
			if found, ok := made.Policy(p.ID); !ok || len(found.Document) == 0 {
				t.Errorf("%s isn't there whole", p.ID)
			}
			ids = append(ids, p.ID)
		}
		return strings.Join(ids, " ")
	}
	o.Policies = []organization.Policy{{ID: "p-00000001", Type: organization.ServiceControl, Document: []byte(`{"Statement":[]}`), Targets: []string{"ou-a1b2-11111111", "444455556666"}}}
	for target, want := range map[string]string{
		"r-a1b2": "p-FullAWSAccess", "ou-a1b2-11111111": "p-FullAWSAccess p-00000001", "444455556666": "p-FullAWSAccess p-00000001", "ou-a1b2-22222222": "p-FullAWSAccess",
	} {
		if got := attached(target, organization.ServiceControl); got != want {
			t.Errorf("%s has %s", target, got)
		}
	}
	if got := attached("ou-a1b2-11111111", organization.ResourceControl); got != "p-RCPFullAWSAccess" {
		t.Error(got)
	}
	o.Policies = append(o.Policies, organization.Policy{ID: organization.FullAWSAccess, Type: organization.ServiceControl, Targets: []string{"r-a1b2"}})
	if got := attached("444455556666", organization.ServiceControl); got != "p-00000001" {
		t.Error(got)
	}
	if got := attached("r-a1b2", organization.ServiceControl); got != "p-FullAWSAccess" {
		t.Error(got)
	}
}
