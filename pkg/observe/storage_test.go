package observe_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	step "keymend/pkg/kind/copies"
	"keymend/pkg/launch"
	"keymend/pkg/launch/encryption"
	"keymend/pkg/observe"
	"keymend/pkg/plan/copies"
)

const (
	theirs = "arn:aws:kms:eu-west-1:444455556666:key/theirs"
	ours   = "arn:aws:kms:eu-west-1:111122223333:key/ours"
)

// A cloud is one account, small enough to read: it answers by the first filter,
// as the readers ask.
type cloud struct {
	images    []ec2types.Image
	snapshots []ec2types.Snapshot
	template  ec2types.LaunchTemplate
	versions  []ec2types.LaunchTemplateVersion
	groups    []astypes.AutoScalingGroup
}

func (a *cloud) DescribeImages(_ context.Context, in *ec2.DescribeImagesInput, _ ...func(*ec2.Options)) (*ec2.DescribeImagesOutput, error) {
	out := &ec2.DescribeImagesOutput{}
	for _, i := range a.images {
		if len(in.ImageIds) > 0 {
			if slices.Contains(in.ImageIds, *i.ImageId) && (in.Owners == nil || *i.OwnerId == accountID) {
				out.Images = append(out.Images, i)
			}
			continue
		}
		switch f := in.Filters[0]; {
		case strings.HasPrefix(*f.Name, "tag:") && *i.OwnerId == accountID && i.SourceImageId != nil && *i.SourceImageId == f.Values[0] && len(i.Tags) > 0:
			out.Images = append(out.Images, i)
		}
	}
	if len(out.Images) < len(in.ImageIds) {
		return nil, &smithy.GenericAPIError{Code: "InvalidAMIID.NotFound", Message: "The image id does not exist"}
	}
	return out, nil
}

