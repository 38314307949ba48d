package organizations_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/smithy-go"

	"keymend/pkg/sandbox/organization"
	"keymend/pkg/sandbox/sandboxtest"
)

const (
	management, hub, shop = "000011112222", "999900001111", "111122223333"
	stacksets             = "member.org.stacksets.cloudformation.amazonaws.com"
)

// serve has an organization with a unit in a unit, and 23 accounts in the outer one.
func serve(t *testing.T) func(account string) *sdk.Client {
	t.Helper()
	box, url := sandboxtest.Start(t)
	o := organization.Organization{
		ID: "o-a1b2c3d4e5", Management: management, Root: "r-a1b2", Services: []string{stacksets}, Administrators: map[string][]string{stacksets: {hub}},
		Units:    []organization.Unit{{ID: "ou-a1b2-11111111", Name: "outer", Parent: "r-a1b2"}, {ID: "ou-a1b2-22222222", Name: "inner", Parent: "ou-a1b2-11111111"}},
		Accounts: []organization.Account{{ID: management}, {ID: hub}, {ID: shop, Name: "shop", Unit: "ou-a1b2-22222222", State: organization.Suspended}},
		Policies: []organization.Policy{{ID: "p-00000001", Type: organization.ServiceControl, Document: []byte(`{"Version":"2012-10-17","Statement":[]}`), Targets: []string{"ou-a1b2-11111111"}}},
	}
	for i := range 23 {
		o.Accounts = append(o.Accounts, organization.Account{ID: fmt.Sprintf("2222%08d", i), Unit: "ou-a1b2-11111111"})
	}
	if err := box.SetOrganizations(o); err != nil {
		t.Fatal(err)
	}
	return func(account string) *sdk.Client {
		return sdk.NewFromConfig(aws.Config{Region: "eu-west-1", BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider(account, "any", ""), RetryMaxAttempts: 1})
	}
}

// The whole tree, in pages, as the management account and as who administers a service.
func TestOrganizations(t *testing.T) {
	t.Parallel()
	as, ctx := serve(t), context.Background()
	for _, account := range []string{management, hub} {
		c := as(account)
		var ids []string
		for pages := sdk.NewListAccountsPaginator(c, &sdk.ListAccountsInput{}); pages.HasMorePages(); {
			page, err := pages.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range page.Accounts {
				ids = append(ids, *a.Id)
			}
			ids = append(ids, "|")
		}
		if text := strings.Join(ids, " "); len(ids) != 28 || !strings.HasPrefix(text, management+" "+hub+" "+shop) || ids[20] != "|" {
			t.Errorf("%s lists %s", account, text)
		}
		roots, err := c.ListRoots(ctx, &sdk.ListRootsInput{})
		if err != nil || *roots.Roots[0].Id != "r-a1b2" {
			t.Errorf("%v, %v", roots, err)
		}
		units, err := c.ListOrganizationalUnitsForParent(ctx, &sdk.ListOrganizationalUnitsForParentInput{ParentId: new("ou-a1b2-11111111")})
		if err != nil || len(units.OrganizationalUnits) != 1 || *units.OrganizationalUnits[0].Name != "inner" {
			t.Errorf("%v, %v", units, err)
		}
		in, err := c.ListAccountsForParent(ctx, &sdk.ListAccountsForParentInput{ParentId: new("ou-a1b2-22222222")})
		if err != nil || len(in.Accounts) != 1 || in.Accounts[0].State != types.AccountStateSuspended || in.Accounts[0].Paths[0] != "o-a1b2c3d4e5/r-a1b2/ou-a1b2-11111111/ou-a1b2-22222222/" {
			t.Errorf("%v, %v", in, err)
		}
		one, err := c.DescribeAccount(ctx, &sdk.DescribeAccountInput{AccountId: new(shop)})
		if err != nil || *one.Account.Name != "shop" || *one.Account.Arn != "arn:aws:organizations::000011112222:account/o-a1b2c3d4e5/111122223333" {
			t.Errorf("%v, %v", one, err)
		}
		parents, err := c.ListParents(ctx, &sdk.ListParentsInput{ChildId: new(shop)})
		if err != nil || *parents.Parents[0].Id != "ou-a1b2-22222222" || parents.Parents[0].Type != types.ParentTypeOrganizationalUnit {
			t.Errorf("%v, %v", parents, err)
		}
	}
}

