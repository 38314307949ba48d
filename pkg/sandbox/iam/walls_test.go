package iam_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"

	"keymend/pkg/sandbox/organization"
	"keymend/pkg/sandbox/wire"
)

const (
	unit     = "ou-a1b2-11111111"
	outsider = "777788889999"
)

// govern puts the member into a unit, and the hub right below the root: the hub is the
// management account.
func (w *world) govern(policies ...organization.Policy) {
	w.t.Helper()
	all, err := organization.Complete([]organization.Organization{{
		ID: "o-a1b2c3d4e5", Root: "r-a1b2", Management: hub, Units: []organization.Unit{{ID: unit, Parent: "r-a1b2"}},
		Accounts: []organization.Account{{ID: hub}, {ID: member, Unit: unit}}, Policies: policies,
	}}, nil, w.clock.Now())
	must(w.t, err)
	w.service.SetOrganizations(all)
}

func control(of organization.PolicyType, text string, targets ...string) organization.Policy {
	return organization.Policy{ID: "p-00000001", Type: of, Document: json.RawMessage(text), Targets: targets}
}

// denying is a policy as Organizations takes it, with the member of a resource policy
// where it is one.
func denying(action, more string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"` + action + `","Resource":"*"` + more + `}]}`
}

func list(t *testing.T, as aws.Config) error {
	t.Helper()
	_, err := awsiam.NewFromConfig(as).ListRoles(t.Context(), &awsiam.ListRolesInput{})
	return err
}

// A service control policy binds roles and the administrator of the accounts that it
// reaches, and neither the management account nor a service-linked role.
func TestServiceControlPolicies(t *testing.T) {
	t.Parallel()
	deny := denying("iam:ListRoles", "")
	role := func(w *world, account string) aws.Config {
		cfg, err := w.assume(w.admin(account), w.role(account, "r", trusts(root(account)), says("Allow", "*", "*")), "")
		must(t, err)
		return cfg
	}
	for name, at := range map[string]string{"the root": "r-a1b2", "the unit": unit, "the account": member} {
		w := newWorld(t)
		in, out := role(w, member), role(w, hub)
		w.govern(control(organization.ServiceControl, deny, at))
		refused(t, list(t, in), "AccessDenied", "iam:ListRoles with an explicit deny in a service control policy")
		refused(t, list(t, w.admin(member)), "AccessDenied", "iam:ListRoles with an explicit deny in a service control policy")
		must(t, list(t, out))
		must(t, list(t, w.admin(hub)))
		linked, err := w.service.EnsureServiceLinkedRole(member, "autoscaling.amazonaws.com", "")
		must(t, err)
		c, err := w.service.RoleSession(linked.ARN, "AutoScaling", "eu-west-1", "autoscaling.amazonaws.com")
		must(t, err)
		if err := w.service.Authorize(c, wire.Check{Action: "iam:ListRoles", Resource: "*"}); err == nil || !strings.Contains(err.Error(), "no identity-based policy allows the iam:ListRoles action") {
			t.Errorf("%s: the service-linked role: %v", name, err)
		}
		w.govern()
		must(t, list(t, in))
	}
}

// Every level has to allow: where AWS's own policy was taken away, what stands in its
// place is all that is left.
func TestEveryLevelAllows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	full := organization.Policy{ID: organization.FullAWSAccess, Targets: []string{"r-a1b2", unit}}
	only := control(organization.ServiceControl, says("Allow", "iam:Get*", "*"), member)
	w.govern(full, only)
	refused(t, list(t, w.admin(member)), "AccessDenied", "because no service control policy allows the iam:ListRoles action")
	full.Targets = append(full.Targets, member)
	w.govern(full, only)
	must(t, list(t, w.admin(member)))
}

// A resource control policy binds whoever comes, also from outside, for what services
// know of them; and nothing of the management account.
func TestResourceControlPolicies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := `,"Principal":"*"`
	_, err := w.service.Authenticate(outsider, "", "eu-west-1") // using it makes it
	must(t, err)
	of := map[string]string{}
	for _, account := range []string{hub, member} {
		of[account] = w.role(account, "r", trusts(root(outsider)))
	}
	w.govern(control(organization.ResourceControl, denying("sts:AssumeRole", all), "r-a1b2"))
	_, err = w.assume(w.admin(outsider), of[member], "")
	refused(t, err, "AccessDenied", "sts:AssumeRole on resource: "+of[member]+" with an explicit deny in a resource control policy")
	_, err = w.assume(w.admin(outsider), of[hub], "")
	must(t, err)
	w.govern(control(organization.ResourceControl, denying("iam:*", all), "r-a1b2")) // IAM has none
	must(t, list(t, w.admin(member)))
}

// A permissions boundary bounds its role alone, and has to be there.
func TestPermissionsBoundary(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.role(hub, "r", trusts(root(hub)), says("Allow", "iam:*", "*"))
	if err := w.service.Bound(arn, "arn:aws:iam::"+hub+":policy/bound"); err == nil || !strings.Contains(err.Error(), "policy/bound does not exist or is not attachable") {
		t.Error(err)
	}
	bound, err := w.service.PutPolicy(hub, "bound", says("Allow", "iam:GetRole", "*"))
	must(t, err)
	must(t, w.service.Bound(arn, bound))
	as, err := w.assume(w.admin(hub), arn, "")
	must(t, err)
	refused(t, list(t, as), "AccessDenied", "because no permissions boundary allows the iam:ListRoles action")
	got, err := awsiam.NewFromConfig(as).GetRole(t.Context(), &awsiam.GetRoleInput{RoleName: new("r")})
	must(t, err)
	if b := got.Role.PermissionsBoundary; b == nil || *b.PermissionsBoundaryArn != bound {
		t.Errorf("%+v", b)
	}
	_, err = w.service.PutPolicy(hub, "bound", denying("iam:*", ""))
	must(t, err)
	refused(t, list(t, as), "AccessDenied", "with an explicit deny in a permissions boundary")
	must(t, w.service.Bound(arn, ""))
	must(t, list(t, as))
}
