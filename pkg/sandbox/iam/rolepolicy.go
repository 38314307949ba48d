package iam

import (
	"context"
	"maps"
	"slices"

	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"

	"keymend/pkg/sandbox/paging"
	"keymend/pkg/sandbox/wire"
)

func (s *Service) putRolePolicy(ctx context.Context, in *awsiam.PutRolePolicyInput) (*awsiam.PutRolePolicyOutput, error) {
	doc, err := parse(*in.PolicyDocument)
	if err != nil {
		return nil, err
	}
	for _, st := range doc.Statements() {
		if st.Principal != nil || st.NotPrincipal != nil {
			return nil, wire.Errorf("MalformedPolicyDocument", "Policy document should not specify a principal.")
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.changeable(ctx, in.RoleName)
	if err != nil {
		return nil, err
	}
	r.inline[*in.PolicyName] = policy{*in.PolicyDocument, doc}
	return &awsiam.PutRolePolicyOutput{}, nil
}

func (s *Service) getRolePolicy(ctx context.Context, in *awsiam.GetRolePolicyInput) (*awsiam.GetRolePolicyOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.existing(ctx, in.RoleName)
	if err != nil {
		return nil, err
	}
	p, ok := r.inline[*in.PolicyName]
	if !ok {
		return nil, noPolicy(*in.PolicyName)
	}
	return &awsiam.GetRolePolicyOutput{RoleName: new(r.Name), PolicyName: in.PolicyName, PolicyDocument: new(encode(p.text))}, nil
}

func noPolicy(name string) error {
	return missing("The role policy with name %s cannot be found.", name)
}

func (s *Service) listRolePolicies(ctx context.Context, in *awsiam.ListRolePoliciesInput) (*awsiam.ListRolePoliciesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.existing(ctx, in.RoleName)
	if err != nil {
		return nil, err
	}
	page, next, err := paging.Cut(slices.Sorted(maps.Keys(r.inline)), in.MaxItems, in.Marker, pages())
	return &awsiam.ListRolePoliciesOutput{PolicyNames: page, Marker: next, IsTruncated: next != nil}, err
}

func (s *Service) deleteRolePolicy(ctx context.Context, in *awsiam.DeleteRolePolicyInput) (*awsiam.DeleteRolePolicyOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.changeable(ctx, in.RoleName)
	if err != nil {
		return nil, err
	}
	if _, ok := r.inline[*in.PolicyName]; !ok {
		return nil, noPolicy(*in.PolicyName)
	}
	delete(r.inline, *in.PolicyName)
	return &awsiam.DeleteRolePolicyOutput{}, nil
}
