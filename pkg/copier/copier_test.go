package copier_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"keymend/pkg/copier"
	"keymend/pkg/launch"
	"keymend/pkg/launch/encryption"
	"keymend/pkg/owncopy"
	"keymend/pkg/owncopy/pipeline"
)

const (
	account = "111122223333"
	region  = "eu-west-1"
	theirs  = "arn:aws:kms:eu-west-1:444455556666:key/theirs"
	ours    = "arn:aws:kms:eu-west-1:111122223333:key/ours"
)

// An aws is one account, small enough to read: it answers by the first filter,
// as the readers ask.
type aws struct {
	images    []ec2types.Image
	snapshots []ec2types.Snapshot
	template  ec2types.LaunchTemplate
	versions  []ec2types.LaunchTemplateVersion
	groups    []astypes.AutoScalingGroup
	named     error // of CopyImage
	copied    []*ec2.CopyImageInput
	removed   []string
	refusal   *ec2types.ResponseError // of a version's deletion
	stale     bool                    // $Latest shows what was deleted
}

func (a *aws) DescribeImages(_ context.Context, in *ec2.DescribeImagesInput, _ ...func(*ec2.Options)) (*ec2.DescribeImagesOutput, error) {
	out := &ec2.DescribeImagesOutput{}
	for _, i := range a.images {
		switch f := in.Filters[0]; {
		case *f.Name == "image-id" && *i.ImageId == f.Values[0] && (in.Owners == nil || *i.OwnerId == account):
			out.Images = append(out.Images, i)
		case strings.HasPrefix(*f.Name, "tag:") && *i.OwnerId == account && i.SourceImageId != nil && *i.SourceImageId == f.Values[0] && len(i.Tags) > 0:
			out.Images = append(out.Images, i)
		}
	}
	return out, nil
}

func (a *aws) DescribeSnapshots(_ context.Context, in *ec2.DescribeSnapshotsInput, _ ...func(*ec2.Options)) (*ec2.DescribeSnapshotsOutput, error) {
	out := &ec2.DescribeSnapshotsOutput{}
	for _, s := range a.snapshots {
		all := true
		for _, f := range in.Filters {
			have := *s.SnapshotId
			if name, ok := strings.CutPrefix(*f.Name, "tag:"); ok {
				have = tagOf(s.Tags, name)
			}
			found := false
			for _, v := range f.Values {
				found = found || v == have
			}
			all = all && found
		}
		if all {
			out.Snapshots = append(out.Snapshots, s)
		}
	}
	return out, nil
}

func tagOf(tags []ec2types.Tag, name string) string {
	for _, t := range tags {
		if *t.Key == name {
			return *t.Value
		}
	}
	return ""
}

func (a *aws) DescribeLaunchTemplates(context.Context, *ec2.DescribeLaunchTemplatesInput, ...func(*ec2.Options)) (*ec2.DescribeLaunchTemplatesOutput, error) {
	return &ec2.DescribeLaunchTemplatesOutput{LaunchTemplates: []ec2types.LaunchTemplate{a.template}}, nil
}

func (a *aws) DescribeLaunchTemplateVersions(_ context.Context, in *ec2.DescribeLaunchTemplateVersionsInput, _ ...func(*ec2.Options)) (*ec2.DescribeLaunchTemplateVersionsOutput, error) {
	if a.stale && len(in.Versions) == 1 && in.Versions[0] == "$Latest" {
		return &ec2.DescribeLaunchTemplateVersionsOutput{LaunchTemplateVersions: []ec2types.LaunchTemplateVersion{{VersionNumber: new(int64(2))}}}, nil
	}
	if len(in.Versions) == 1 {
		return &ec2.DescribeLaunchTemplateVersionsOutput{LaunchTemplateVersions: a.versions[:1]}, nil
	}
	return &ec2.DescribeLaunchTemplateVersionsOutput{LaunchTemplateVersions: a.versions}, nil
}

