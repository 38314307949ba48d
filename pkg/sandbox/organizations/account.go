package organizations

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsorgs "github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"keymend/pkg/sandbox/organization"
	"keymend/pkg/sandbox/paging"
	"keymend/pkg/sandbox/wire"
)

// ListAccounts answers with all accounts, the management account too.
func (s *Service) ListAccounts(ctx context.Context, in *awsorgs.ListAccountsInput) (*awsorgs.ListAccountsOutput, error) {
	o, err := s.governed(ctx)
	if err != nil {
		return nil, err
	}
	page, next, err := paging.Cut(accounts(o, o.Accounts), in.MaxResults, in.NextToken, pages())
	return &awsorgs.ListAccountsOutput{Accounts: page, NextToken: next}, err
}

// ListAccountsForParent answers with the accounts right in a unit or the root.
func (s *Service) ListAccountsForParent(ctx context.Context, in *awsorgs.ListAccountsForParentInput) (*awsorgs.ListAccountsForParentOutput, error) {
	o, err := s.governed(ctx)
	if err != nil {
		return nil, err
	}
	parent := aws.ToString(in.ParentId)
	if !exists(o, parent) {
		return nil, wire.Errorf("ParentNotFoundException", "You specified parent that doesn't exist.")
	}
	all := slices.DeleteFunc(slices.Clone(o.Accounts), func(a organization.Account) bool { return a.Unit != parent })
	page, next, err := paging.Cut(accounts(o, all), in.MaxResults, in.NextToken, pages())
	return &awsorgs.ListAccountsForParentOutput{Accounts: page, NextToken: next}, err
}

// DescribeAccount answers with one account.
func (s *Service) DescribeAccount(ctx context.Context, in *awsorgs.DescribeAccountInput) (*awsorgs.DescribeAccountOutput, error) {
	o, err := s.governed(ctx)
	if err != nil {
		return nil, err
	}
	a, ok := o.Account(aws.ToString(in.AccountId))
	if !ok {
		return nil, wire.Errorf("AccountNotFoundException", "You specified an account that doesn't exist.")
	}
	return &awsorgs.DescribeAccountOutput{Account: &accounts(o, []organization.Account{a})[0]}, nil
}

func accounts(o *organization.Organization, all []organization.Account) []types.Account {
	out := []types.Account{}
	for _, a := range all {
		out = append(out, types.Account{
			Id: new(a.ID), Name: new(a.Name), Arn: new(arn(o, "account/"+o.ID+"/"+a.ID)), Email: new(email(a.ID)), Paths: []string{o.Path(a.ID)},
			State: types.AccountState(a.State), Status: types.AccountStatus(a.State), JoinedMethod: types.AccountJoinedMethodCreated, JoinedTimestamp: new(a.Joined),
		})
	}
	return out
}

// ListAWSServiceAccessForOrganization answers with the services that have trusted access.
func (s *Service) ListAWSServiceAccessForOrganization(ctx context.Context, in *awsorgs.ListAWSServiceAccessForOrganizationInput) (*awsorgs.ListAWSServiceAccessForOrganizationOutput, error) {
	o, err := s.governed(ctx)
	if err != nil {
		return nil, err
	}
	all := []types.EnabledServicePrincipal{}
	for _, service := range o.Services {
		all = append(all, types.EnabledServicePrincipal{ServicePrincipal: new(service)})
	}
	page, next, err := paging.Cut(all, in.MaxResults, in.NextToken, pages())
	return &awsorgs.ListAWSServiceAccessForOrganizationOutput{EnabledServicePrincipals: page, NextToken: next}, err
}

// ListDelegatedAdministrators answers with the accounts that administer a service, or
// any.
func (s *Service) ListDelegatedAdministrators(ctx context.Context, in *awsorgs.ListDelegatedAdministratorsInput) (*awsorgs.ListDelegatedAdministratorsOutput, error) {
	o, err := s.governed(ctx)
	if err != nil {
		return nil, err
	}
	all := []types.DelegatedAdministrator{}
	for _, a := range accounts(o, o.Accounts) {
		services := delegated(o, *a.Id)
		if in.ServicePrincipal == nil && len(services) > 0 || slices.Contains(services, aws.ToString(in.ServicePrincipal)) {
			all = append(all, types.DelegatedAdministrator{
				Id: a.Id, Name: a.Name, Arn: a.Arn, Email: a.Email, State: a.State, Status: a.Status, JoinedMethod: a.JoinedMethod, JoinedTimestamp: a.JoinedTimestamp,
				DelegationEnabledDate: a.JoinedTimestamp,
			})
		}
	}
	page, next, err := paging.Cut(all, in.MaxResults, in.NextToken, pages())
	return &awsorgs.ListDelegatedAdministratorsOutput{DelegatedAdministrators: page, NextToken: next}, err
}

// ListDelegatedServicesForAccount answers with what an account administers.
func (s *Service) ListDelegatedServicesForAccount(ctx context.Context, in *awsorgs.ListDelegatedServicesForAccountInput) (*awsorgs.ListDelegatedServicesForAccountOutput, error) {
	o, err := s.governed(ctx)
	if err != nil {
		return nil, err
	}
	all := []types.DelegatedService{}
	for _, service := range delegated(o, aws.ToString(in.AccountId)) {
		all = append(all, types.DelegatedService{ServicePrincipal: new(service)})
	}
	if len(all) == 0 {
		return nil, wire.Errorf("AccountNotRegisteredException", "The specified account is not a delegated administrator for this Amazon Web Services service.")
	}
	page, next, err := paging.Cut(all, in.MaxResults, in.NextToken, pages())
	return &awsorgs.ListDelegatedServicesForAccountOutput{DelegatedServices: page, NextToken: next}, err
}

// delegated are the services that an account administers.
func delegated(o *organization.Organization, account string) []string {
	var out []string
	for _, service := range slices.Sorted(maps.Keys(o.Administrators)) {
		if slices.Contains(o.Administrators[service], account) {
			out = append(out, service)
		}
	}
	return out
}
