package agreement_test

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"pgregory.net/rapid"
)

// A scene is what a group may launch from, drawn at random.
type scene struct {
	w *world
	t *rapid.T

	snapshots []string          // the account's own, and those that it can see
	keyOf     map[string]string // snapshot → key; "" = not encrypted
	hidden    map[string]bool   // snapshots that the account can't see
	images    []string
	owners    map[string]string // by image
	templates int
	anew      bool // the sandbox's switch sameKeyAnew
}

func draw[T any](s *scene, what string, from ...T) T {
	return rapid.SampledFrom(from).Draw(s.t, what)
}

// furnish makes snapshots of every kind, and two or three images of them.
func furnish(t *rapid.T, w *world) *scene {
	s := &scene{w: w, t: t, keyOf: map[string]string{}, hidden: map[string]bool{}, owners: map[string]string{}}
	all := append(append([]string{""}, w.keys[ours]...), w.keys[theirs]...)
	for range rapid.IntRange(2, 3).Draw(t, "images") {
		account := draw(s, "image's account", ours, theirs)
		var mappings []ec2types.BlockDeviceMapping
		for _, device := range devices()[:rapid.IntRange(1, 3).Draw(t, "devices of the image")] {
			if len(mappings) > 0 && rapid.IntRange(0, 3).Draw(t, "no snapshot") == 0 {
				mappings = append(mappings, s.unbacked(device))
				continue
			}
			snapshot := w.snapshot(t, account, draw(s, "snapshot's key", all...))
			s.know(account, snapshot)
			mappings = append(mappings, ec2types.BlockDeviceMapping{DeviceName: &device, Ebs: &ec2types.EbsBlockDevice{SnapshotId: &snapshot}})
		}
		image := w.image(t, account, mappings)
		s.images, s.owners[image] = append(s.images, image), account
	}
	if draw(s, "encryption by default", true, false) {
		_, err := w.ec2[ours].EnableEbsEncryptionByDefault(w.ctx, &ec2.EnableEbsEncryptionByDefaultInput{})
		must(t, err)
	}
	if key := s.key("default key"); key != nil {
		_, err := w.ec2[ours].ModifyEbsDefaultKmsKeyId(w.ctx, &ec2.ModifyEbsDefaultKmsKeyIdInput{KmsKeyId: key})
		must(t, err)
	}
	return s
}

// unbacked is an image's device without a snapshot.
func (s *scene) unbacked(device string) ec2types.BlockDeviceMapping {
	m := ec2types.BlockDeviceMapping{DeviceName: &device}
	if draw(s, "instance store", true, false) {
		m.VirtualName = new("ephemeral0")
		return m
	}
	m.Ebs = &ec2types.EbsBlockDevice{VolumeSize: new(int32(1)), Encrypted: draw(s, "image says Encrypted", nil, new(false), new(true))}
	return m
}

// know notes a snapshot's key, and who sees it: images are shared without.
func (s *scene) know(account, snapshot string) {
	out, err := s.w.ec2[account].DescribeSnapshots(s.w.ctx, &ec2.DescribeSnapshotsInput{SnapshotIds: []string{snapshot}})
	must(s.t, err)
	if out.Snapshots[0].KmsKeyId != nil {
		s.keyOf[snapshot] = *out.Snapshots[0].KmsKeyId
	}
	if account != ours && rapid.Bool().Draw(s.t, "snapshot isn't shared") {
		s.hidden[snapshot] = true
		return
	}
	if account != ours {
		s.w.share(s.t, snapshot)
	}
	s.snapshots = append(s.snapshots, snapshot)
}

// key names a key in one of the four forms; nil = it names none.
func (s *scene) key(what string) *string {
	account := draw(s, what+"'s account", ours, ours, theirs)
	arn := draw(s, what, s.w.keys[account]...)
	prefix := "arn:aws:kms:" + region + ":" + account + ":"
	id := arn[len(prefix+"key/"):]
	alias := "alias/key-" + arn[len(arn)-12:]
	forms := []*string{nil, &arn, new(prefix + alias), new("alias/aws/ebs")}
	if account == ours {
		forms = append(forms, &id, &alias)
	}
	return draw(s, what+"'s form", forms...)
}