func (a *aws) DescribeAutoScalingGroups(_ context.Context, in *autoscaling.DescribeAutoScalingGroupsInput, _ ...func(*autoscaling.Options)) (*autoscaling.DescribeAutoScalingGroupsOutput, error) {
	out := &autoscaling.DescribeAutoScalingGroupsOutput{} // one a page
	for i, g := range a.groups {
		if in.NextToken == nil && i == 0 || in.NextToken != nil && *in.NextToken == *g.AutoScalingGroupName {
			out.AutoScalingGroups = append(out.AutoScalingGroups, g)
			if i+1 < len(a.groups) {
				out.NextToken = a.groups[i+1].AutoScalingGroupName
			}
		}
	}
	return out, nil
}

func (a *aws) CopyImage(_ context.Context, in *ec2.CopyImageInput, _ ...func(*ec2.Options)) (*ec2.CopyImageOutput, error) {
	a.copied = append(a.copied, in)
	if a.named != nil {
		a.images = append(a.images, copied("ami-9", ec2types.ImageStatePending)) // shows late
		return nil, a.named
	}
	return &ec2.CopyImageOutput{ImageId: new("ami-2")}, nil
}

func (a *aws) CopySnapshot(context.Context, *ec2.CopySnapshotInput, ...func(*ec2.Options)) (*ec2.CopySnapshotOutput, error) {
	return &ec2.CopySnapshotOutput{SnapshotId: new("snap-9")}, nil
}

func (a *aws) DeregisterImage(_ context.Context, in *ec2.DeregisterImageInput, _ ...func(*ec2.Options)) (*ec2.DeregisterImageOutput, error) {
	a.removed = append(a.removed, *in.ImageId)
	return &ec2.DeregisterImageOutput{}, &smithy.GenericAPIError{Code: "InvalidAMIID.Unavailable", Message: "gone"}
}

func (a *aws) DeleteSnapshot(_ context.Context, in *ec2.DeleteSnapshotInput, _ ...func(*ec2.Options)) (*ec2.DeleteSnapshotOutput, error) {
	a.removed = append(a.removed, *in.SnapshotId)
	return &ec2.DeleteSnapshotOutput{}, nil
}

func (a *aws) CreateLaunchTemplateVersion(context.Context, *ec2.CreateLaunchTemplateVersionInput, ...func(*ec2.Options)) (*ec2.CreateLaunchTemplateVersionOutput, error) {
	return &ec2.CreateLaunchTemplateVersionOutput{LaunchTemplateVersion: &ec2types.LaunchTemplateVersion{VersionNumber: new(int64(2))}}, nil
}

func (a *aws) ModifyLaunchTemplate(context.Context, *ec2.ModifyLaunchTemplateInput, ...func(*ec2.Options)) (*ec2.ModifyLaunchTemplateOutput, error) {
	return &ec2.ModifyLaunchTemplateOutput{}, nil
}

func (a *aws) DeleteLaunchTemplateVersions(_ context.Context, in *ec2.DeleteLaunchTemplateVersionsInput, _ ...func(*ec2.Options)) (*ec2.DeleteLaunchTemplateVersionsOutput, error) {
	if a.refusal != nil {
		return &ec2.DeleteLaunchTemplateVersionsOutput{UnsuccessfullyDeletedLaunchTemplateVersions: []ec2types.DeleteLaunchTemplateVersionsResponseErrorItem{{ResponseError: a.refusal}}}, nil
	}
	a.removed = append(a.removed, in.Versions...)
	a.versions = slices.DeleteFunc(a.versions, func(v ec2types.LaunchTemplateVersion) bool {
		return strconv.FormatInt(*v.VersionNumber, 10) == in.Versions[0]
	})
	return &ec2.DeleteLaunchTemplateVersionsOutput{}, nil
}

func (a *aws) reader() *copier.Reader { return copier.New(a, a, account, region) }

func (a *aws) work() copier.Work {
	return copier.Work{Reader: a.reader(), Remediation: "r-1", Occasion: "now", Sleep: func(context.Context, time.Duration) error { return nil },
		Open: func(context.Context, string, string) (copier.Writer, error) { return a, nil }}
}

