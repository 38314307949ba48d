package iam_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/sandbox/clock"
	"keymend/pkg/sandbox/iam"
	"keymend/pkg/sandbox/wire"
)

const (
	hub    = "111122223333"
	member = "444455556666"
)

// A world is IAM and STS behind a real endpoint.
type world struct {
	t       *testing.T
	service *iam.Service
	clock   *clock.Clock
	url     string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	c := clock.New(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	s := iam.New(c)
	server := httptest.NewServer(wire.NewHandler([]wire.Service{s.Wire(), s.WireSTS()}, s, nil))
	t.Cleanup(server.Close)
	return &world{t, s, c, server.URL}
}

func (w *world) config(key, secret, token string) aws.Config {
	return aws.Config{Region: "eu-west-1", BaseEndpoint: &w.url,
		Credentials: credentials.NewStaticCredentialsProvider(key, secret, token)}
}

func (w *world) admin(account string) aws.Config { return w.config(account, "any", "") }

// role makes a role by the API and returns its ARN.
func (w *world) role(account, name, trust string, policies ...string) string {
	w.t.Helper()
	client := awsiam.NewFromConfig(w.admin(account))
	out, err := client.CreateRole(w.t.Context(), &awsiam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust})
	must(w.t, err)
	for i, p := range policies {
		_, err := client.PutRolePolicy(w.t.Context(), &awsiam.PutRolePolicyInput{
			RoleName: &name, PolicyName: new(fmt.Sprintf("p%d", i)), PolicyDocument: &p})
		must(w.t, err)
	}
	return *out.Role.Arn
}

// assume returns the configuration of an assumed role's session.
func (w *world) assume(as aws.Config, role, policy string) (aws.Config, error) {
	in := &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: new("keymend-r1")}
	if policy != "" {
		in.Policy = &policy
	}
	out, err := sts.NewFromConfig(as).AssumeRole(w.t.Context(), in)
	if err != nil {
		return aws.Config{}, err
	}
	return w.config(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken), nil
}

func trusts(principals ...string) string {
	names, _ := json.Marshal(principals)
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":` + string(names) + `},"Action":"sts:AssumeRole"}]}`
}

func says(effect, action, resource string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":%q,"Action":%q,"Resource":%q}]}`, effect, action, resource)
}

func root(account string) string { return "arn:aws:iam::" + account + ":root" }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused checks the code and text of an API error.
func refused(t *testing.T, err error, code, text string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		t.Fatalf("got %v, want %s", err, code)
	}
	if api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), text) {
		t.Errorf("got  %s: %s\nwant %s: …%s…", api.ErrorCode(), api.ErrorMessage(), code, text)
	}
}

func TestRolesAndTheirPoliciesAreKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client := awsiam.NewFromConfig(w.admin(hub))
	trust := trusts(root(hub))
	arn := w.role(hub, "reader", trust, says("Allow", "kms:Get*", "*"))
	if want := "arn:aws:iam::" + hub + ":role/reader"; arn != want {
		t.Errorf("ARN %s, want %s", arn, want)
	}
	got, err := client.GetRole(t.Context(), &awsiam.GetRoleInput{RoleName: new("reader")})
	must(t, err)
	document, err := url.QueryUnescape(*got.Role.AssumeRolePolicyDocument)
	must(t, err)
	if diff := cmp.Diff(trust, document); diff != "" {
		t.Error(diff)
	}
	policy, err := client.GetRolePolicy(t.Context(), &awsiam.GetRolePolicyInput{RoleName: new("reader"), PolicyName: new("p0")})
	must(t, err)
	if text, _ := url.QueryUnescape(*policy.PolicyDocument); text != says("Allow", "kms:Get*", "*") {
		t.Errorf("policy %s", text)
	}
	names, err := client.ListRolePolicies(t.Context(), &awsiam.ListRolePoliciesInput{RoleName: new("reader")})
	must(t, err)
	if diff := cmp.Diff([]string{"p0"}, names.PolicyNames); diff != "" {
		t.Error(diff)
	}
	_, err = client.DeleteRole(t.Context(), &awsiam.DeleteRoleInput{RoleName: new("reader")})
	refused(t, err, "DeleteConflict", "must delete policies first")
	_, err = client.DeleteRolePolicy(t.Context(), &awsiam.DeleteRolePolicyInput{RoleName: new("reader"), PolicyName: new("p0")})
	must(t, err)
	_, err = client.DeleteRole(t.Context(), &awsiam.DeleteRoleInput{RoleName: new("reader")})
	must(t, err)
	_, err = client.GetRole(t.Context(), &awsiam.GetRoleInput{RoleName: new("reader")})
	var gone *types.NoSuchEntityException
	if !errors.As(err, &gone) {
		t.Errorf("got %v, want NoSuchEntityException", err)
	}
}

func TestListRolesPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 5 {
		w.role(hub, fmt.Sprintf("r%d", i), trusts(root(hub)))
	}
	pages := awsiam.NewListRolesPaginator(awsiam.NewFromConfig(w.admin(hub)), &awsiam.ListRolesInput{MaxItems: new(int32(2))})
	var names []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		must(t, err)
		for _, r := range page.Roles {
			names = append(names, *r.RoleName)
		}
	}
	if diff := cmp.Diff([]string{"r0", "r1", "r2", "r3", "r4"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestBadRolesAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client := awsiam.NewFromConfig(w.admin(hub))
	create := func(name, trust string) error {
		_, err := client.CreateRole(t.Context(), &awsiam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust})
		return err
	}
	must(t, create("there", trusts(root(hub))))
	refused(t, create("there", trusts(root(hub))), "EntityAlreadyExists", "Role with name there already exists.")
	refused(t, create("x", "{"), "MalformedPolicyDocument", "")
	refused(t, create("x", trusts("arn:aws:iam::"+hub+":role/nobody")), "MalformedPolicyDocument", "Invalid principal in policy")
	refused(t, create("x", trusts(root("999999999999"))), "MalformedPolicyDocument", "Invalid principal in policy")
	_, err := client.PutRolePolicy(t.Context(), &awsiam.PutRolePolicyInput{
		RoleName: new("there"), PolicyName: new("p"), PolicyDocument: new(trusts("*"))})
	refused(t, err, "MalformedPolicyDocument", "should not specify a principal")
}

func TestServiceLinkedRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client := awsiam.NewFromConfig(w.admin(hub))
	create := func(service, suffix string) (*awsiam.CreateServiceLinkedRoleOutput, error) {
		in := &awsiam.CreateServiceLinkedRoleInput{AWSServiceName: &service}
		if suffix != "" {
			in.CustomSuffix = &suffix
		}
		return client.CreateServiceLinkedRole(t.Context(), in)
	}
	out, err := create("autoscaling.amazonaws.com", "")
	must(t, err)
	want := "arn:aws:iam::" + hub + ":role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
	if *out.Role.Arn != want {
		t.Errorf("ARN %s, want %s", *out.Role.Arn, want)
	}
	_, err = create("autoscaling.amazonaws.com", "")
	refused(t, err, "InvalidInput", "Service role name AWSServiceRoleForAutoScaling has been taken in this account, please try a different suffix.")
	suffixed, err := create("autoscaling.amazonaws.com", strings.Repeat("s", 35))
	must(t, err)
	if *suffixed.Role.Arn != want+"_"+strings.Repeat("s", 35) {
		t.Errorf("ARN %s", *suffixed.Role.Arn)
	}
	_, err = create("autoscaling.amazonaws.com", strings.Repeat("s", 36))
	refused(t, err, "InvalidInput", "longer than 64")
	_, err = create("spot.amazonaws.com", "x")
	refused(t, err, "InvalidInput", "Custom suffix is not allowed")
	_, err = create("elsewhere.amazonaws.com", "")
	refused(t, err, "NotInTheSandbox", "elsewhere.amazonaws.com")
	_, err = client.DeleteRole(t.Context(), &awsiam.DeleteRoleInput{RoleName: out.Role.RoleName})
	refused(t, err, "UnmodifiableEntity", "only modifiable by autoscaling.amazonaws.com")
}

// A grant and an AROA id in a policy die with the role: the next one of the
// name is somebody else.
func TestARoleMadeAgainIsAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client := awsiam.NewFromConfig(w.admin(hub))
	before, err := w.service.EnsureServiceLinkedRole(hub, "autoscaling.amazonaws.com", "")
	must(t, err)
	same, err := w.service.EnsureServiceLinkedRole(hub, "autoscaling.amazonaws.com", "")
	must(t, err)
	if before != same {
		t.Errorf("%v, then %v", before, same)
	}
	deleted, err := client.DeleteServiceLinkedRole(t.Context(), &awsiam.DeleteServiceLinkedRoleInput{RoleName: &before.Name})
	must(t, err)
	status, err := client.GetServiceLinkedRoleDeletionStatus(t.Context(),
		&awsiam.GetServiceLinkedRoleDeletionStatusInput{DeletionTaskId: deleted.DeletionTaskId})
	must(t, err)
	if status.Status != types.DeletionTaskStatusTypeSucceeded {
		t.Errorf("status %s", status.Status)
	}
	if w.service.PrincipalExists(before.ARN) || w.service.PrincipalExists(before.ID) {
		t.Error("the deleted role still exists as a principal")
	}
	after, err := w.service.EnsureServiceLinkedRole(hub, "autoscaling.amazonaws.com", "")
	must(t, err)
	if after.ARN != before.ARN || after.ID == before.ID {
		t.Errorf("made again: %v, before: %v", after, before)
	}
	if !w.service.PrincipalExists(after.ID) || w.service.PrincipalExists(before.ID) {
		t.Error("the ids of the dead and the living role are mixed up")
	}
}

func TestWhoExists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.role(hub, "reader", trusts(root(hub)))
	for name, want := range map[string]bool{
		"*": true, hub: true, root(hub): true, arn: true,
		"arn:aws:iam::" + hub + ":user/admin":              true,
		"arn:aws:iam::" + hub + ":user/other":              false,
		"arn:aws:sts::" + hub + ":assumed-role/reader/any": true,
		"arn:aws:sts::" + hub + ":assumed-role/nobody/any": false,
		"arn:aws:iam::" + hub + ":role/path/reader":        false,
		"autoscaling.amazonaws.com":                        true,
		member:                                             false, root(member): false, "AROAAAAAAAAAAAAAAAAAA": false, "": false, "x": false,
	} {
		if got := w.service.PrincipalExists(name); got != want {
			t.Errorf("PrincipalExists(%q) = %v", name, got)
		}
	}
}