// version draws the data of a template version that EC2 may well refuse.
func (s *scene) version() *ec2types.RequestLaunchTemplateData {
	data := &ec2types.RequestLaunchTemplateData{ImageId: new(draw(s, "image", s.images...)), InstanceType: ec2types.InstanceTypeM5Large}
	for _, device := range devices() {
		m := ec2types.LaunchTemplateBlockDeviceMappingRequest{DeviceName: &device}
		switch draw(s, device, "not named", "not named", "volume", "volume", "volume", "no device", "instance store") {
		case "not named":
			continue
		case "no device":
			m.NoDevice = new("")
		case "instance store":
			m.VirtualName = new("ephemeral1")
		case "volume":
			m.Ebs = s.volume()
		}
		data.BlockDeviceMappings = append(data.BlockDeviceMappings, m)
	}
	return data
}

func (s *scene) volume() *ec2types.LaunchTemplateEbsBlockDeviceRequest {
	ebs := &ec2types.LaunchTemplateEbsBlockDeviceRequest{VolumeSize: new(int32(8)), Encrypted: draw(s, "Encrypted", nil, new(false), new(true), new(true))}
	// KmsKeyId without Encrypted is refused: now and then is enough.
	if ebs.Encrypted != nil && *ebs.Encrypted || rapid.IntRange(0, 5).Draw(s.t, "a key without Encrypted") == 0 {
		ebs.KmsKeyId = s.key("KmsKeyId")
	}
	if all := s.named(); len(all) > 0 && rapid.IntRange(0, 4).Draw(s.t, "names a snapshot") == 0 {
		ebs.SnapshotId = new(draw(s, "named snapshot", all...))
	}
	return ebs
}

// named are the snapshots that a template may name: now and then one that the
// account can't see.
func (s *scene) named() []string {
	if len(s.hidden) > 0 && rapid.IntRange(0, 3).Draw(s.t, "one that isn't shared") == 0 {
		return slices.Sorted(maps.Keys(s.hidden))
	}
	return s.snapshots
}

// spoil takes an image away, now and then, after the templates named it.
func (s *scene) spoil() {
	image := draw(s, "image to spoil", s.images...)
	owner := s.owners[image]
	var err error
	switch draw(s, "spoil", "leave", "leave", "leave", "disable", "deregister", "deprecate", "share no longer") {
	case "disable":
		_, err = s.w.ec2[owner].DisableImage(s.w.ctx, &ec2.DisableImageInput{ImageId: &image})
	case "deregister":
		_, err = s.w.ec2[owner].DeregisterImage(s.w.ctx, &ec2.DeregisterImageInput{ImageId: &image})
	case "deprecate":
		_, err = s.w.ec2[owner].EnableImageDeprecation(s.w.ctx, &ec2.EnableImageDeprecationInput{ImageId: &image, DeprecateAt: new(s.w.box.Clock().Now().Add(time.Minute))})
	case "share no longer":
		if owner != ours {
			_, err = s.w.ec2[owner].ModifyImageAttribute(s.w.ctx, &ec2.ModifyImageAttributeInput{ImageId: &image,
				LaunchPermission: &ec2types.LaunchPermissionModifications{Remove: []ec2types.LaunchPermission{{UserId: new(ours)}}}})
		}
	}
	must(s.t, err)
}

// template makes a template whose first version launches, and returns its id.
func (s *scene) template() string {
	s.templates++
	plain := s.w.snapshot(s.t, ours, "")
	image := s.w.image(s.t, ours, []ec2types.BlockDeviceMapping{{DeviceName: new("/dev/xvda"), Ebs: &ec2types.EbsBlockDevice{SnapshotId: &plain}}})
	out, err := s.w.ec2[ours].CreateLaunchTemplate(s.w.ctx, &ec2.CreateLaunchTemplateInput{
		LaunchTemplateName: new(fmt.Sprintf("template-%d", s.templates)),
		LaunchTemplateData: &ec2types.RequestLaunchTemplateData{ImageId: &image, InstanceType: ec2types.InstanceTypeM5Large},
	})
	must(s.t, err)
	return *out.LaunchTemplate.LaunchTemplateId
}

// change adds a version to a template.
func (s *scene) change(template string) {
	_, err := s.w.ec2[ours].CreateLaunchTemplateVersion(s.w.ctx, &ec2.CreateLaunchTemplateVersionInput{
		LaunchTemplateId: &template, LaunchTemplateData: s.version(),
	})
	must(s.t, err)
}

func devices() []string { return []string{"/dev/xvda", "/dev/sdb", "/dev/sdc"} }
