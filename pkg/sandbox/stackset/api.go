package stackset

import (
	"cmp"
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"keymend/pkg/sandbox/paging"
	"keymend/pkg/sandbox/wire"
)

// Wire returns CloudFormation as the dispatcher serves it.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name: "cloudformation", Protocol: wire.Query, Version: "2010-05-15", Denied: "AccessDenied", DeniedCode: 403,
		Operations: []wire.Operation{
			wire.Handle("DescribeStackSet", s.describeStackSet),
			wire.Handle("DescribeStacks", s.describeStacks),
			wire.Handle("ListStackResources", s.listStackResources),
			wire.Handle("ListStackInstances", s.listStackInstances),
			wire.Handle("ListStackSetOperations", s.listStackSetOperations),
			wire.Handle("ListStackSets", s.listStackSets),
		},
	}.On(func(*wire.Caller, any) []string { return nil })
}

// visible returns the sets that a caller sees in its Region, under the lock: all of its
// organization if it administers them, else none, since all are service-managed.
func (s *Service) visible(ctx context.Context, as types.CallAs) ([]*set, error) {
	c := wire.CallerOf(ctx)
	if o := s.Organization(c.Account); as != types.CallAsDelegatedAdmin && (o == nil || c.Account != o.Management) {
		return nil, nil
	}
	o, err := s.acting(c.Account, as)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(s.sets), func(one *set) bool { return one.organization != o.ID || one.region != c.Region }), nil
}

// with does something to a StackSet, under the lock.
func (s *Service) with(ctx context.Context, name *string, as types.CallAs, f func(*set)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	all, err := s.visible(ctx, as)
	if err != nil {
		return err
	}
	for _, one := range all {
		if one.StackSetName == aws.ToString(name) || one.id == aws.ToString(name) {
			f(one)
			return nil
		}
	}
	return notFound(aws.ToString(name))
}

func pages() paging.Rule {
	return paging.Rule{Usual: 100, Most: 100, Refusal: wire.Errorf("ValidationError", "The token is invalid.")}
}

func (s *Service) listStackSets(ctx context.Context, in *cloudformation.ListStackSetsInput) (*cloudformation.ListStackSetsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sets, err := s.visible(ctx, in.CallAs)
	if err != nil {
		return nil, err
	}
	all := []types.StackSetSummary{}
	for _, one := range sets {
		if d := s.described(one); in.Status == "" || in.Status == d.Status {
			all = append(all, types.StackSetSummary{
				StackSetName: d.StackSetName, StackSetId: d.StackSetId, Description: d.Description, Status: d.Status, PermissionModel: d.PermissionModel,
				AutoDeployment: d.AutoDeployment, ManagedExecution: d.ManagedExecution, DriftStatus: types.StackDriftStatusNotChecked,
			})
		}
	}
	slices.SortFunc(all, func(a, b types.StackSetSummary) int { return cmp.Compare(*a.StackSetName, *b.StackSetName) })
	page, next, err := paging.Cut(all, in.MaxResults, in.NextToken, pages())
	return &cloudformation.ListStackSetsOutput{Summaries: page, NextToken: next}, err
}

func (s *Service) describeStackSet(ctx context.Context, in *cloudformation.DescribeStackSetInput) (*cloudformation.DescribeStackSetOutput, error) {
	out := &cloudformation.DescribeStackSetOutput{}
	return out, s.with(ctx, in.StackSetName, in.CallAs, func(one *set) { out.StackSet = new(s.described(one)) })
}

