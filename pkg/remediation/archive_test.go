package remediation_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"keymend/pkg/access"
	"keymend/pkg/keypolicy"
	"keymend/pkg/keystate"
	"keymend/pkg/launch"
	"keymend/pkg/launch/encryption"
	"keymend/pkg/observe"
	"keymend/pkg/remediation"
	"keymend/pkg/settings"
)

// An archive is the images and snapshots that an account sees, its launch template
// lt-1, and the groups on it. The zero value has nothing.
type archive struct {
	images    []ec2types.Image
	snapshots []ec2types.Snapshot
	versions  []ec2types.LaunchTemplateVersion
	standard  int64 // the default version
	groups    []astypes.AutoScalingGroup

	at      func(operation string) error // nil: nothing goes wrong
	copied  int
	written int // versions made, and defaults set
}

func (a *archive) on(operation string) error {
	if a.at == nil {
		return nil
	}
	return a.at(operation)
}

// matches reports whether tags and other members are as filters ask.
func matches(filters []ec2types.Filter, tags []ec2types.Tag, members map[string]string) bool {
	for _, f := range filters {
		have := members[*f.Name]
		if name, ok := strings.CutPrefix(*f.Name, "tag:"); ok {
			for _, t := range tags {
				if *t.Key == name {
					have = *t.Value
				}
			}
		}
		if !slices.Contains(f.Values, have) {
			return false
		}
	}
	return true
}

func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// DescribeImages implements observe.Images.
func (a *archive) DescribeImages(_ context.Context, in *ec2.DescribeImagesInput, _ ...func(*ec2.Options)) (*ec2.DescribeImagesOutput, error) {
	out := &ec2.DescribeImagesOutput{}
	for _, i := range a.images {
		own := (*i.OwnerId == accountID || len(in.Owners) == 0) && (len(in.ImageIds) == 0 || slices.Contains(in.ImageIds, *i.ImageId))
		if own && matches(in.Filters, i.Tags, map[string]string{"image-id": *i.ImageId, "source-image-id": text(i.SourceImageId)}) {
			out.Images = append(out.Images, i)
		}
	}
	return out, a.on("Images")
}

// DescribeSnapshots implements observe.Images.
func (a *archive) DescribeSnapshots(_ context.Context, in *ec2.DescribeSnapshotsInput, _ ...func(*ec2.Options)) (*ec2.DescribeSnapshotsOutput, error) {
	out := &ec2.DescribeSnapshotsOutput{}
	for _, s := range a.snapshots {
		own := (*s.OwnerId == accountID || len(in.OwnerIds) == 0) && (len(in.SnapshotIds) == 0 || slices.Contains(in.SnapshotIds, *s.SnapshotId))
		if own && matches(in.Filters, s.Tags, map[string]string{"snapshot-id": *s.SnapshotId}) {
			out.Snapshots = append(out.Snapshots, s)
		}
	}
	return out, a.on("Snapshots")
}

// DescribeLaunchTemplates implements observe.Images.
func (a *archive) DescribeLaunchTemplates(context.Context, *ec2.DescribeLaunchTemplatesInput, ...func(*ec2.Options)) (*ec2.DescribeLaunchTemplatesOutput, error) {
	if len(a.versions) == 0 {
		return nil, &smithy.GenericAPIError{Code: "InvalidLaunchTemplateId.NotFound"}
	}
	return &ec2.DescribeLaunchTemplatesOutput{LaunchTemplates: []ec2types.LaunchTemplate{{
		LaunchTemplateId: new("lt-1"), LaunchTemplateName: new("web"), DefaultVersionNumber: &a.standard, LatestVersionNumber: new(a.latest()),
	}}}, a.on("Templates")
}

func (a *archive) latest() int64 { return *a.versions[len(a.versions)-1].VersionNumber }

// number is what a group's name for a version stands for.
func (a *archive) number(version string) int64 {
	switch version {
	case "$Latest":
		return a.latest()
	case "$Default":
		return a.standard
	}
	n, err := strconv.ParseInt(version, 10, 64)
	if err != nil {
		return -1
	}
	return n
}

func (a *archive) version(number int64) ec2types.LaunchTemplateVersion {
	at := slices.IndexFunc(a.versions, func(v ec2types.LaunchTemplateVersion) bool { return *v.VersionNumber == number })
	if at < 0 {
		return ec2types.LaunchTemplateVersion{LaunchTemplateData: &ec2types.ResponseLaunchTemplateData{}}
	}
	return a.versions[at]
}

// DescribeLaunchTemplateVersions implements observe.Images.
func (a *archive) DescribeLaunchTemplateVersions(_ context.Context, in *ec2.DescribeLaunchTemplateVersionsInput, _ ...func(*ec2.Options)) (*ec2.DescribeLaunchTemplateVersionsOutput, error) {
	out := &ec2.DescribeLaunchTemplateVersionsOutput{}
	for _, v := range a.versions {
		named := len(in.Versions) == 0 || slices.ContainsFunc(in.Versions, func(n string) bool { return a.number(n) == *v.VersionNumber })
		if named && (in.MinVersion == nil || *v.VersionNumber >= a.number(*in.MinVersion)) {
			out.LaunchTemplateVersions = append(out.LaunchTemplateVersions, v)
		}
	}
	return out, a.on("Versions")
}

