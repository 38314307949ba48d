package encryption

// Merge lays the template's mappings over the image's, by device name and field
// by field: "this mapping overrides the one specified in the AMI". A name that
// the image doesn't have adds a volume, even if it means the same disk to the
// guest (/dev/sda1 and /dev/xvda). The image's order comes first.
//
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/block-device-mapping-concepts.html
func Merge(image, template []Device) []Device {
	var out []Device
	for _, d := range image {
		merged := ofImage(d)
		for _, t := range template {
			if t.Name == d.Name {
				merged = merged.under(t)
			}
		}
		if !merged.NoDevice {
			out = append(out, merged.from(image))
		}
	}
	return append(out, added(image, template)...)
}

// added returns the template's devices that the image doesn't have. A name that
// stands twice is one device.
func added(image, template []Device) []Device {
	known := map[string]bool{}
	for _, d := range image {
		known[d.Name] = true
	}
	var out []Device
	for i, t := range template {
		if known[t.Name] {
			continue
		}
		known[t.Name] = true
		for _, again := range template[i+1:] {
			if again.Name == t.Name {
				t = t.under(again)
			}
		}
		if !t.NoDevice {
			t.Named = t.SnapshotID != ""
			out = append(out, t.from(image))
		}
	}
	return out
}

// ofImage reads an image's Encrypted as what it is where there is a snapshot: a
// statement about the snapshot. It isn't the request's Encrypted, without which
// EC2 refuses a KmsKeyId.
func ofImage(d Device) Device {
	if d.SnapshotID != "" {
		d.SnapshotEncrypted, d.Encrypted = d.Encrypted, nil
	}
	return d
}

// under returns d with what t says laid over it.
func (d Device) under(t Device) Device {
	d.Source, d.NoDevice = t.Source, t.NoDevice
	if t.VirtualName != "" {
		return t // instance store in the volume's place
	}
	if t.EBS {
		d.EBS, d.VirtualName = true, ""
	}
	if t.SnapshotID != "" && t.SnapshotID != d.SnapshotID {
		d.SnapshotID, d.SnapshotEncrypted, d.Named = t.SnapshotID, nil, true
	}
	if t.KeyID != "" {
		d.KeyID, d.Encrypted = t.KeyID, nil // an empty volume of the image may have said Encrypted
	}
	if t.Encrypted != nil {
		d.Encrypted = t.Encrypted
	}
	return d
}

// from: a snapshot that the image brings is the image's, also where the template
// sends it again, as EC2's console does. Whether EC2 wants it to be shared then no
// source says; so it isn't taken for refused.
func (d Device) from(image []Device) Device {
	for _, i := range image {
		if d.Named && i.SnapshotID == d.SnapshotID {
			d.Named, d.SnapshotEncrypted = false, i.Encrypted
		}
	}
	return d
}
