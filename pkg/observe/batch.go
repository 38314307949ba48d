package observe

import (
	"context"
	"fmt"

	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"keymend/pkg/launch"
	"keymend/pkg/launch/encryption"
	"keymend/pkg/together"
)

// batch goes from groups to templates to images to snapshots to keys: one round
// trip each, whatever their number. Groups that don't exist aren't in the answer.
func (r *Resolver) batch(ctx context.Context, accountID, region string, names []string) (map[string]launch.Launch, error) {
	r = r.withMemory()
	var (
		groups   []astypes.AutoScalingGroup
		defaults encryption.Defaults
	)
	err := together.Do(
		func() (err error) {
			groups, err = inParts(names, mostGroups, func(part []string) ([]astypes.AutoScalingGroup, error) { return describeGroups(ctx, r.groups, part) })
			return err
		},
		func() (err error) { defaults, err = r.defaults(ctx, accountID); return err },
	)
	if err != nil {
		return nil, err
	}
	launches, hidden, owners, err := r.decide(ctx, accountID, region, groups, defaults)
	if err != nil {
		return nil, err
	}
	r.search(ctx, launches, hidden, owners)
	out := map[string]launch.Launch{}
	for _, l := range launches {
		out[l.Group] = l
	}
	return out, nil
}

// decide says of each group, in their order, what its launch needs, which snapshots it
// can't see, and what came of asking their owners.
func (r *Resolver) decide(ctx context.Context, accountID, region string, groups []astypes.AutoScalingGroup, defaults encryption.Defaults) ([]launch.Launch, [][]launch.Unseen, map[string]string, error) {
	r = r.withMemory()
	sources := map[string][]launch.Source{}
	var all []*launch.Source
	for _, g := range groups {
		of := sourcesOf(g)
		sources[value(g.AutoScalingGroupName)] = of
		for i := range of {
			all = append(all, &of[i])
		}
	}
	snapshots, err := r.follow(ctx, all)
	if err != nil {
		return nil, nil, nil, err
	}
	owners, err := r.askOwners(ctx, all, snapshots)
	if err != nil {
		return nil, nil, nil, err
	}
	launches, hidden := make([]launch.Launch, len(groups)), make([][]launch.Unseen, len(groups))
	for i, g := range groups {
		launches[i] = ofGroup(g, accountID, region)
		hidden[i] = launches[i].Decide(sources[launches[i].Group], snapshots, defaults)
	}
	return launches, hidden, owners, nil
}

// follow fills in the sources, and returns the snapshots that they name.
func (r *Resolver) follow(ctx context.Context, all []*launch.Source) (map[string]encryption.Snapshot, error) {
	if err := r.readTemplates(ctx, all); err != nil {
		return nil, err
	}
	if err := r.readImages(ctx, all); err != nil {
		return nil, err
	}
	return r.readSnapshots(ctx, all)
}

// defaults are the account's EBS settings, as they are supposed to be.
func (r *Resolver) defaults(ctx context.Context, account string) (encryption.Defaults, error) {
	out, err := r.settingsOf(ctx, account)
	if err == nil && r.supposed != nil {
		out = r.supposed(out)
	}
	return out, err
}

// settingsOf reads the account's EBS settings. A setting that an answer doesn't have is
// untold.
func (r *Resolver) settingsOf(ctx context.Context, account string) (encryption.Defaults, error) {
	if known, ok := r.memory.settings.get(account); ok {
		return known, nil
	}
	var (
		on  *ec2.GetEbsEncryptionByDefaultOutput
		key *ec2.GetEbsDefaultKmsKeyIdOutput
	)
	err := together.Do(
		func() (err error) {
			on, err = r.settings.GetEbsEncryptionByDefault(ctx, &ec2.GetEbsEncryptionByDefaultInput{})
			return wrapped("get EBS encryption by default", err)
		},
		func() (err error) {
			key, err = r.settings.GetEbsDefaultKmsKeyId(ctx, &ec2.GetEbsDefaultKmsKeyIdInput{})
			return wrapped("get EBS default key", err)
		},
	)
	if err != nil {
		return encryption.Defaults{}, err
	}
	out := encryption.Defaults{
		Account: account, ByDefault: value(on.EbsEncryptionByDefault), ByDefaultUntold: on.EbsEncryptionByDefault == nil,
		KeyID: value(key.KmsKeyId), KeyUntold: key.KmsKeyId == nil,
	}
	r.memory.settings.put(account, out)
	return out, nil
}

// wrapped is an error of a call with its name; nil where there is none.
func wrapped(call string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", call, err)
}