// DescribeAutoScalingGroups implements observe.Groups.
func (a *archive) DescribeAutoScalingGroups(context.Context, *autoscaling.DescribeAutoScalingGroupsInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeAutoScalingGroupsOutput, error) {
	return &autoscaling.DescribeAutoScalingGroupsOutput{AutoScalingGroups: a.groups}, a.on("Groups")
}

// CopyImage implements apply.Copies: the copy is on its way.
func (a *archive) CopyImage(_ context.Context, in *ec2.CopyImageInput, _ ...func(*ec2.Options)) (*ec2.CopyImageOutput, error) {
	if err := a.on("before Copy"); err != nil {
		return nil, err
	}
	a.copied++
	image, snapshot := fmt.Sprintf("ami-c%d", a.copied), fmt.Sprintf("snap-c%d", a.copied)
	marks := in.TagSpecifications[0].Tags
	a.images = append(a.images, ec2types.Image{ImageId: &image, OwnerId: new(accountID), SourceImageId: in.SourceImageId, Tags: marks, State: ec2types.ImageStatePending, BlockDeviceMappings: mapped(snapshot)})
	a.snapshots = append(a.snapshots, ec2types.Snapshot{SnapshotId: &snapshot, OwnerId: new(accountID), KmsKeyId: in.KmsKeyId, Tags: marks, State: ec2types.SnapshotStatePending})
	return &ec2.CopyImageOutput{ImageId: &image}, a.on("after Copy")
}

// ready has every copy ready.
func (a *archive) ready() {
	for i := range a.images {
		a.images[i].State = ec2types.ImageStateAvailable
	}
	for i := range a.snapshots {
		a.snapshots[i].State = ec2types.SnapshotStateCompleted
	}
}

// CopySnapshot implements apply.Copies; nobody asks for it.
func (*archive) CopySnapshot(context.Context, *ec2.CopySnapshotInput, ...func(*ec2.Options)) (*ec2.CopySnapshotOutput, error) {
	return nil, &smithy.GenericAPIError{Code: "Unexpected"}
}

// DeregisterImage implements apply.Copies.
func (a *archive) DeregisterImage(_ context.Context, in *ec2.DeregisterImageInput, _ ...func(*ec2.Options)) (*ec2.DeregisterImageOutput, error) {
	a.images = slices.DeleteFunc(a.images, func(i ec2types.Image) bool { return *i.ImageId == *in.ImageId })
	return &ec2.DeregisterImageOutput{}, nil
}

// DeleteSnapshot implements apply.Copies.
func (a *archive) DeleteSnapshot(_ context.Context, in *ec2.DeleteSnapshotInput, _ ...func(*ec2.Options)) (*ec2.DeleteSnapshotOutput, error) {
	a.snapshots = slices.DeleteFunc(a.snapshots, func(s ec2types.Snapshot) bool { return *s.SnapshotId == *in.SnapshotId })
	return &ec2.DeleteSnapshotOutput{}, nil
}

// CreateLaunchTemplateVersion implements apply.EC2.
func (a *archive) CreateLaunchTemplateVersion(_ context.Context, in *ec2.CreateLaunchTemplateVersionInput, _ ...func(*ec2.Options)) (*ec2.CreateLaunchTemplateVersionOutput, error) {
	if err := a.on("before Version"); err != nil {
		return nil, err
	}
	a.written++
	data := *a.version(a.number(*in.SourceVersion)).LaunchTemplateData
	if in.LaunchTemplateData.ImageId != nil {
		data.ImageId = in.LaunchTemplateData.ImageId
	}
	v := ec2types.LaunchTemplateVersion{LaunchTemplateId: new("lt-1"), VersionNumber: new(a.latest() + 1), VersionDescription: in.VersionDescription, LaunchTemplateData: &data}
	a.versions = append(a.versions, v)
	return &ec2.CreateLaunchTemplateVersionOutput{LaunchTemplateVersion: &v}, a.on("after Version")
}

// ModifyLaunchTemplate implements apply.EC2.
func (a *archive) ModifyLaunchTemplate(_ context.Context, in *ec2.ModifyLaunchTemplateInput, _ ...func(*ec2.Options)) (*ec2.ModifyLaunchTemplateOutput, error) {
	if err := a.on("before Default"); err != nil {
		return nil, err
	}
	a.written++
	a.standard = a.number(*in.DefaultVersion)
	return &ec2.ModifyLaunchTemplateOutput{}, a.on("after Default")
}