func TestServicesAndPolicies(t *testing.T) {
	t.Parallel()
	as, ctx := serve(t), context.Background()
	c := as(management)
	trusted, err := c.ListAWSServiceAccessForOrganization(ctx, &sdk.ListAWSServiceAccessForOrganizationInput{})
	if err != nil || *trusted.EnabledServicePrincipals[0].ServicePrincipal != stacksets {
		t.Errorf("%v, %v", trusted, err)
	}
	for service, want := range map[string]int{stacksets: 1, "config.amazonaws.com": 0} {
		if who, err := c.ListDelegatedAdministrators(ctx, &sdk.ListDelegatedAdministratorsInput{ServicePrincipal: &service}); err != nil || len(who.DelegatedAdministrators) != want {
			t.Errorf("%v, %v", who, err)
		}
	}
	services, err := c.ListDelegatedServicesForAccount(ctx, &sdk.ListDelegatedServicesForAccountInput{AccountId: new(hub)})
	if err != nil || *services.DelegatedServices[0].ServicePrincipal != stacksets {
		t.Errorf("%v, %v", services, err)
	}
	attached, err := c.ListPoliciesForTarget(ctx, &sdk.ListPoliciesForTargetInput{TargetId: new("ou-a1b2-11111111"), Filter: types.PolicyTypeServiceControlPolicy})
	if err != nil || len(attached.Policies) != 2 || !attached.Policies[0].AwsManaged || *attached.Policies[1].Id != "p-00000001" {
		t.Errorf("%v, %v", attached, err)
	}
	policy, err := c.DescribePolicy(ctx, &sdk.DescribePolicyInput{PolicyId: new("p-00000001")})
	if err != nil || *policy.Policy.Content != `{"Version":"2012-10-17","Statement":[]}` {
		t.Errorf("%v, %v", policy, err)
	}
}

// AWS refuses who governs nothing, but for whose organization it is in.
func TestRefusals(t *testing.T) {
	t.Parallel()
	as, ctx := serve(t), context.Background()
	o, err := as(shop).DescribeOrganization(ctx, &sdk.DescribeOrganizationInput{})
	if err != nil || *o.Organization.Id != "o-a1b2c3d4e5" || *o.Organization.MasterAccountId != management {
		t.Errorf("%v, %v", o, err)
	}
	code := func(_ any, err error) string {
		api, _ := errors.AsType[smithy.APIError](err)
		if api == nil {
			return fmt.Sprint(err)
		}
		return api.ErrorCode()
	}
	c := as(management)
	for want, got := range map[string]string{
		"AccessDeniedException":             code(as(shop).ListAccounts(ctx, &sdk.ListAccountsInput{})),
		"AWSOrganizationsNotInUseException": code(as("444455556666").DescribeOrganization(ctx, &sdk.DescribeOrganizationInput{})),
		"ParentNotFoundException":           code(c.ListAccountsForParent(ctx, &sdk.ListAccountsForParentInput{ParentId: new(shop)})),
		"ChildNotFoundException":            code(c.ListParents(ctx, &sdk.ListParentsInput{ChildId: new("ou-a1b2-33333333")})),
		"AccountNotFoundException":          code(c.DescribeAccount(ctx, &sdk.DescribeAccountInput{AccountId: new("444455556666")})),
		"AccountNotRegisteredException":     code(c.ListDelegatedServicesForAccount(ctx, &sdk.ListDelegatedServicesForAccountInput{AccountId: new(shop)})),
		"TargetNotFoundException":           code(c.ListPoliciesForTarget(ctx, &sdk.ListPoliciesForTargetInput{TargetId: new("444455556666"), Filter: types.PolicyTypeServiceControlPolicy})),
		"PolicyNotFoundException":           code(c.DescribePolicy(ctx, &sdk.DescribePolicyInput{PolicyId: new("p-99999999")})),
		"NotInTheSandbox":                   code(c.ListPoliciesForTarget(ctx, &sdk.ListPoliciesForTargetInput{TargetId: new("r-a1b2"), Filter: types.PolicyTypeTagPolicy})),
		"InvalidInputException":             code(c.ListRoots(ctx, &sdk.ListRootsInput{NextToken: new("x")})),
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
