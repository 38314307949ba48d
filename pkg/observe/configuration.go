package observe

import (
	"context"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"keymend/pkg/account"
	"keymend/pkg/launch"
	"keymend/pkg/launch/encryption"
)

// configurations reads launch configurations. "Array Members: Maximum number of
// 50 items"; names that nothing has are missing from the answer.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeLaunchConfigurations.html
func (r *Resolver) configurations(ctx context.Context, names []string) (map[launch.Spec]launch.Source, error) {
	const most = 50
	found, err := inParts(names, most, func(part []string) ([]astypes.LaunchConfiguration, error) {
		pages := autoscaling.NewDescribeLaunchConfigurationsPaginator(r.groups, &autoscaling.DescribeLaunchConfigurationsInput{
			LaunchConfigurationNames: part, MaxRecords: new(int32(most)),
		})
		return everyPage(ctx, "describe launch configuration "+strings.Join(part, ", "), pages, func(p *autoscaling.DescribeLaunchConfigurationsOutput) []astypes.LaunchConfiguration {
			return p.LaunchConfigurations
		})
	})
	if account.Untold(err) {
		return r.untold(ctx, names)
	}
	if err != nil {
		return nil, err
	}
	out := map[launch.Spec]launch.Source{}
	for _, name := range names {
		s := launch.Spec{Configuration: name}
		out[s] = launch.Source{Refused: s.String() + " doesn't exist; name a launch template in the group"}
	}
	for _, c := range found {
		s := launch.Spec{Configuration: value(c.LaunchConfigurationName)}
		out[s] = launch.Source{
			Name: s.String(), ImageID: value(c.ImageId), Devices: configurationDevices(c.BlockDeviceMappings, s.String()),
			Spot: value(c.SpotPrice) != "",
		}
	}
	return out, nil
}

// untold reads each launch configuration alone, where of one nothing is told.
func (r *Resolver) untold(ctx context.Context, names []string) (map[launch.Spec]launch.Source, error) {
	if len(names) == 1 {
		s := launch.Spec{Configuration: names[0]}
		return map[launch.Spec]launch.Source{s: {Unknown: "nothing is told of " + s.String()}}, nil
	}
	out := map[launch.Spec]launch.Source{}
	for _, name := range names {
		one, err := r.configurations(ctx, []string{name})
		if err != nil {
			return nil, err
		}
		maps.Copy(out, one)
	}
	return out, nil
}

// configurationDevices: "you cannot specify a KMS key ID when using a launch
// configuration", and NoDevice is a boolean here.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_Ebs.html
func configurationDevices(mappings []astypes.BlockDeviceMapping, from string) []encryption.Device {
	var out []encryption.Device
	for _, m := range mappings {
		d := encryption.Device{
			Name: value(m.DeviceName), VirtualName: value(m.VirtualName),
			NoDevice: value(m.NoDevice), Source: from,
		}
		if e := m.Ebs; e != nil {
			d.EBS, d.SnapshotID, d.Encrypted = true, value(e.SnapshotId), e.Encrypted
		}
		out = append(out, d)
	}
	return out
}
