package organizations

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsorgs "github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"keymend/pkg/sandbox/organization"
	"keymend/pkg/sandbox/paging"
	"keymend/pkg/sandbox/wire"
)

// ListPoliciesForTarget answers with the policies right on the root, a unit or an
// account.
func (s *Service) ListPoliciesForTarget(ctx context.Context, in *awsorgs.ListPoliciesForTargetInput) (*awsorgs.ListPoliciesForTargetOutput, error) {
	o, err := s.governed(ctx)
	if err != nil {
		return nil, err
	}
	target, of := aws.ToString(in.TargetId), organization.PolicyType(in.Filter)
	switch {
	case target != o.Root && o.Parent(target) == "":
		return nil, wire.Errorf("TargetNotFoundException", "You specified a target that doesn't exist.")
	case of != organization.ServiceControl && of != organization.ResourceControl:
		return nil, wire.Errorf("NotInTheSandbox", "policies of type %q are not in the sandbox", of)
	}
	all := []types.PolicySummary{}
	for _, p := range o.Attached(target, of) {
		all = append(all, summary(o, p))
	}
	page, next, err := paging.Cut(all, in.MaxResults, in.NextToken, pages())
	return &awsorgs.ListPoliciesForTargetOutput{Policies: page, NextToken: next}, err
}

// DescribePolicy answers with a policy and its document.
func (s *Service) DescribePolicy(ctx context.Context, in *awsorgs.DescribePolicyInput) (*awsorgs.DescribePolicyOutput, error) {
	o, err := s.governed(ctx)
	if err != nil {
		return nil, err
	}
	p, ok := o.Policy(aws.ToString(in.PolicyId))
	if !ok {
		return nil, wire.Errorf("PolicyNotFoundException", "You specified a policy that doesn't exist.")
	}
	return &awsorgs.DescribePolicyOutput{Policy: &types.Policy{Content: new(string(p.Document)), PolicySummary: new(summary(o, p))}}, nil
}

func summary(o *organization.Organization, p organization.Policy) types.PolicySummary {
	kind := strings.ToLower(string(p.Type)) + "/" + p.ID
	out := types.PolicySummary{Id: new(p.ID), Name: new(p.Name), Type: types.PolicyType(p.Type), Arn: new(arn(o, "policy/"+o.ID+"/"+kind))}
	if p.ID == organization.FullAWSAccess || p.ID == organization.RCPFullAWSAccess {
		out.AwsManaged, out.Arn = true, new("arn:aws:organizations::aws:policy/"+kind)
	}
	return out
}
