package stackset

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"keymend/pkg/sandbox/ident"
	"keymend/pkg/sandbox/paging"
	"keymend/pkg/sandbox/wire"
)

// A Stack is one that an account has of its own, as CloudFormation shows it.
type Stack struct {
	Name, Account, Region string
	Description           string
	Parameters            map[string]string
	Resources             []Resource

	id   string
	made time.Time
}

// A Resource is what a stack calls a resource, and how others do.
type Resource struct{ LogicalID, Type, PhysicalID string }

// Keep has a stack be there, in the place of one of its name.
func (s *Service) Keep(st Stack) {
	st.made = s.Clock.Now()
	st.id = "arn:aws:cloudformation:" + st.Region + ":" + st.Account + ":stack/" + st.Name + "/" + ident.UUID()
	s.Forget(st.Account, st.Region, st.Name)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stacks = append(s.stacks, st)
}

// Forget takes a stack away; one that isn't there is no error.
func (s *Service) Forget(account, region, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stacks = slices.DeleteFunc(s.stacks, func(st Stack) bool {
		return st.Account == account && st.Region == region && st.Name == name
	})
}

// stack finds one of the caller's by its name or id.
func (s *Service) stack(ctx context.Context, name string) (Stack, error) {
	if name == "" || strings.HasPrefix(name, "StackSet-") {
		return Stack{}, wire.Errorf("NotInTheSandbox", "of stacks only those that an account has of its own, by name, are in the sandbox")
	}
	c := wire.CallerOf(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.stacks {
		if st.Account == c.Account && st.Region == c.Region && (st.Name == name || st.id == name) {
			return st, nil
		}
	}
	return Stack{}, wire.Errorf("ValidationError", "Stack with id %s does not exist", name)
}

func (s *Service) describeStacks(ctx context.Context, in *cloudformation.DescribeStacksInput) (*cloudformation.DescribeStacksOutput, error) {
	st, err := s.stack(ctx, aws.ToString(in.StackName))
	if err != nil {
		return nil, err
	}
	out := types.Stack{StackName: &st.Name, StackId: &st.id, Description: &st.Description, CreationTime: &st.made, StackStatus: types.StackStatusCreateComplete}
	for _, name := range slices.Sorted(maps.Keys(st.Parameters)) {
		out.Parameters = append(out.Parameters, types.Parameter{ParameterKey: &name, ParameterValue: new(st.Parameters[name])})
	}
	return &cloudformation.DescribeStacksOutput{Stacks: []types.Stack{out}}, nil
}

func (s *Service) listStackResources(ctx context.Context, in *cloudformation.ListStackResourcesInput) (*cloudformation.ListStackResourcesOutput, error) {
	st, err := s.stack(ctx, aws.ToString(in.StackName))
	if err != nil {
		return nil, err
	}
	all := []types.StackResourceSummary{}
	for _, r := range st.Resources {
		all = append(all, types.StackResourceSummary{
			LogicalResourceId: &r.LogicalID, PhysicalResourceId: &r.PhysicalID, ResourceType: &r.Type, LastUpdatedTimestamp: &st.made, ResourceStatus: types.ResourceStatusCreateComplete,
		})
	}
	page, next, err := paging.Cut(all, nil, in.NextToken, pages())
	return &cloudformation.ListStackResourcesOutput{StackResourceSummaries: page, NextToken: next}, err
}
