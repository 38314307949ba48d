package observe

import (
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/launch"
	"keymend/pkg/launch/encryption"
)

// templateDevices reads a template's mappings. NoDevice is a string that counts
// by being there: "To omit the device from the block device mapping, specify an
// empty string."
func templateDevices(mappings []ec2types.LaunchTemplateBlockDeviceMapping, from string) []encryption.Device {
	var out []encryption.Device
	for _, m := range mappings {
		d := encryption.Device{
			Name: value(m.DeviceName), VirtualName: value(m.VirtualName),
			NoDevice: m.NoDevice != nil, Source: from,
		}
		if e := m.Ebs; e != nil {
			d.EBS, d.SnapshotID, d.KeyID, d.Encrypted = true, value(e.SnapshotId), value(e.KmsKeyId), e.Encrypted
		}
		out = append(out, d)
	}
	return out
}

// imageOf reads an image, of whose mappings the template says nothing until Merge.
// DescribeImages never shows a key.
func imageOf(image ec2types.Image, template string) launch.Image {
	out := launch.Image{Owner: value(image.OwnerId)}
	for _, c := range image.ProductCodes {
		out.Marketplace = out.Marketplace || c.ProductCodeType == ec2types.ProductCodeValuesMarketplace
	}
	for _, m := range image.BlockDeviceMappings {
		d := encryption.Device{
			Name: value(m.DeviceName), VirtualName: value(m.VirtualName),
			NoDevice: m.NoDevice != nil, Source: value(image.ImageId) + " (" + template + ")",
		}
		if e := m.Ebs; e != nil {
			d.EBS, d.SnapshotID, d.Encrypted = true, value(e.SnapshotId), e.Encrypted
		}
		out.Devices = append(out.Devices, d)
	}
	return out
}
