package census

import (
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

	"keymend/pkg/coverage"
)

// ErrNoUnit says that no wave of the settings has a unit.
var ErrNoUnit = errors.New("no wave of the settings has the unit")

// Accounts returns the accounts of the settings' units, and of units below them, by id;
// with a unit those in it, or below. The management account isn't among them: StackSets
// don't deploy to it.
func (s *Census) Accounts(ctx context.Context, unit string) ([]coverage.Account, error) {
	w := walk{client: organizations.NewFromConfig(s.Administrator), within: unit}
	for _, wave := range s.Organization.Waves {
		for _, top := range wave.Units {
			w.account = coverage.Account{Wave: wave.Name, Unit: top}
			if err := w.unit(ctx, top, unit == ""); err != nil {
				return nil, err
			}
		}
	}
	if !w.met && unit != "" {
		return nil, fmt.Errorf("%w: %s", ErrNoUnit, unit)
	}
	out := slices.DeleteFunc(w.found, func(a coverage.Account) bool { return a.ID == s.Organization.Management })
	slices.SortFunc(out, func(a, b coverage.Account) int { return strings.Compare(a.ID, b.ID) })
	return slices.CompactFunc(out, func(a, b coverage.Account) bool { return a.ID == b.ID }), nil
}

// A walk goes through units.
type walk struct {
	client  *organizations.Client
	within  string           // only what is in this unit, or below; "" = all
	met     bool             // it was there
	account coverage.Account // what is known of all accounts of a wave's unit
	found   []coverage.Account
}

func (w *walk) unit(ctx context.Context, id string, inside bool) error {
	if id == w.within {
		inside, w.met = true, true
	}
	accounts := organizations.NewListAccountsForParentPaginator(w.client, &organizations.ListAccountsForParentInput{ParentId: &id})
	for inside && accounts.HasMorePages() {
		page, err := accounts.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list the accounts of unit %s: %w", id, err)
		}
		for _, a := range page.Accounts {
			one := w.account
			one.ID, one.Name, one.State = aws.ToString(a.Id), aws.ToString(a.Name), stateOf(a)
			w.found = append(w.found, one)
		}
	}
	units := organizations.NewListOrganizationalUnitsForParentPaginator(w.client, &organizations.ListOrganizationalUnitsForParentInput{ParentId: &id})
	for units.HasMorePages() {
		page, err := units.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list the units of %s: %w", id, err)
		}
		for _, u := range page.OrganizationalUnits {
			if err := w.unit(ctx, aws.ToString(u.Id), inside); err != nil {
				return err
			}
		}
	}
	return nil
}

// stateOf: State is in the place of Status.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html
func stateOf(a types.Account) string {
	if a.State != "" {
		return string(a.State)
	}
	return string(a.Status)
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
	out := set{instances: map[[2]string]coverage.Instance{}}
	pages := cloudformation.NewListStackInstancesPaginator(client, &cloudformation.ListStackInstancesInput{StackSetName: &name, CallAs: as})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return set{err: err}
		}
		for _, i := range page.Summaries {
			out.instances[[2]string{aws.ToString(i.Account), aws.ToString(i.Region)}] = coverage.Instance{
				Status: string(i.Status), Reason: aws.ToString(i.StatusReason), Stack: aws.ToString(i.StackId), Given: given,
			}
		}
	}
	return out
}
