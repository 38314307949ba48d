package launch

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"keymend/pkg/launch/encryption"
)

// batch goes from groups to templates to images to snapshots to keys: one round
// trip each, whatever their number. Groups that don't exist aren't in the answer.
func (r *Resolver) batch(ctx context.Context, accountID, region string, names []string) (map[string]Launch, error) {
	var (
		groups   []astypes.AutoScalingGroup
		defaults = encryption.Defaults{Account: accountID}
	)
	err := together(
		func() (err error) { groups, err = r.describeGroups(ctx, distinct(names)); return err },
		func() (err error) { defaults.ByDefault, err = r.byDefault(ctx); return err },
		func() (err error) { defaults.KeyID, err = r.defaultKey(ctx); return err },
	)
	if err != nil {
		return nil, err
	}
	sources := map[string][]source{}
	var all []*source
	for _, g := range groups {
		of := sourcesOf(g)
		sources[value(g.AutoScalingGroupName)] = of
		for i := range of {
			all = append(all, &of[i])
		}
	}
	snapshots, err := r.follow(ctx, all)
	if err != nil {
		return nil, err
	}
	owners, err := r.askOwners(ctx, all, snapshots)
	if err != nil {
		return nil, err
	}
	launches, hidden := make([]Launch, len(groups)), make([][]unseen, len(groups))
	for i, g := range groups {
		launches[i] = ofGroup(g, accountID, region)
		hidden[i] = launches[i].decide(sources[launches[i].Group], snapshots, defaults)
	}
	r.search(ctx, launches, hidden, owners)
	out := map[string]Launch{}
	for _, l := range launches {
		out[l.Group] = l
	}
	return out, nil
}

// follow fills in the sources, and returns the snapshots that they name.
func (r *Resolver) follow(ctx context.Context, all []*source) (map[string]encryption.Snapshot, error) {
	if err := r.readTemplates(ctx, all); err != nil {
		return nil, err
	}
	if err := r.readImages(ctx, all); err != nil {
		return nil, err
	}
	return r.readSnapshots(ctx, all)
}

// describeGroups: "By default, you can only specify up to 50 names. You can
// optionally increase this limit using the MaxRecords property", whose maximum
// is 100.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html
func (r *Resolver) describeGroups(ctx context.Context, names []string) ([]astypes.AutoScalingGroup, error) {
	const most = 100
	return inParts(names, most, func(part []string) ([]astypes.AutoScalingGroup, error) {
		var out []astypes.AutoScalingGroup
		pages := autoscaling.NewDescribeAutoScalingGroupsPaginator(r.groups, &autoscaling.DescribeAutoScalingGroupsInput{
			AutoScalingGroupNames: part, MaxRecords: new(int32(most)),
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, fmt.Errorf("describe group %s: %w", strings.Join(part, ", "), err)
			}
			out = append(out, page.AutoScalingGroups...)
		}
		return out, nil
	})
}

func (r *Resolver) byDefault(ctx context.Context) (bool, error) {
	out, err := r.settings.GetEbsEncryptionByDefault(ctx, &ec2.GetEbsEncryptionByDefaultInput{})
	if err != nil {
		return false, fmt.Errorf("get EBS encryption by default: %w", err)
	}
	return value(out.EbsEncryptionByDefault), nil
}

func (r *Resolver) defaultKey(ctx context.Context) (string, error) {
	out, err := r.settings.GetEbsDefaultKmsKeyId(ctx, &ec2.GetEbsDefaultKmsKeyIdInput{})
	if err != nil {
		return "", fmt.Errorf("get EBS default key: %w", err)
	}
	return value(out.KmsKeyId), nil
}