func mapped(snapshot string) []ec2types.BlockDeviceMapping {
	return []ec2types.BlockDeviceMapping{{DeviceName: new("/dev/xvda"), Ebs: &ec2types.EbsBlockDevice{SnapshotId: &snapshot}}}
}

func marks() []ec2types.Tag {
	var out []ec2types.Tag
	for k, v := range (owncopy.Copying{Source: "ami-1", CopyKey: ours, Group: "web"}).Tags("r-1") {
		out = append(out, ec2types.Tag{Key: new(string(k)), Value: &v})
	}
	return out
}

// copied is a copy of ami-1, with the snapshot snap-2.
func copied(id string, state ec2types.ImageState) ec2types.Image {
	return ec2types.Image{ImageId: &id, OwnerId: new(account), State: state, SourceImageId: new("ami-1"), Tags: marks(), BlockDeviceMappings: mapped("snap-2")}
}

func world() *aws {
	return &aws{
		images: []ec2types.Image{{ImageId: new("ami-1"), OwnerId: new("444455556666"), State: ec2types.ImageStateAvailable, BlockDeviceMappings: mapped("snap-1")}},
		snapshots: []ec2types.Snapshot{
			{SnapshotId: new("snap-1"), OwnerId: new("444455556666"), KmsKeyId: new(theirs)},
			{SnapshotId: new("snap-2"), OwnerId: new(account), KmsKeyId: new(ours), State: ec2types.SnapshotStateCompleted, Tags: marks()},
		},
		template: ec2types.LaunchTemplate{LaunchTemplateId: new("lt-1"), LaunchTemplateName: new("web"), LatestVersionNumber: new(int64(1)), DefaultVersionNumber: new(int64(1))},
		versions: []ec2types.LaunchTemplateVersion{{LaunchTemplateId: new("lt-1"), VersionNumber: new(int64(1)), LaunchTemplateData: &ec2types.ResponseLaunchTemplateData{
			ImageId: new("ami-1"), BlockDeviceMappings: []ec2types.LaunchTemplateBlockDeviceMapping{{DeviceName: new("/dev/sdb"), NoDevice: new("")}},
		}}},
	}
}

func question(uses ...encryption.Use) copier.Question {
	return copier.Question{CopyKey: ours, Means: func(k string) bool { return k == theirs },
		Ways: []launch.Way{{Name: "lt-1 v1", TemplateID: "lt-1", Version: 1, Asked: "$Latest", ImageID: "ami-1", Uses: uses, Hidden: []string{"snap-1"}}}}
}

func read(t *testing.T, a *aws, uses ...encryption.Use) pipeline.Way {
	t.Helper()
	ways, err := a.reader().Read(t.Context(), question(uses...))
	if err != nil || len(ways) != 1 {
		t.Fatalf("%+v, %v", ways, err)
	}
	return ways[0]
}