func (a *cloud) DescribeSnapshots(_ context.Context, in *ec2.DescribeSnapshotsInput, _ ...func(*ec2.Options)) (*ec2.DescribeSnapshotsOutput, error) {
	out := &ec2.DescribeSnapshotsOutput{}
	for _, s := range a.snapshots {
		all := len(in.SnapshotIds) == 0 || slices.Contains(in.SnapshotIds, *s.SnapshotId)
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
	if len(out.Snapshots) < len(in.SnapshotIds) {
		return nil, &smithy.GenericAPIError{Code: "InvalidSnapshot.NotFound", Message: "The snapshot does not exist"}
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

func (a *cloud) DescribeLaunchTemplates(context.Context, *ec2.DescribeLaunchTemplatesInput, ...func(*ec2.Options)) (*ec2.DescribeLaunchTemplatesOutput, error) {
	return &ec2.DescribeLaunchTemplatesOutput{LaunchTemplates: []ec2types.LaunchTemplate{a.template}}, nil
}

func (a *cloud) DescribeLaunchTemplateVersions(_ context.Context, in *ec2.DescribeLaunchTemplateVersionsInput, _ ...func(*ec2.Options)) (*ec2.DescribeLaunchTemplateVersionsOutput, error) {
	if len(in.Versions) == 1 {
		return &ec2.DescribeLaunchTemplateVersionsOutput{LaunchTemplateVersions: a.versions[:1]}, nil
	}
	return &ec2.DescribeLaunchTemplateVersionsOutput{LaunchTemplateVersions: a.versions}, nil
}

func (a *cloud) DescribeAutoScalingGroups(_ context.Context, in *autoscaling.DescribeAutoScalingGroupsInput, _ ...func(*autoscaling.Options)) (*autoscaling.DescribeAutoScalingGroupsOutput, error) {
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

func (a *cloud) reader() *observe.Storage { return observe.NewStorage(a, a) }

func mapped(snapshot string) []ec2types.BlockDeviceMapping {
	return []ec2types.BlockDeviceMapping{{DeviceName: new("/dev/xvda"), Ebs: &ec2types.EbsBlockDevice{SnapshotId: &snapshot}}}
}

func marks() []ec2types.Tag {
	var out []ec2types.Tag
	for k, v := range (step.Make{Source: "ami-1", CopyKey: ours, Group: "web"}).Tags("r-1") {
		out = append(out, ec2types.Tag{Key: &k, Value: &v})
	}
	return out
}

// copied is a copy of ami-1, with the snapshot snap-2.
func copied(id string, state ec2types.ImageState) ec2types.Image {
	return ec2types.Image{ImageId: &id, OwnerId: new(accountID), State: state, SourceImageId: new("ami-1"), Tags: marks(), BlockDeviceMappings: mapped("snap-2")}
}

func world() *cloud {
	return &cloud{
		images: []ec2types.Image{{ImageId: new("ami-1"), OwnerId: new("444455556666"), State: ec2types.ImageStateAvailable, BlockDeviceMappings: mapped("snap-1")}},
		snapshots: []ec2types.Snapshot{
			{SnapshotId: new("snap-1"), OwnerId: new("444455556666"), KmsKeyId: new(theirs)},
			{SnapshotId: new("snap-2"), OwnerId: new(accountID), KmsKeyId: new(ours), State: ec2types.SnapshotStateCompleted, Tags: marks()},
		},
		template: ec2types.LaunchTemplate{LaunchTemplateId: new("lt-1"), LaunchTemplateName: new("web"), LatestVersionNumber: new(int64(1)), DefaultVersionNumber: new(int64(1))},
		versions: []ec2types.LaunchTemplateVersion{{LaunchTemplateId: new("lt-1"), VersionNumber: new(int64(1)), LaunchTemplateData: &ec2types.ResponseLaunchTemplateData{
			ImageId: new("ami-1"), BlockDeviceMappings: []ec2types.LaunchTemplateBlockDeviceMapping{{DeviceName: new("/dev/sdb"), NoDevice: new("")}},
		}}},
	}
}

func read(t *testing.T, a *cloud, uses ...encryption.Use) copies.Way {
	t.Helper()
	way := launch.Way{
		Name: "lt-1 v1", TemplateID: "lt-1", Version: 1, Asked: "$Latest", ImageID: "ami-1", Uses: uses, Hidden: []string{"snap-1"}, Seen: map[string]encryption.Snapshot{},
	}
	for _, s := range a.snapshots {
		way.Seen[*s.SnapshotId] = encryption.Snapshot{OwnerID: *s.OwnerId, KeyARN: *s.KmsKeyId, Visible: true}
	}
	if len(a.images) > 0 {
		way.Image = launch.Image{Owner: *a.images[0].OwnerId, Devices: []encryption.Device{{Name: "/dev/xvda", SnapshotID: "snap-1"}}}
	}
	ways, err := a.reader().Read(t.Context(), []launch.Way{way}, func(k string) bool { return k == theirs }, ours)
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
		change func(*cloud)
		want   copies.State // "" = none
		says   string
	}{
		"ready":        {func(a *cloud) { a.images = append(a.images, copied("ami-2", ec2types.ImageStateAvailable)) }, copies.Ready, ""},
		"pending":      {func(a *cloud) { a.images = append(a.images, copied("ami-2", ec2types.ImageStatePending)) }, copies.Pending, ""},
		"disabled":     {func(a *cloud) { a.images = append(a.images, copied("ami-2", ec2types.ImageStateDisabled)) }, copies.Unfit, "disabled"},
		"deregistered": {func(a *cloud) { a.images = append(a.images, copied("ami-2", ec2types.ImageStateDeregistered)) }, "", ""},
		"of another image, but tags": {func(a *cloud) {
			i := copied("ami-2", ec2types.ImageStateAvailable)
			i.SourceImageId = new("ami-7")
			a.images = append(a.images, i)
		}, "", ""},
		"another accountID's": {func(a *cloud) {
			i := copied("ami-2", ec2types.ImageStateAvailable)
			i.OwnerId = new("777788889999")
			a.images = append(a.images, i)
		}, "", ""},
		"under another key": {func(a *cloud) {
			a.images = append(a.images, copied("ami-2", ec2types.ImageStateAvailable))
			a.snapshots[1].KmsKeyId = new(theirs)
		}, copies.Unfit, "isn't one of Keymend's"},
		"with a snapshot that isn't Keymend's": {func(a *cloud) {
			a.images = append(a.images, copied("ami-2", ec2types.ImageStateAvailable))
			a.snapshots[1].Tags = nil
		}, copies.Unfit, "isn't one of Keymend's"},
		"failed": {func(a *cloud) {
			i := copied("ami-2", ec2types.ImageStateFailed)
			i.StateReason = &ec2types.StateReason{Message: new("EC2's words")}
			a.images = append(a.images, i)
		}, copies.Failed, "EC2's words"},
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

// TestSnapshotCopies: a copy's volume may have any id, or none.
func TestSnapshotCopies(t *testing.T) {
	t.Parallel()
	use := encryption.Use{KeyID: theirs, SnapshotID: "snap-1", Named: true}
	for _, volume := range []string{"vol-ffffffff", "vol-0123456789abcdef0", ""} {
		a := world()
		tags := []ec2types.Tag{{Key: new("keymend-copy-of"), Value: new("snap-1")}, {Key: new("keymend-copy-key"), Value: new(ours)}}
		a.snapshots = append(a.snapshots, ec2types.Snapshot{SnapshotId: new("snap-8"), OwnerId: new(accountID), KmsKeyId: new(ours), VolumeId: &volume, State: ec2types.SnapshotStateCompleted, Tags: tags})
		if s := read(t, a, use).Sources[0]; s.ID != "snap-1" || len(s.Copies) != 1 || s.Copies[0].State != copies.Ready {
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
	want := []copies.Follower{{Group: "by-id", Version: "$Latest"}, {Group: "by-name", Version: "$Default", Ignored: true}, {Group: "mixed", Version: "3"}}
	for i, g := range got.Groups {
		if i >= len(want) || g.Group != want[i].Group || g.Version != want[i].Version || g.Ignored != want[i].Ignored || (g.ManagedBy != "") != (g.Group == "mixed") {
			t.Errorf("group %d: %+v", i, g)
		}
	}
	if len(got.Groups) != len(want) {
		t.Errorf("%d groups", len(got.Groups))
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

// TestOneNotSeen: an image or snapshot that the account can't see fails EC2's call for
// all; the others are found all the same, and filters come in pages.
func TestOneNotSeen(t *testing.T) {
	t.Parallel()
	a := world()
	asked := &paged{cloud: a}
	found, err := observe.SnapshotsByID(t.Context(), asked, []string{"snap-1", "snap-gone", "snap-1"})
	if err != nil || len(found) != 1 || found["snap-1"].ID != "snap-1" || asked.calls != 3 {
		t.Errorf("%+v, %v, %d calls", found, err, asked.calls)
	}
	images, err := observe.ImagesByID(t.Context(), asked, false, []string{"ami-gone", "ami-1"})
	if err != nil || len(images) != 1 || *images[0].ImageId != "ami-1" {
		t.Errorf("%+v, %v", images, err)
	}
	if _, err := observe.OwnSnapshots(t.Context(), asked, ec2types.Filter{Name: new("tag:keymend-copy-of"), Values: []string{"snap-1"}}); err != nil || asked.most != 1000 {
		t.Errorf("%v, %d on a page", err, asked.most)
	}
}

// A paged counts what a cloud is asked, and how many it is asked for.
type paged struct {
	*cloud
	calls int
	most  int32
}

func (p *paged) DescribeSnapshots(ctx context.Context, in *ec2.DescribeSnapshotsInput, o ...func(*ec2.Options)) (*ec2.DescribeSnapshotsOutput, error) {
	p.calls++
	if p.most = 0; in.MaxResults != nil {
		p.most = *in.MaxResults
	}
	return p.cloud.DescribeSnapshots(ctx, in, o...)
}
