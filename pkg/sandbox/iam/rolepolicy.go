package iam

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"

	"keymend/pkg/sandbox/paging"
	"keymend/pkg/sandbox/wire"
)

// PutRolePolicy makes or replaces an inline policy of a role.
func (s *Service) PutRolePolicy(ctx context.Context, in *awsiam.PutRolePolicyInput) (*awsiam.PutRolePolicyOutput, error) {
	doc, err := parse(*in.PolicyDocument)
	if err != nil {
		return nil, err
	}
	for _, st := range doc.Statements() {
		if st.Principal != nil || st.NotPrincipal != nil {
			return nil, wire.Errorf("MalformedPolicyDocument", "Policy document should not specify a principal.")
		}
	}
	return &awsiam.PutRolePolicyOutput{}, s.change(ctx, in.RoleName, func(r *role) error {
		r.inline[*in.PolicyName] = policy{*in.PolicyDocument, doc}
		return nil
	})
}

func (s *Service) getRolePolicy(ctx context.Context, in *awsiam.GetRolePolicyInput) (*awsiam.GetRolePolicyOutput, error) {
	out := &awsiam.GetRolePolicyOutput{RoleName: in.RoleName, PolicyName: in.PolicyName}
	return out, s.with(ctx, in.RoleName, func(r *role) error {
		p, err := r.policy(in.PolicyName)
		out.PolicyDocument = new(encode(p.text))
		return err
	})
}

// policy returns an inline policy by name.
func (r *role) policy(name *string) (policy, error) {
	p, ok := r.inline[aws.ToString(name)]
	if !ok {
		return p, missing("The role policy with name %s cannot be found.", aws.ToString(name))
	}
	return p, nil
}

func (s *Service) listRolePolicies(ctx context.Context, in *awsiam.ListRolePoliciesInput) (*awsiam.ListRolePoliciesOutput, error) {
	var out awsiam.ListRolePoliciesOutput
	return &out, s.with(ctx, in.RoleName, func(r *role) (err error) {
		out.PolicyNames, out.Marker, err = paging.Cut(slices.Sorted(maps.Keys(r.inline)), in.MaxItems, in.Marker, pages())
		out.IsTruncated = out.Marker != nil
		return err
	})
}

func (s *Service) deleteRolePolicy(ctx context.Context, in *awsiam.DeleteRolePolicyInput) (*awsiam.DeleteRolePolicyOutput, error) {
	return &awsiam.DeleteRolePolicyOutput{}, s.change(ctx, in.RoleName, func(r *role) error {
		_, err := r.policy(in.PolicyName)
		delete(r.inline, *in.PolicyName)
		return err
	})
}