// described is a StackSet as DescribeStackSet shows it.
func (s *Service) described(one *set) types.StackSet {
	out := types.StackSet{
		StackSetName: &one.StackSetName, StackSetId: &one.id, StackSetARN: new(s.arn(one)), Description: &one.Description, Status: types.StackSetStatusActive,
		PermissionModel: types.PermissionModels(one.PermissionModel), TemplateBody: &one.TemplateBody, Capabilities: one.Capabilities,
		AutoDeployment: &types.AutoDeployment{
			Enabled: &one.AutoDeployment.Enabled, RetainStacksOnAccountRemoval: &one.AutoDeployment.RetainStacksOnAccountRemoval, DependsOn: one.AutoDeployment.DependsOn,
		},
		ManagedExecution: &types.ManagedExecution{Active: &one.ManagedExecution.Active},
	}
	for _, p := range one.Parameters {
		out.Parameters = append(out.Parameters, types.Parameter{ParameterKey: new(p.ParameterKey), ParameterValue: new(p.ParameterValue)})
	}
	for _, group := range one.StackInstancesGroup {
		out.OrganizationalUnitIds = append(out.OrganizationalUnitIds, group.DeploymentTargets.OrganizationalUnitIds...)
		out.Regions = append(out.Regions, group.Regions...)
	}
	return out
}

func (s *Service) listStackInstances(ctx context.Context, in *cloudformation.ListStackInstancesInput) (*cloudformation.ListStackInstancesOutput, error) {
	all := []types.StackInstanceSummary{}
	for _, f := range in.Filters {
		if f.Name == types.StackInstanceFilterNameDriftStatus {
			return nil, wire.Errorf("NotInTheSandbox", "the filter DRIFT_STATUS is not in the sandbox")
		}
	}
	err := s.with(ctx, in.StackSetName, in.CallAs, func(one *set) {
		for _, i := range one.instances {
			if of(in.StackInstanceAccount, i.stack.Account) && of(in.StackInstanceRegion, i.stack.Region) && i.passes(in.Filters) {
				all = append(all, i.listed(one.id))
			}
		}
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b types.StackInstanceSummary) int {
		return cmp.Or(cmp.Compare(*a.Account, *b.Account), cmp.Compare(*a.Region, *b.Region))
	})
	page, next, err := paging.Cut(all, in.MaxResults, in.NextToken, pages())
	return &cloudformation.ListStackInstancesOutput{Summaries: page, NextToken: next}, err
}

// of reports whether what is asked for is this, or nothing is.
func of(asked *string, is string) bool { return aws.ToString(asked) == "" || *asked == is }

func (i *instance) passes(filters []types.StackInstanceFilter) bool {
	for _, f := range filters {
		is := map[types.StackInstanceFilterName]string{
			types.StackInstanceFilterNameDetailedStatus: string(i.detail), types.StackInstanceFilterNameLastOperationId: i.operation,
		}[f.Name]
		if aws.ToString(f.Values) != is {
			return false
		}
	}
	return true
}

func (i *instance) listed(set string) types.StackInstanceSummary {
	out := types.StackInstanceSummary{
		Account: &i.stack.Account, Region: &i.stack.Region, OrganizationalUnitId: &i.unit, StackSetId: &set, LastOperationId: &i.operation,
		StackId: new("arn:aws:cloudformation:" + i.stack.Region + ":" + i.stack.Account + ":stack/" + i.stack.Name + "/" + i.id),
		Status:  i.status, StackInstanceStatus: &types.StackInstanceComprehensiveStatus{DetailedStatus: i.detail}, DriftStatus: types.StackDriftStatusNotChecked,
	}
	if i.reason != "" {
		out.StatusReason = &i.reason
	}
	return out
}

func (s *Service) listStackSetOperations(ctx context.Context, in *cloudformation.ListStackSetOperationsInput) (*cloudformation.ListStackSetOperationsOutput, error) {
	all := []types.StackSetOperationSummary{}
	err := s.with(ctx, in.StackSetName, in.CallAs, func(one *set) { all = append(all, one.operations...) })
	if err != nil {
		return nil, err
	}
	page, next, err := paging.Cut(all, in.MaxResults, in.NextToken, pages())
	return &cloudformation.ListStackSetOperationsOutput{Summaries: page, NextToken: next}, err
}
