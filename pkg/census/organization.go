package census

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"keymend/pkg/account"
	"keymend/pkg/coverage"
)

// ErrNoUnit says that no wave of the settings has a unit.
var ErrNoUnit = errors.New("no wave of the settings has the unit")

// Accounts returns the accounts of the settings' units, and of units below them, by id;
// with a unit those in it, or below. The management account isn't among them: StackSets
// don't deploy to it.
func (s *Census) Accounts(ctx context.Context, unit string) ([]coverage.Account, error) {
	var found []coverage.Account
	inside := map[string]bool{"": unit == ""}
	for _, wave := range s.Organization.Waves {
		for _, top := range wave.Units {
			walk := Walk{
				Client: organizations.NewFromConfig(s.Administrator),
				Unit: func(id, in string) bool {
					inside[id] = inside[in] || id == unit
					return inside[id]
				},
				Account: func(a types.Account, _ string) {
					found = append(found, coverage.Account{ID: aws.ToString(a.Id), Name: aws.ToString(a.Name), State: string(a.State), Wave: wave.Name, Unit: top})
				},
			}
			if err := walk.From(ctx, top, ""); err != nil {
				return nil, err
			}
		}
	}
	if _, met := inside[unit]; !met {
		return nil, fmt.Errorf("%w: %s", ErrNoUnit, unit)
	}
	out := slices.DeleteFunc(found, func(a coverage.Account) bool { return a.ID == s.Organization.Management })
	slices.SortFunc(out, func(a, b coverage.Account) int { return strings.Compare(a.ID, b.ID) })
	return slices.CompactFunc(out, func(a, b coverage.Account) bool { return a.ID == b.ID }), nil
}

// A Walk goes through the units below one of an organization.
type Walk struct {
	Client *organizations.Client
	// Unit hears of each unit, and of the one that it is in; "" = the walk begins with it.
	// It says whether the accounts right in it are listed.
	Unit func(id, in string) bool
	// Account hears of each account, and of the unit that it is in.
	Account func(a types.Account, in string)
}

// From begins with a unit or the root.
func (w Walk) From(ctx context.Context, id, in string) error {
	if w.Unit(id, in) {
		if err := w.accounts(ctx, id); err != nil {
			return err
		}
	}
	pages := organizations.NewListOrganizationalUnitsForParentPaginator(w.Client, &organizations.ListOrganizationalUnitsForParentInput{ParentId: &id})
	units, err := account.EveryPage(ctx, pages, func(p *organizations.ListOrganizationalUnitsForParentOutput) []types.OrganizationalUnit {
		return p.OrganizationalUnits
	})
	if err != nil {
		return fmt.Errorf("list the units of %s: %w", id, err)
	}
	for _, u := range units {
		if err := w.From(ctx, aws.ToString(u.Id), id); err != nil {
			return err
		}
	}
	return nil
}

// accounts lists those right in a unit. State is in the place of Status.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html
func (w Walk) accounts(ctx context.Context, unit string) error {
	pages := organizations.NewListAccountsForParentPaginator(w.Client, &organizations.ListAccountsForParentInput{ParentId: &unit})
	all, err := account.EveryPage(ctx, pages, func(p *organizations.ListAccountsForParentOutput) []types.Account { return p.Accounts })
	if err != nil {
		return fmt.Errorf("list the accounts of unit %s: %w", unit, err)
	}
	for _, a := range all {
		a.State = cmp.Or(a.State, types.AccountState(a.Status))
		w.Account(a, unit)
	}
	return nil
}

// instances lists a StackSet's, in the home Region, and what it gives for parameters.
func (s *Census) instances(ctx context.Context, name string) set {
	as := cfntypes.CallAsDelegatedAdmin
	if s.AdministratorID == s.Organization.Management { // it has those of delegated administrators, too
		as = cfntypes.CallAsSelf
	}
	cfg := s.Administrator.Copy()
	cfg.Region = s.Organization.Regions[0]
	client := cloudformation.NewFromConfig(cfg)
	described, err := client.DescribeStackSet(ctx, &cloudformation.DescribeStackSetInput{StackSetName: &name, CallAs: as})
	if _, none := errors.AsType[*cfntypes.StackSetNotFoundException](err); none {
		return set{none: true}
	}
	if err != nil {
		return set{err: err}
	}
	given := map[string]string{}
	for _, p := range described.StackSet.Parameters {
		given[aws.ToString(p.ParameterKey)] = aws.ToString(p.ParameterValue)
	}
	pages := cloudformation.NewListStackInstancesPaginator(client, &cloudformation.ListStackInstancesInput{StackSetName: &name, CallAs: as})
	all, err := account.EveryPage(ctx, pages, func(p *cloudformation.ListStackInstancesOutput) []cfntypes.StackInstanceSummary { return p.Summaries })
	if err != nil {
		return set{err: err}
	}
	out := set{instances: map[[2]string]coverage.Instance{}}
	for _, i := range all {
		out.instances[[2]string{aws.ToString(i.Account), aws.ToString(i.Region)}] = coverage.Instance{
			Status: string(i.Status), Reason: aws.ToString(i.StatusReason), Stack: aws.ToString(i.StackId), Given: given,
		}
	}
	return out
}
