package checkup

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"keymend/pkg/census"
	"keymend/pkg/doctor"
	"keymend/pkg/slr"
	"keymend/pkg/together"
)

// reads tries a call of each service that diagnose reads.
func (c Checkup) reads(ctx context.Context) []doctor.Read {
	tries := []try{
		{"autoscaling:DescribeAutoScalingGroups", "to read groups", func() error {
			_, err := autoscaling.NewFromConfig(c.AWS).DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{MaxRecords: new(int32(1))})
			return err
		}},
		{"ec2:GetEbsDefaultKmsKeyId", "to read which key is the default", func() error {
			_, err := ec2.NewFromConfig(c.AWS).GetEbsDefaultKmsKeyId(ctx, &ec2.GetEbsDefaultKmsKeyIdInput{})
			return err
		}},
		{"kms:ListAliases", "to read keys", func() error {
			_, err := kms.NewFromConfig(c.AWS).ListAliases(ctx, &kms.ListAliasesInput{Limit: new(int32(1))})
			return err
		}},
		{"iam:GetRole", "to read service-linked roles", func() error { return c.mayReadRoles(ctx) }},
		{"logs:DescribeLogGroups", "to read what Keymend recorded", func() error {
			_, err := cloudwatchlogs.NewFromConfig(c.AWS).DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{Limit: new(int32(1))})
			return err
		}},
		{"cloudtrail:LookupEvents", "to read who changed a key", func() error {
			_, err := cloudtrail.NewFromConfig(c.AWS).LookupEvents(ctx, &cloudtrail.LookupEventsInput{MaxResults: new(int32(1))})
			return err
		}},
	}
	out, _ := together.Each(tries, func(t try) (doctor.Read, error) {
		return doctor.Read{Call: t.call, For: t.what, Answer: census.Answered(true, t.do())}, nil
	})
	return out
}

// A try is a call that is made to see whether it may be.
type try struct {
	call, what string
	do         func() error
}

// mayReadRoles: an answer that there is no such role is one.
func (c Checkup) mayReadRoles(ctx context.Context) error {
	_, err := census.Role(ctx, iam.NewFromConfig(c.AWS), slr.Name)
	return err
}
