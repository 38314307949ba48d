package iam

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// TagRole gives a role tags, in the place of those with the same keys.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagRole.html
func (s *Service) TagRole(ctx context.Context, in *awsiam.TagRoleInput) (*awsiam.TagRoleOutput, error) {
	return &awsiam.TagRoleOutput{}, s.change(ctx, in.RoleName, func(r *role) error {
		for _, t := range in.Tags {
			r.tags = slices.DeleteFunc(r.tags, func(had types.Tag) bool { return aws.ToString(had.Key) == aws.ToString(t.Key) })
			r.tags = append(r.tags, t)
		}
		return nil
	})
}
