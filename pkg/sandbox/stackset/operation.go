package stackset

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"keymend/pkg/sandbox/cloudformation"
	"keymend/pkg/sandbox/ident"
	"keymend/pkg/sandbox/organization"
	"keymend/pkg/sandbox/wire"
)

// A place is where a set has a stack, or should have one.
type place struct{ account, region, unit string }

// targets are the places of a set: active accounts in its units and in those below them,
// never the management account.
func (one *set) targets(o *organization.Organization) []place {
	var out []place
	for _, group := range one.StackInstancesGroup {
		for _, region := range one.order(group.Regions) {
			for _, unit := range group.DeploymentTargets.OrganizationalUnitIds {
				for _, a := range o.Under(unit) {
					if a.ID != o.Management {
						out = append(out, place{a.ID, region, a.Unit})
					}
				}
			}
		}
	}
	return out
}

// order puts Regions into the order that the preferences ask for.
func (one *set) order(regions []string) []string {
	first := slices.DeleteFunc(slices.Clone(one.OperationPreferences.RegionOrder), func(r string) bool { return !slices.Contains(regions, r) })
	return append(first, slices.DeleteFunc(slices.Clone(regions), func(r string) bool { return slices.Contains(first, r) })...)
}

func (one *set) instance(account, region string) *instance {
	for _, i := range one.instances {
		if i.stack.Account == account && i.stack.Region == region {
			return i
		}
	}
	return nil
}

// operate has all stacks of a set be what it says. They are outdated until they were
// reached. What isn't meant any more is deleted.
func (s *Service) operate(o *organization.Organization, one *set, action types.StackSetOperationAction) error {
	places := one.targets(o)
	for _, i := range one.instances {
		i.status, i.detail = types.StackInstanceStatusOutdated, types.StackInstanceDetailedStatusPending
	}
	return s.run(o, one, action, places, one.gone(places))
}

// gone are the instances that a set has, and doesn't mean to have.
func (one *set) gone(places []place) []*instance {
	var out []*instance
	for _, i := range one.instances {
		if !slices.ContainsFunc(places, func(p place) bool { return p.account == i.stack.Account && p.region == i.stack.Region }) {
			out = append(out, i)
		}
	}
	return out
}

// run is one operation. More failures in a Region than are tolerated stop it there, and
// it has failed. Suspended accounts are skipped.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-concepts.html#stackset-ops-options
func (s *Service) run(o *organization.Organization, one *set, action types.StackSetOperationAction, places []place, gone []*instance) error {
	op := types.StackSetOperationSummary{OperationId: new(ident.UUID()), Action: action, CreationTimestamp: s.now(), Status: types.StackSetOperationStatusSucceeded}
	failures, of := map[string][]string{}, map[string]int{}
	for _, p := range places {
		of[p.region]++
	}
	try := func(region, account string, i *instance, err error) {
		if err == nil {
			return
		}
		i.status, i.detail, i.reason = types.StackInstanceStatusOutdated, types.StackInstanceDetailedStatusFailed, err.Error()
		failures[region] = append(failures[region], account+" in "+region+": "+err.Error())
	}
	for _, i := range gone {
		try(i.stack.Region, i.stack.Account, i, s.remove(one, i))
	}
	tolerated := func(region string) bool {
		return len(failures[region]) <= of[region]*one.OperationPreferences.FailureTolerancePercentage/100
	}
	for _, p := range places {
		i := one.at(p)
		i.operation, i.unit = *op.OperationId, p.unit
		a, _ := o.Account(p.account)
		switch {
		case a.State == organization.Suspended:
			i.detail = types.StackInstanceDetailedStatusSkippedSuspendedAccount
		case !tolerated(p.region):
			i.detail, i.reason = types.StackInstanceDetailedStatusCancelled, "Cancelled since failure tolerance has exceeded"
		default:
			try(p.region, p.account, i, s.deploy(one, i))
		}
	}
	op.EndTimestamp = s.now()
	var said []string
	for region, failed := range failures {
		said = append(said, failed...)
		if !tolerated(region) {
			op.Status = types.StackSetOperationStatusFailed
		}
	}
	slices.Sort(said)
	one.operations = slices.Insert(one.operations, 0, op)
	if op.Status == types.StackSetOperationStatusFailed {
		return wire.Errorf("OperationFailed", "StackSet %s: %s", one.StackSetName, strings.Join(said, "; "))
	}
	return nil
}

