package scenario

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// Contents are what a scenario made, in words.
type Contents struct {
	Names  []string // the groups'
	Groups []string // one line each
	Keys   []string // one line each
}

// most is how many groups or aliases a page has.
const most = 100

// Look reads what an account has in the sandbox behind an endpoint, where scenarios take
// place.
func Look(ctx context.Context, endpoint, account string) (Contents, error) {
	var out Contents
	cfg := Config(endpoint, account, Region)
	groups := autoscaling.NewDescribeAutoScalingGroupsPaginator(autoscaling.NewFromConfig(cfg), &autoscaling.DescribeAutoScalingGroupsInput{MaxRecords: new(int32(most))})
	for groups.HasMorePages() {
		page, err := groups.NextPage(ctx)
		if err != nil {
			return out, fmt.Errorf("describe groups: %w", err)
		}
		for _, g := range page.AutoScalingGroups {
			name := aws.ToString(g.AutoScalingGroupName)
			out.Names = append(out.Names, name)
			out.Groups = append(out.Groups, fmt.Sprintf("%s: %d of %d in service", name, len(g.Instances), aws.ToInt32(g.DesiredCapacity)))
		}
	}
	aliases := kms.NewListAliasesPaginator(kms.NewFromConfig(cfg), &kms.ListAliasesInput{Limit: new(int32(most))})
	for aliases.HasMorePages() {
		page, err := aliases.NextPage(ctx)
		if err != nil {
			return out, fmt.Errorf("list aliases: %w", err)
		}
		for _, a := range page.Aliases {
			out.Keys = append(out.Keys, aws.ToString(a.AliasName)+": "+aws.ToString(a.TargetKeyId))
		}
	}
	return out, nil
}
