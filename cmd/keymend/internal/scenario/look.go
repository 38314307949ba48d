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

// Look reads what an account has in the sandbox behind an endpoint, where scenarios take
// place.
func Look(ctx context.Context, endpoint, account string) (Contents, error) {
	var out Contents
	cfg := Config(endpoint, account, Region)
	groups, err := autoscaling.NewFromConfig(cfg).DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{})
	if err != nil {
		return out, fmt.Errorf("describe groups: %w", err)
	}
	for _, g := range groups.AutoScalingGroups {
		name := aws.ToString(g.AutoScalingGroupName)
		out.Names = append(out.Names, name)
		out.Groups = append(out.Groups, fmt.Sprintf("%s: %d of %d in service", name, len(g.Instances), aws.ToInt32(g.DesiredCapacity)))
	}
	aliases, err := kms.NewFromConfig(cfg).ListAliases(ctx, &kms.ListAliasesInput{})
	if err != nil {
		return out, fmt.Errorf("list aliases: %w", err)
	}
	for _, a := range aliases.Aliases {
		out.Keys = append(out.Keys, aws.ToString(a.AliasName)+": "+aws.ToString(a.TargetKeyId))
	}
	return out, nil
}