// at returns the set's instance at a place, and makes one where there is none.
func (one *set) at(p place) *instance {
	if i := one.instance(p.account, p.region); i != nil {
		return i
	}
	i := &instance{
		stack:  cloudformation.Stack{Name: "StackSet-" + one.StackSetName + "-" + one.suffix, Account: p.account, Region: p.region},
		status: types.StackInstanceStatusOutdated, id: ident.UUID(),
	}
	one.instances = append(one.instances, i)
	return i
}

func (s *Service) deploy(one *set, i *instance) error {
	c, err := s.Changer(i.stack.Account, i.stack.Region)
	if err != nil {
		return err
	}
	if err := i.stack.Update([]byte(one.TemplateBody), one.parameters(), c); err != nil {
		return err
	}
	i.status, i.detail, i.reason = types.StackInstanceStatusCurrent, types.StackInstanceDetailedStatusSucceeded, ""
	return nil
}

// remove takes an instance's stack away, and then the instance.
func (s *Service) remove(one *set, i *instance) error {
	c, err := s.Changer(i.stack.Account, i.stack.Region)
	if err != nil {
		return err
	}
	if err := i.stack.Delete(c); err != nil {
		i.status, i.detail, i.reason = types.StackInstanceStatusInoperable, types.StackInstanceDetailedStatusInoperable, err.Error()
		return fmt.Errorf("delete: %w", err)
	}
	one.instances = slices.DeleteFunc(one.instances, func(other *instance) bool { return other == i })
	return nil
}

// notices is how long StackSets take to see that an account joined, moved or left.
const notices = time.Minute

// Changed has the sets with automatic deployment follow the organizations, a little later.
func (s *Service) Changed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sets) > 0 {
		s.Clock.After(notices, s.follow)
	}
}

// follow deploys to accounts that joined, in the order in which sets depend on each other,
// and takes away from those that left, the other way round. It retries nothing.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-manage-auto-deployment.html
func (s *Service) follow() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range slices.Backward(s.sets) {
		s.leave(one)
	}
	for _, one := range s.sets { // a set is made after those that it depends on
		s.join(one)
	}
}

// meant is what a set that deploys by itself means to have now.
func (s *Service) meant(one *set) (*organization.Organization, []place) {
	o := s.Organization(one.account)
	if o == nil || o.ID != one.organization || !one.AutoDeployment.Enabled {
		return nil, nil
	}
	return o, one.targets(o)
}

func (s *Service) leave(one *set) {
	o, places := s.meant(one)
	if o == nil {
		return
	}
	gone := one.gone(places)
	if one.AutoDeployment.RetainStacksOnAccountRemoval {
		one.instances = slices.DeleteFunc(one.instances, func(i *instance) bool { return slices.Contains(gone, i) })
		return
	}
	if len(gone) > 0 {
		_ = s.run(o, one, types.StackSetOperationActionDelete, nil, gone) // the instance says it
	}
}

func (s *Service) join(one *set) {
	o, places := s.meant(one)
	if o == nil {
		return
	}
	var fresh []place
	for _, p := range places {
		i := one.instance(p.account, p.region)
		if a, _ := o.Account(p.account); i == nil && a.State == organization.Active {
			fresh = append(fresh, p)
		} else if i != nil {
			i.unit = p.unit
		}
	}
	if len(fresh) > 0 {
		_ = s.run(o, one, types.StackSetOperationActionCreate, fresh, nil) // the same
	}
}