// DeleteLaunchTemplateVersions implements apply.EC2.
func (a *archive) DeleteLaunchTemplateVersions(_ context.Context, in *ec2.DeleteLaunchTemplateVersionsInput, _ ...func(*ec2.Options)) (*ec2.DeleteLaunchTemplateVersionsOutput, error) {
	a.versions = slices.DeleteFunc(a.versions, func(v ec2types.LaunchTemplateVersion) bool { return *v.VersionNumber == a.number(in.Versions[0]) })
	return &ec2.DeleteLaunchTemplateVersionsOutput{}, nil
}

func mapped(snapshot string) []ec2types.BlockDeviceMapping {
	return []ec2types.BlockDeviceMapping{{DeviceName: new("/dev/xvda"), Ebs: &ec2types.EbsBlockDevice{SnapshotId: &snapshot}}}
}

// ownKey is what copies lie under.
const ownKey = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000003"

// A copying world launches from an image under another account's key, and its
// settings have that copied under one of its own.
type copying struct {
	*border
	archive *archive
	asked   string // the template's version, as the group names it
}

// newCopying makes one whose group is on $Latest, $Default or a version's number.
func newCopying(asked string) *copying {
	c := &copying{border: newBorder(), asked: asked}
	c.tags = map[string]string{"keymend": "remediate", "keymend-copy": accountID}
	c.with(`{"Sid":"Use","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":["kms:Decrypt","kms:DescribeKey","kms:ReEncryptFrom","kms:CreateGrant"],"Resource":"*"}`)
	c.archive = &archive{
		images:    []ec2types.Image{{ImageId: new("ami-1"), OwnerId: new(ownerID), State: ec2types.ImageStateAvailable, BlockDeviceMappings: mapped("snap-1")}},
		snapshots: []ec2types.Snapshot{{SnapshotId: new("snap-1"), OwnerId: new(ownerID), KmsKeyId: new(foreignKey), State: ec2types.SnapshotStateCompleted}},
		versions:  []ec2types.LaunchTemplateVersion{{LaunchTemplateId: new("lt-1"), VersionNumber: new(int64(1)), LaunchTemplateData: &ec2types.ResponseLaunchTemplateData{ImageId: new("ami-1")}}},
		standard:  1, at: func(operation string) error { return c.at(operation) },
		groups: []astypes.AutoScalingGroup{{AutoScalingGroupName: new("web-prod"), LaunchTemplate: &astypes.LaunchTemplateSpecification{LaunchTemplateId: new("lt-1"), Version: &asked}}},
	}
	return c
}

// Launch implements apply.Reader.
func (c *copying) Launch(ctx context.Context, group string) (launch.Launch, error) {
	l, err := c.border.Launch(ctx, group)
	v := c.archive.version(c.archive.number(c.asked))
	way := launch.Way{Name: fmt.Sprintf("lt-1 v%d", *v.VersionNumber), TemplateID: "lt-1", Version: *v.VersionNumber, Asked: c.asked, ImageID: *v.LaunchTemplateData.ImageId}
	l.Keys = nil
	for _, i := range c.archive.images {
		if *i.ImageId != way.ImageID {
			continue
		}
		snapshot := *i.BlockDeviceMappings[0].Ebs.SnapshotId
		way.Image = launch.Image{Owner: *i.OwnerId, Devices: []encryption.Device{{Name: "/dev/xvda", SnapshotID: snapshot}}}
		for _, s := range c.archive.snapshots {
			if *s.SnapshotId == snapshot {
				way.Seen = map[string]encryption.Snapshot{snapshot: {OwnerID: *s.OwnerId, KeyARN: *s.KmsKeyId, Visible: true}}
				way.Uses = []encryption.Use{{Device: "/dev/xvda", KeyID: *s.KmsKeyId, SnapshotID: snapshot, Because: "/dev/xvda: " + snapshot}}
				l.Keys = []launch.Key{{ID: *s.KmsKeyId, Operations: []string{"CreateGrant", "Decrypt"}, Uses: way.Uses}}
			}
		}
	}
	l.Ways = []launch.Way{way}
	return l, err
}

// Storage implements apply.Reader.
func (c *copying) Storage() *observe.Storage {
	return observe.NewStorage(c.archive, c.archive)
}

// Key implements apply.Keys.
func (c *copying) Key(ctx context.Context, id, principal string) (keystate.State, error) {
	if id != ownKey && id != "alias/copies" {
		return c.border.Key(ctx, id, principal)
	}
	policy, err := keypolicy.Parse(rootOnly)
	return keystate.State{Tags: map[string]string{"keymend": "remediate"}, Facts: access.Facts{
		Policy: policy, Key: access.Key{ARN: ownKey, State: "Enabled", Manager: "CUSTOMER", Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT"},
	}}, err
}

func (c *copying) fixer(change ...func(*remediation.Fixer)) *remediation.Fixer {
	return c.border.fixer(append([]func(*remediation.Fixer){seeing(c), c.writing(session{kms: c, ec2: c.archive}), func(x *remediation.Fixer) {
		x.Settings.ForeignKey, x.Settings.CopyKey = settings.ForeignCopy, "alias/copies"
	}}, change...)...)
}
