package survey

import (
	"keymend/pkg/account"
	"keymend/pkg/census"

	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"keymend/pkg/precheck"
)

// A reader reads an organization.
type reader struct {
	Survey
	orgs   *organizations.Client
	tree   precheck.Tree
	unread int // accounts whose own policies aren't read
}

func (r *reader) membership(ctx context.Context) (precheck.Membership, error) {
	out, err := r.orgs.DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
	switch {
	case account.Code(err) == "AWSOrganizationsNotInUseException":
		return precheck.Membership{}, nil
	case err != nil:
		return precheck.Membership{}, err
	}
	return precheck.Membership{ID: aws.ToString(out.Organization.Id), Management: aws.ToString(out.Organization.MasterAccountId)}, nil
}

// delegated: AWS refuses an account that administers nothing, in words of its own. IAM's
// are others.
func (r *reader) delegated(ctx context.Context) (bool, error) {
	pages := organizations.NewListDelegatedAdministratorsPaginator(r.orgs, &organizations.ListDelegatedAdministratorsInput{ServicePrincipal: new(precheck.StackSets)})
	all, err := account.EveryPage(ctx, pages, func(p *organizations.ListDelegatedAdministratorsOutput) []types.DelegatedAdministrator {
		return p.DelegatedAdministrators
	})
	switch code := account.Code(err); {
	case code == "AccessDeniedException" && !strings.Contains(err.Error(), "not authorized to perform"), code == "AWSOrganizationsNotInUseException":
		return false, nil
	}
	return slices.ContainsFunc(all, func(a types.DelegatedAdministrator) bool { return aws.ToString(a.Id) == r.Account }), err
}

func (r *reader) trusted(ctx context.Context) (bool, error) {
	pages := organizations.NewListAWSServiceAccessForOrganizationPaginator(r.orgs, &organizations.ListAWSServiceAccessForOrganizationInput{})
	all, err := account.EveryPage(ctx, pages, func(p *organizations.ListAWSServiceAccessForOrganizationOutput) []types.EnabledServicePrincipal {
		return p.EnabledServicePrincipals
	})
	return slices.ContainsFunc(all, func(p types.EnabledServicePrincipal) bool {
		return aws.ToString(p.ServicePrincipal) == precheck.StackSets
	}), err
}

func (r *reader) hub(ctx context.Context) (string, error) {
	out, err := r.orgs.DescribeAccount(ctx, &organizations.DescribeAccountInput{AccountId: &r.Settings.Hub})
	switch {
	case account.Code(err) == "AccountNotFoundException":
		return "", nil
	case err != nil:
		return "", err
	}
	return string(out.Account.State), r.climb(ctx, r.Settings.Hub)
}

// units reads what is above and below the units that the settings name, and above the
// account with the lister, unless none by that id is there.
func (r *reader) units(ctx context.Context) (precheck.Tree, error) {
	if lists := r.Settings.Administrator; lists != r.Settings.Management {
		if err := r.climb(ctx, lists); err != nil && account.Code(err) != "ChildNotFoundException" {
			return r.tree, err
		}
	}
	for _, w := range r.Settings.Waves {
		for _, unit := range w.Units {
			err := r.climb(ctx, unit)
			if account.Code(err) == "ChildNotFoundException" {
				r.tree.Missing = append(r.tree.Missing, unit)
				continue
			}
			if err == nil {
				err = r.walk(ctx, unit)
			}
			if account.Code(err) == "ParentNotFoundException" {
				r.tree.Missing = append(r.tree.Missing, unit)
				continue
			}
			if err != nil {
				return r.tree, err
			}
		}
	}
	return r.tree, nil
}

// climb reads what is above a unit or an account.
func (r *reader) climb(ctx context.Context, id string) error {
	for !strings.HasPrefix(id, "r-") && r.tree.Parents[id] == "" {
		out, err := r.orgs.ListParents(ctx, &organizations.ListParentsInput{ChildId: &id})
		if err != nil || len(out.Parents) == 0 {
			return err
		}
		r.tree.Parents[id] = aws.ToString(out.Parents[0].Id)
		id = r.tree.Parents[id]
	}
	return nil
}

// walk reads what is below a unit or the root, once.
func (r *reader) walk(ctx context.Context, id string) error {
	return census.Walk{
		Client: r.orgs,
		Unit: func(id, in string) bool {
			if in != "" {
				r.tree.Parents[id] = in
			}
			return true
		},
		Account: func(a types.Account, in string) {
			m := precheck.Member{ID: aws.ToString(a.Id), State: string(a.State)}
			if r.tree.Parents[m.ID] = in; !slices.Contains(r.tree.Accounts, m) {
				r.tree.Accounts = append(r.tree.Accounts, m)
			}
		},
	}.From(ctx, id, "")
}

// policies reads what is attached to units, and to accounts where these are few:
// Organizations answers some calls a second.
func (r *reader) policies(ctx context.Context) (map[string][]precheck.Policy, error) {
	const few = 100
	targets := map[string]bool{}
	for id, parent := range r.tree.Parents {
		targets[parent] = true
		if strings.HasPrefix(id, "ou-") || len(r.tree.Accounts) <= few || id == r.Settings.Hub || id == r.Settings.Administrator {
			targets[id] = true
		} else {
			r.unread++
		}
	}
	for _, w := range r.Settings.Waves {
		for _, unit := range w.Units {
			targets[unit] = !slices.Contains(r.tree.Missing, unit)
		}
	}
	out, read := map[string][]precheck.Policy{}, map[string]precheck.Policy{}
	for target, there := range targets {
		for _, of := range []types.PolicyType{types.PolicyTypeServiceControlPolicy, types.PolicyTypeResourceControlPolicy} {
			if !there {
				continue
			}
			pages := organizations.NewListPoliciesForTargetPaginator(r.orgs, &organizations.ListPoliciesForTargetInput{TargetId: &target, Filter: of})
			all, err := account.EveryPage(ctx, pages, func(p *organizations.ListPoliciesForTargetOutput) []types.PolicySummary { return p.Policies })
			if err != nil {
				return nil, err
			}
			for _, p := range all {
				one, err := r.policy(ctx, read, p, of)
				if err != nil {
					return nil, err
				}
				out[target] = append(out[target], one)
			}
		}
	}
	return out, nil
}

// policy reads a policy, once.
func (r *reader) policy(ctx context.Context, read map[string]precheck.Policy, p types.PolicySummary, of types.PolicyType) (precheck.Policy, error) {
	id := aws.ToString(p.Id)
	if one, ok := read[id]; ok {
		return one, nil
	}
	out, err := r.orgs.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: &id})
	if err != nil {
		return precheck.Policy{}, err
	}
	read[id] = precheck.Policy{ID: id, Name: aws.ToString(p.Name), Resources: of == types.PolicyTypeResourceControlPolicy, Text: aws.ToString(out.Policy.Content)}
	return read[id], nil
}
