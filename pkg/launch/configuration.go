package launch

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"keymend/pkg/launch/encryption"
)

// configurations reads launch configurations. "Array Members: Maximum number of
// 50 items"; names that nothing has are missing from the answer.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeLaunchConfigurations.html
func (r *Resolver) configurations(ctx context.Context, names []string) (map[spec]reading, error) {
	const most = 50
	found, err := inParts(names, most, func(part []string) ([]astypes.LaunchConfiguration, error) {
		var out []astypes.LaunchConfiguration
		pages := autoscaling.NewDescribeLaunchConfigurationsPaginator(r.groups, &autoscaling.DescribeLaunchConfigurationsInput{
			LaunchConfigurationNames: part, MaxRecords: new(int32(most)),
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, fmt.Errorf("describe launch configuration %s: %w", strings.Join(part, ", "), err)
			}
			out = append(out, page.LaunchConfigurations...)
		}
		return out, nil
	})
	if err != nil {
		return nil, err
	}
	out := map[spec]reading{}
	for _, name := range names {
		s := spec{configuration: name}
		out[s] = reading{refused: s.String() + " doesn't exist; name a launch template in the group"}
	}
	for _, c := range found {
		s := spec{configuration: value(c.LaunchConfigurationName)}
		out[s] = reading{source: source{
			name: s.String(), imageID: value(c.ImageId), devices: configurationDevices(c.BlockDeviceMappings, s.String()),
			spot: value(c.SpotPrice) != "",
		}}
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