// TestCopiesAreKnown: a copy counts by what EC2 says of it, not by tags alone.
func TestCopiesAreKnown(t *testing.T) {
	t.Parallel()
	use := encryption.Use{KeyID: theirs, SnapshotID: "snap-1"}
	for name, tc := range map[string]struct {
		change func(*aws)
		want   pipeline.State // "" = none
		says   string
	}{
		"ready":        {func(a *aws) { a.images = append(a.images, copied("ami-2", ec2types.ImageStateAvailable)) }, pipeline.Ready, ""},
		"pending":      {func(a *aws) { a.images = append(a.images, copied("ami-2", ec2types.ImageStatePending)) }, pipeline.Pending, ""},
		"disabled":     {func(a *aws) { a.images = append(a.images, copied("ami-2", ec2types.ImageStateDisabled)) }, pipeline.Unfit, "disabled"},
		"deregistered": {func(a *aws) { a.images = append(a.images, copied("ami-2", ec2types.ImageStateDeregistered)) }, "", ""},
		"of another image, but tags": {func(a *aws) {
			i := copied("ami-2", ec2types.ImageStateAvailable)
			i.SourceImageId = new("ami-7")
			a.images = append(a.images, i)
		}, "", ""},
		"another account's": {func(a *aws) {
			i := copied("ami-2", ec2types.ImageStateAvailable)
			i.OwnerId = new("777788889999")
			a.images = append(a.images, i)
		}, "", ""},
		"under another key": {func(a *aws) {
			a.images = append(a.images, copied("ami-2", ec2types.ImageStateAvailable))
			a.snapshots[1].KmsKeyId = new(theirs)
		}, pipeline.Unfit, "isn't one of Keymend's"},
		"with a snapshot that isn't Keymend's": {func(a *aws) {
			a.images = append(a.images, copied("ami-2", ec2types.ImageStateAvailable))
			a.snapshots[1].Tags = nil
		}, pipeline.Unfit, "isn't one of Keymend's"},
		"failed": {func(a *aws) {
			i := copied("ami-2", ec2types.ImageStateFailed)
			i.StateReason = &ec2types.StateReason{Message: new("EC2's words")}
			a.images = append(a.images, i)
		}, pipeline.Failed, "EC2's words"},
	} {
		a := world()
		tc.change(a)
		s := read(t, a, use).Sources[0]
		if (len(s.Copies) == 0) != (tc.want == "") || len(s.Copies) > 0 && (s.Copies[0].State != tc.want || !strings.Contains(s.Copies[0].Reason, tc.says)) {
			t.Errorf("%s: %+v", name, s.Copies)
		}
		if len(s.Copies) > 0 && (s.Copies[0].Of["snap-1"] != "snap-2" || s.Copies[0].Remediation != "r-1" || len(s.Orphans) != 0) {
			t.Errorf("%s: %+v, orphans %v", name, s.Copies[0], s.Orphans)
		}
		if len(s.Copies) == 0 && (len(s.Orphans) != 1 || s.Orphans[0] != "snap-2") {
			t.Errorf("%s: orphans %v", name, s.Orphans)
		}
		if s.Owner != "444455556666" || len(s.Keys) != 1 || s.Keys[0] != theirs || s.Gone || len(s.Hidden) != 0 {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// TestSnapshotCopies: EC2 doesn't say of which snapshot one is a copy, but that
// it is one.
func TestSnapshotCopies(t *testing.T) {
	t.Parallel()
	use := encryption.Use{KeyID: theirs, SnapshotID: "snap-1", Named: true}
	for volume, want := range map[string]pipeline.State{"vol-ffffffff": pipeline.Ready, "vol-0123456789abcdef0": pipeline.Unfit} {
		a := world()
		tags := []ec2types.Tag{{Key: new("keymend-copy-of"), Value: new("snap-1")}, {Key: new("keymend-copy-key"), Value: new(ours)}}
		a.snapshots = append(a.snapshots, ec2types.Snapshot{SnapshotId: new("snap-8"), OwnerId: new(account), KmsKeyId: new(ours), VolumeId: &volume, State: ec2types.SnapshotStateCompleted, Tags: tags})
		if s := read(t, a, use).Sources[0]; s.ID != "snap-1" || len(s.Copies) != 1 || s.Copies[0].State != want {
			t.Errorf("%s: %+v", volume, s)
		}
	}
}

// TestWhatAWayNeedsTheKeyFor: each of the three, and none but what is hidden.
func TestWhatAWayNeedsTheKeyFor(t *testing.T) {
	t.Parallel()
	w := read(t, world(), encryption.Use{KeyID: theirs, Written: true}, encryption.Use{KeyID: theirs, Default: true, Because: "so"}, encryption.Use{KeyID: ours, SnapshotID: "snap-2"})
	if len(w.Sources) != 0 || len(w.KeyIDs) != 1 || w.KeyIDs[0] != theirs || w.Default != "so" {
		t.Errorf("%+v", w)
	}
	hidden := world()
	hidden.snapshots = nil
	if w := read(t, hidden, encryption.Use{KeyID: ours}); len(w.Sources) != 1 || w.Sources[0].ID != "ami-1" || len(w.Sources[0].Hidden) != 1 {
		t.Errorf("%+v", w.Sources)
	}
	gone := world()
	gone.images = nil
	if w := read(t, gone, encryption.Use{KeyID: theirs, SnapshotID: "snap-1"}); !w.Sources[0].Gone {
		t.Errorf("%+v", w.Sources)
	}
}

// TestTemplateAndItsGroups: empty members are kept out of the data, but NoDevice,
// which counts by being there; groups come by id and by name, on several pages.
func TestTemplateAndItsGroups(t *testing.T) {
	t.Parallel()
	a := world()
	spec := func(id, name, version *string) *astypes.LaunchTemplateSpecification {
		return &astypes.LaunchTemplateSpecification{LaunchTemplateId: id, LaunchTemplateName: name, Version: version}
	}
	a.groups = []astypes.AutoScalingGroup{
		{AutoScalingGroupName: new("by-id"), LaunchTemplate: spec(new("lt-1"), nil, new("$Latest"))},
		{AutoScalingGroupName: new("by-name"), LaunchTemplate: spec(nil, new("web"), nil), Tags: []astypes.TagDescription{{Key: new("Keymend"), Value: new(" Ignore")}}},
		{AutoScalingGroupName: new("other"), LaunchTemplate: spec(new("lt-2"), nil, new("$Latest"))},
		{AutoScalingGroupName: new("deleting"), LaunchTemplate: spec(new("lt-1"), nil, new("$Latest")), Status: new("Delete in progress")},
		{AutoScalingGroupName: new("mixed"), Tags: []astypes.TagDescription{{Key: new("AmazonECSManaged"), Value: new("")}}, MixedInstancesPolicy: &astypes.MixedInstancesPolicy{LaunchTemplate: &astypes.LaunchTemplate{
			LaunchTemplateSpecification: spec(new("lt-2"), nil, new("1")), Overrides: []astypes.LaunchTemplateOverrides{{LaunchTemplateSpecification: spec(new("lt-1"), nil, new("3"))}}}}},
	}
	a.versions = append(a.versions, ec2types.LaunchTemplateVersion{VersionNumber: new(int64(2)), VersionDescription: new("keymend: version 1 with own copies (r-1)")},
		ec2types.LaunchTemplateVersion{VersionNumber: new(int64(3)), VersionDescription: new("keymend: version 12 with own copies (r-1)")})
	a.template.Operator = &ec2types.OperatorResponse{Managed: new(true), Principal: new("eks")}
	got := read(t, a, encryption.Use{KeyID: theirs, Written: true}).Template
	if !strings.Contains(string(got.Data), `"NoDevice":""`) || strings.Contains(string(got.Data), "null") {
		t.Errorf("%s", got.Data)
	}
	if len(got.Later) != 1 || got.Later[0].Number != 2 || got.ManagedBy != "service eks" || got.Latest != 1 {
		t.Errorf("%+v", got)
	}
	want := []pipeline.Follower{{Group: "by-id", Version: "$Latest"}, {Group: "by-name", Version: "$Default", Ignored: true}, {Group: "mixed", Version: "3"}}
	for i, g := range got.Groups {
		if i >= len(want) || g.Group != want[i].Group || g.Version != want[i].Version || g.Ignored != want[i].Ignored || (g.ManagedBy != "") != (g.Group == "mixed") {
			t.Errorf("group %d: %+v", i, g)
		}
	}
	if len(got.Groups) != len(want) {
		t.Errorf("%d groups", len(got.Groups))
	}
}

// TestCopyByName: where an earlier copy doesn't show yet, its name keeps EC2 from
// making another.
func TestCopyByName(t *testing.T) {
	t.Parallel()
	step := owncopy.Copying{Scene: owncopy.Scene{In: account, Region: region, Key: theirs}, Source: "ami-1", Name: "keymend copy", CopyKey: ours, Group: "web"}
	a := world()
	a.named = &smithy.GenericAPIError{Code: "InvalidAMIName.Duplicate", Message: "AMI name keymend copy is already in use by AMI ami-9"}
	d, err := a.work().Copy(t.Context(), step)
	if err != nil || d.CopyID != "ami-9" || d.Undo.RemoveCopy == nil || d.Undo.RemoveCopy.Remediation != "r-1" {
		t.Fatalf("%+v, %v", d, err)
	}
	if d, err = a.work().Copy(t.Context(), step); err != nil || d.Changed || len(a.copied) != 1 {
		t.Errorf("%+v, %v, copied %d times", d, err, len(a.copied))
	}
	in := a.copied[0]
	if len(*in.ClientToken) != 64 || !*in.Encrypted || *in.KmsKeyId != ours || len(in.TagSpecifications) != 2 || len(in.TagSpecifications[0].Tags) != 4 {
		t.Errorf("%+v", in)
	}
	b := world()
	b.named = &smithy.GenericAPIError{Code: "InvalidRequest", Message: "Images from AWS Marketplace cannot be copied to another AWS account"}
	if _, err := b.work().Copy(t.Context(), step); err == nil || !strings.Contains(err.Error(), "Marketplace") {
		t.Errorf("%v", err)
	}
}

// TestRemove takes away what the step is about, and nothing else; and nothing
// that a template names.
func TestRemove(t *testing.T) {
	t.Parallel()
	step := owncopy.RemoveCopy{Source: "ami-1", CopyKey: ours, Remediation: "r-1"}
	a := world()
	a.images = append(a.images, copied("ami-2", ec2types.ImageStateAvailable))
	if d, err := a.work().Remove(t.Context(), step); err != nil || !d.Changed || strings.Join(a.removed, " ") != "ami-2 snap-2" {
		t.Errorf("%+v, %v, %v", d, err, a.removed)
	}
	for name, change := range map[string]func(*aws, *owncopy.RemoveCopy){
		"made by another remediation": func(_ *aws, s *owncopy.RemoveCopy) { s.Remediation = "r-2" },
		"another id":                  func(_ *aws, s *owncopy.RemoveCopy) { s.ID = "ami-3" },
		"of another image":            func(_ *aws, s *owncopy.RemoveCopy) { s.Source = "ami-3" },
		"nothing said":                func(_ *aws, s *owncopy.RemoveCopy) { s.Remediation = "" },
		"named by a template":         func(a *aws, _ *owncopy.RemoveCopy) { a.versions[0].LaunchTemplateData.ImageId = new("ami-2") },
	} {
		a, s := world(), step
		a.images = append(a.images, copied("ami-2", ec2types.ImageStateAvailable))
		change(a, &s)
		if d, err := a.work().Remove(t.Context(), s); d.Changed || len(a.removed) != 0 || (err != nil) != (name == "named by a template") {
			t.Errorf("%s: %+v, %v, %v", name, d, err, a.removed)
		}
	}
	left := world() // the image is gone already
	if d, err := left.work().Remove(t.Context(), step); err != nil || !d.Changed || strings.Join(left.removed, " ") != "snap-2" {
		t.Errorf("%+v, %v, %v", d, err, left.removed)
	}
}

// TestGroupOf: an image is Keymend's copy only where EC2 says so, too.
func TestGroupOf(t *testing.T) {
	t.Parallel()
	a := world()
	forged := copied("ami-3", ec2types.ImageStateAvailable)
	forged.SourceImageId = nil
	a.images = append(a.images, copied("ami-2", ec2types.ImageStateAvailable), forged)
	for id, want := range map[string]string{"ami-2": "web", "ami-1": "", "ami-3": "", "ami-4": ""} {
		if got, err := a.reader().GroupOf(t.Context(), id); err != nil || got != want {
			t.Errorf("%s: %q, %v", id, got, err)
		}
	}
}
