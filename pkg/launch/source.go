package launch

import (
	"slices"

	"keymend/pkg/launch/encryption"
)

// A Source is one way in which a group may launch: a template version or a
// launch configuration, and perhaps an image in the place of the template's.
type Source struct {
	Spec       Spec
	ImageID    string // as an override names it; filled in, the one that counts
	Image      Image  // zero where it isn't known
	Name       string // "lt-0c11aa22 v17"
	TemplateID string
	Number     int64               // the version's
	MadeBy     string              // ARN of who made the version
	Override   bool                // an override names the image
	Mixed      bool                // a mixed instances policy names it
	Devices    []encryption.Device // the image's with the template's laid over them
	Spot       bool                // Spot instances by a launch configuration
	Refused    string              // why EC2 would refuse this source; "" = it wouldn't
	Unknown    string              // what can't be told of its image, in words

	// Seen are those of Snapshots that the account sees itself, by id.
	Seen map[string]encryption.Snapshot
}

// An Image is what EC2 says of an image.
type Image struct {
	Owner       string // account id
	Marketplace bool
	Devices     []encryption.Device
}

// A Spec names a template and a version as a group does, or a launch
// configuration.
type Spec struct{ ID, Name, Version, Configuration string }

// String names the template and its version, or the launch configuration.
func (s Spec) String() string {
	switch {
	case s.Configuration != "":
		return "launch configuration " + s.Configuration
	case s.ID != "":
		return s.ID + " version " + s.Version
	}
	return s.Name + " version " + s.Version
}

// Settled reports whether there is no image to be followed.
func (s *Source) Settled() bool { return s.Refused != "" || s.Unknown != "" }

// Fill takes over what the spec names. Where it names nothing, Refused says why. What
// has no name is Unknown altogether.
func (s *Source) Fill(found Source) {
	if found.Refused != "" {
		s.Name, s.Refused = s.Spec.String(), found.Refused
		return
	}
	if found.Name == "" {
		s.Name, s.Unknown = s.Spec.String(), found.Unknown
		return
	}
	s.Name, s.Devices, s.Spot = found.Name, found.Devices, found.Spot
	s.TemplateID, s.Number, s.MadeBy = found.TemplateID, found.Number, found.MadeBy
	if s.ImageID == "" { // an override's image goes before
		s.ImageID, s.Unknown = found.ImageID, found.Unknown
	}
	if s.ImageID == "" {
		s.Refused = s.Name + " names no image; EC2 launches none without"
	}
}

// Hides reports whether the source's image has the device's snapshot, which is or
// may be encrypted.
func (s *Source) Hides(d encryption.Device) bool {
	return s.Refused == "" && s.Image.Owner != "" && d.SnapshotID != "" && !d.Named && (d.SnapshotEncrypted == nil || *d.SnapshotEncrypted)
}

// Snapshots are those of the source's devices and of its image's; none where EC2
// refuses the source.
func (s *Source) Snapshots() []string {
	var out []string
	for _, d := range slices.Concat(s.Image.Devices, s.Devices) {
		if s.Refused == "" {
			out = add(out, d.SnapshotID)
		}
	}
	return out
}

// way is the source as others see it.
func (s *Source) way(results []result) Way {
	w := Way{
		Name: s.Name, TemplateID: s.TemplateID, Version: s.Number, MadeBy: s.MadeBy, Asked: s.Spec.Version, Configuration: s.Spec.Configuration,
		ImageID: s.ImageID, Override: s.Override, Mixed: s.Mixed, Image: s.Image, Seen: s.Seen,
	}
	for _, r := range results {
		w.Uses, w.Hidden = append(w.Uses, r.Uses...), add(w.Hidden, r.Unseen)
	}
	return w
}
