// Package organizations is the API of the sandbox's organizations: what asks who is in
// one, and what bounds them. Who is in it the control API says.
package organizations

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsorgs "github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"keymend/pkg/sandbox/organization"
	"keymend/pkg/sandbox/paging"
	"keymend/pkg/sandbox/wire"
)

// A Service answers for all organizations. Make one with New.
type Service struct {
	of func(account string) *organization.Organization
}

// New returns a Service; of returns the organization that an account is in, nil for none.
func New(of func(account string) *organization.Organization) *Service { return &Service{of} }

// Wire returns the API.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name: "organizations", Protocol: wire.JSON, Target: "AWSOrganizationsV20161128", Version: "1.1",
		Denied: "AccessDeniedException", DeniedCode: 400,
		Operations: []wire.Operation{
			wire.Handle("DescribeOrganization", s.DescribeOrganization),
			wire.Handle("ListRoots", s.ListRoots),
			wire.Handle("ListOrganizationalUnitsForParent", s.ListOrganizationalUnitsForParent),
			wire.Handle("ListAccounts", s.ListAccounts),
			wire.Handle("ListAccountsForParent", s.ListAccountsForParent),
			wire.Handle("ListParents", s.ListParents),
			wire.Handle("DescribeAccount", s.DescribeAccount),
			wire.Handle("ListAWSServiceAccessForOrganization", s.ListAWSServiceAccessForOrganization),
			wire.Handle("ListDelegatedAdministrators", s.ListDelegatedAdministrators),
			wire.Handle("ListDelegatedServicesForAccount", s.ListDelegatedServicesForAccount),
			wire.Handle("ListPoliciesForTarget", s.ListPoliciesForTarget),
			wire.Handle("DescribePolicy", s.DescribePolicy),
		},
	}
}

// DescribeOrganization answers every account that is in one.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeOrganization.html
func (s *Service) DescribeOrganization(ctx context.Context, _ *awsorgs.DescribeOrganizationInput) (*awsorgs.DescribeOrganizationOutput, error) {
	o, err := s.member(ctx)
	if err != nil {
		return nil, err
	}
	return &awsorgs.DescribeOrganizationOutput{Organization: &types.Organization{
		Id: &o.ID, Arn: new(arn(o, "organization/"+o.ID)), FeatureSet: types.OrganizationFeatureSetAll,
		MasterAccountId: &o.Management, MasterAccountArn: new(arn(o, "account/"+o.ID+"/"+o.Management)), MasterAccountEmail: new(email(o.Management)),
	}}, nil
}

func (s *Service) member(ctx context.Context) (*organization.Organization, error) {
	if o := s.of(wire.CallerOf(ctx).Account); o != nil {
		return o, nil
	}
	return nil, wire.Errorf("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
}

// governed returns the caller's organization where the caller is its management account,
// or administers a service for it. AWS refuses others all operations but
// DescribeOrganization.
func (s *Service) governed(ctx context.Context) (*organization.Organization, error) {
	o, err := s.member(ctx)
	if err != nil {
		return nil, err
	}
	account := wire.CallerOf(ctx).Account
	if account != o.Management && len(delegated(o, account)) == 0 {
		return nil, wire.Errorf("AccessDeniedException", "You don't have permissions to access this resource.")
	}
	return o, nil
}

func arn(o *organization.Organization, resource string) string {
	return "arn:aws:organizations::" + o.Management + ":" + resource
}

func email(account string) string { return account + "@example.com" }

func pages() paging.Rule {
	const most = 20
	return paging.Rule{Usual: most, Most: most, Refusal: wire.Errorf("InvalidInputException", "You specified an invalid value for NextToken.")}
}

// ListRoots answers with the one root.
func (s *Service) ListRoots(ctx context.Context, in *awsorgs.ListRootsInput) (*awsorgs.ListRootsOutput, error) {
	o, err := s.governed(ctx)
	if err != nil {
		return nil, err
	}
	all := []types.Root{{Id: &o.Root, Name: new("Root"), Arn: new(arn(o, "root/"+o.ID+"/"+o.Root)), PolicyTypes: []types.PolicyTypeSummary{
		{Type: types.PolicyTypeServiceControlPolicy, Status: types.PolicyTypeStatusEnabled}, {Type: types.PolicyTypeResourceControlPolicy, Status: types.PolicyTypeStatusEnabled},
	}}}
	page, next, err := paging.Cut(all, in.MaxResults, in.NextToken, pages())
	return &awsorgs.ListRootsOutput{Roots: page, NextToken: next}, err
}

// ListOrganizationalUnitsForParent answers with the units right below a unit or the root.
func (s *Service) ListOrganizationalUnitsForParent(ctx context.Context, in *awsorgs.ListOrganizationalUnitsForParentInput) (*awsorgs.ListOrganizationalUnitsForParentOutput, error) {
	o, err := s.governed(ctx)
	if err != nil {
		return nil, err
	}
	parent := aws.ToString(in.ParentId)
	if !exists(o, parent) {
		return nil, wire.Errorf("ParentNotFoundException", "You specified parent that doesn't exist.")
	}
	all := []types.OrganizationalUnit{}
	for _, u := range o.Units {
		if u.Parent == parent {
			all = append(all, types.OrganizationalUnit{Id: new(u.ID), Name: new(u.Name), Arn: new(arn(o, "ou/"+o.ID+"/"+u.ID))})
		}
	}
	page, next, err := paging.Cut(all, in.MaxResults, in.NextToken, pages())
	return &awsorgs.ListOrganizationalUnitsForParentOutput{OrganizationalUnits: page, NextToken: next}, err
}

// exists reports whether a unit or the root is there.
func exists(o *organization.Organization, id string) bool {
	_, account := o.Account(id)
	return id == o.Root || !account && o.Parent(id) != ""
}

// ListParents answers with what is right above an account or a unit.
func (s *Service) ListParents(ctx context.Context, in *awsorgs.ListParentsInput) (*awsorgs.ListParentsOutput, error) {
	o, err := s.governed(ctx)
	if err != nil {
		return nil, err
	}
	parent := o.Parent(aws.ToString(in.ChildId))
	if parent == "" {
		return nil, wire.Errorf("ChildNotFoundException", "You specified child that doesn't exist.")
	}
	of := types.ParentTypeOrganizationalUnit
	if parent == o.Root {
		of = types.ParentTypeRoot
	}
	page, next, err := paging.Cut([]types.Parent{{Id: &parent, Type: of}}, in.MaxResults, in.NextToken, pages())
	return &awsorgs.ListParentsOutput{Parents: page, NextToken: next}, err
}
