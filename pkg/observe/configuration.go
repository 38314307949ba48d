package observe

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"keymend/pkg/account"
	"keymend/pkg/launch"
	"keymend/pkg/launch/encryption"
)

// readConfigurations reads launch configurations. "Array Members: Maximum number of
// 50 items"; names that nothing has are missing from the answer. Where of one nothing is
// told, each is read alone.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeLaunchConfigurations.html
func (r *Resolver) readConfigurations(ctx context.Context, names []string) error {
	const most = 50
	found, err := inParts(names, most, func(part []string) ([]astypes.LaunchConfiguration, error) {
		pages := autoscaling.NewDescribeLaunchConfigurationsPaginator(r.groups, &autoscaling.DescribeLaunchConfigurationsInput{
			LaunchConfigurationNames: part, MaxRecords: new(int32(most)),
		})
		return everyPage(ctx, "describe launch configuration "+strings.Join(part, ", "), pages, func(p *autoscaling.DescribeLaunchConfigurationsOutput) []astypes.LaunchConfiguration {
			return p.LaunchConfigurations
		})
	})
	if account.Untold(err) && len(names) > 1 {
		var errs []error
		for _, name := range names {
			errs = append(errs, r.readConfigurations(ctx, []string{name}))
		}
		return errors.Join(errs...)
	}
	if err != nil && !account.Untold(err) {
		return err
	}
	for _, name := range names {
		s := launch.Spec{Configuration: name}
		r.memory.sources.put(s, configurationOf(s, found, err != nil))
	}
	return nil
}

// configurationOf is a launch configuration among those that were found.
func configurationOf(s launch.Spec, found []astypes.LaunchConfiguration, untold bool) launch.Source {
	at := slices.IndexFunc(found, func(c astypes.LaunchConfiguration) bool { return value(c.LaunchConfigurationName) == s.Configuration })
	switch {
	case untold:
		return launch.Source{Unknown: "nothing is told of " + s.String()}
	case at < 0:
		return launch.Source{Refused: s.String() + " doesn't exist; name a launch template in the group"}
	}
	c := found[at]
	return launch.Source{
		Name: s.String(), ImageID: value(c.ImageId), Devices: configurationDevices(c.BlockDeviceMappings, s.String()),
		Spot: value(c.SpotPrice) != "",
	}
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
