package ec2_test

import (
	"encoding/json"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"
)

func object(t *testing.T, v any) map[string]any {
	t.Helper()
	raw, err := json.Marshal(v)
	must(t, err)
	var m map[string]any
	must(t, json.Unmarshal(raw, &m))
	return m
}

// TestStorage holds what Describe calls say of keys.
func TestStorage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	plain, encrypted := w.snapshot(""), w.snapshot("S")
	out, err := w.ec2.DescribeSnapshots(as(account), &sdk.DescribeSnapshotsInput{OwnerIds: []string{"self"}})
	must(t, err)
	if n := len(out.Snapshots); n != 2 || *out.Snapshots[0].SnapshotId != plain || out.Snapshots[0].KmsKeyId != nil || *out.Snapshots[0].Encrypted {
		t.Fatalf("%d snapshots, first %+v", n, out.Snapshots[0])
	}
	if s := out.Snapshots[1]; *s.KmsKeyId != keys+"S" || !*s.Encrypted || *s.OwnerId != account || s.State != types.SnapshotStatePending {
		t.Errorf("encrypted snapshot %+v", s)
	}
	w.clock.Advance(60e9)
	image := w.image(encrypted)
	images, err := w.ec2.DescribeImages(as(account), &sdk.DescribeImagesInput{ImageIds: []string{image}})
	must(t, err)
	if m := images.Images[0].BlockDeviceMappings[0].Ebs; *m.SnapshotId != encrypted || !*m.Encrypted || m.KmsKeyId != nil {
		t.Errorf("mapping %+v", m)
	}
	_, err = w.ec2.DescribeImages(as(other), &sdk.DescribeImagesInput{ImageIds: []string{image}})
	wantError(t, err, "InvalidAMIID.NotFound", "The image id '["+image+"]' does not exist")
	_, err = w.ec2.DescribeSnapshots(as(other), &sdk.DescribeSnapshotsInput{SnapshotIds: []string{encrypted}})
	wantError(t, err, "InvalidSnapshot.NotFound", "The snapshot '"+encrypted+"' does not exist.")
	_, err = w.ec2.DescribeSnapshots(as(account), &sdk.DescribeSnapshotsInput{Filters: []types.Filter{{Name: new("colour"), Values: []string{"red"}}}})
	wantError(t, err, "NotInTheSandbox", "the filter colour is not in the sandbox")
	_, err = w.ec2.CreateVolume(as(account), &sdk.CreateVolumeInput{KmsKeyId: new("K")})
	wantError(t, err, "InvalidParameterDependency", "The parameter KmsKeyId requires the parameter Encrypted to be set.")
}

// TestDefaultKey holds the forms in which the default key comes back.
func TestDefaultKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	get := func() string {
		out, err := w.ec2.GetEbsDefaultKmsKeyId(as(account), nil)
		must(t, err)
		return *out.KmsKeyId
	}
	if got := get(); got != "alias/aws/ebs" {
		t.Errorf("unset %s", got)
	}
	for given, want := range map[string]string{
		"K": keys + "K", keys + "K": keys + "K", "alias/platform": "arn:aws:kms:eu-west-1:111122223333:alias/platform", "alias/aws/ebs": "alias/aws/ebs",
	} {
		_, err := w.ec2.ModifyEbsDefaultKmsKeyId(as(account), &sdk.ModifyEbsDefaultKmsKeyIdInput{KmsKeyId: &given})
		must(t, err)
		if got := get(); got != want {
			t.Errorf("%s comes back as %s, want %s", given, got, want)
		}
	}
	reset, err := w.ec2.ResetEbsDefaultKmsKeyId(as(account), nil)
	must(t, err)
	if *reset.KmsKeyId != keys+"aws-managed" || get() != "alias/aws/ebs" {
		t.Errorf("reset %s, then %s", *reset.KmsKeyId, get())
	}
}

// TestVersions holds what a new version inherits, and how versions are named.
func TestVersions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.params["/images/base"] = "ami-0123456789abcdef0"
	id := w.template("web", "resolve:ssm:/images/base", root(ebs{SnapshotId: new("snap-1"), VolumeSize: new(int32(8)), Encrypted: new(true)}))
	version := func(source string, data types.RequestLaunchTemplateData) types.ResponseLaunchTemplateData {
		out, err := w.ec2.CreateLaunchTemplateVersion(as(account), &sdk.CreateLaunchTemplateVersionInput{LaunchTemplateName: new("web"), SourceVersion: &source, LaunchTemplateData: &data})
		must(t, err)
		return *out.LaunchTemplateVersion.LaunchTemplateData
	}
	inherited := version("1", types.RequestLaunchTemplateData{InstanceType: types.InstanceTypeT3Micro})
	if e := inherited.BlockDeviceMappings[0].Ebs; e.SnapshotId != nil || *e.VolumeSize != 8 || !*e.Encrypted || inherited.InstanceType != "t3.micro" || *inherited.ImageId != "resolve:ssm:/images/base" {
		t.Errorf("inherited %+v of %+v", e, inherited)
	}
	resent := version("1", types.RequestLaunchTemplateData{BlockDeviceMappings: []types.LaunchTemplateBlockDeviceMappingRequest{root(ebs{SnapshotId: new("snap-2")})}})
	if e := resent.BlockDeviceMappings[0].Ebs; *e.SnapshotId != "snap-2" || e.VolumeSize != nil || resent.InstanceType != "m5.large" {
		t.Errorf("resent %+v of %+v", e, resent)
	}
	_, err := w.ec2.ModifyLaunchTemplate(as(account), &sdk.ModifyLaunchTemplateInput{LaunchTemplateId: &id, DefaultVersion: new("2")})
	must(t, err)
	for asked, want := range map[string][]int64{"$Latest": {3}, "$Default": {2}, "1": {1}, "$Latest 1": {3, 1}, "": {3, 2, 1}} {
		out, err := w.ec2.DescribeLaunchTemplateVersions(as(account), &sdk.DescribeLaunchTemplateVersionsInput{LaunchTemplateId: &id, Versions: strings.Fields(asked)})
		must(t, err)
		var got []int64
		for _, v := range out.LaunchTemplateVersions {
			got = append(got, *v.VersionNumber)
			if *v.DefaultVersion != (*v.VersionNumber == 2) {
				t.Errorf("version %d says default %v", *v.VersionNumber, *v.DefaultVersion)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("versions %q (-want +got):\n%s", asked, diff)
		}
	}
	out, err := w.ec2.DescribeLaunchTemplateVersions(as(account), &sdk.DescribeLaunchTemplateVersionsInput{LaunchTemplateName: new("web"), Versions: []string{"1"}, ResolveAlias: new(true)})
	must(t, err)
	if got := *out.LaunchTemplateVersions[0].LaunchTemplateData.ImageId; got != "ami-0123456789abcdef0" {
		t.Errorf("resolved to %s", got)
	}
	_, err = w.ec2.DescribeLaunchTemplateVersions(as(account), &sdk.DescribeLaunchTemplateVersionsInput{LaunchTemplateId: &id, Versions: []string{"9"}})
	wantError(t, err, "InvalidLaunchTemplateId.VersionNotFound", "Could not find the specified version 9 for the launch template with ID "+id+".")
	_, err = w.ec2.DescribeLaunchTemplateVersions(as(account), &sdk.DescribeLaunchTemplateVersionsInput{LaunchTemplateId: new("lt-0")})
	wantError(t, err, "InvalidLaunchTemplateId.NotFound", "The specified launch template, with template ID lt-0, does not exist.")
	_, err = w.ec2.DescribeLaunchTemplates(as(account), &sdk.DescribeLaunchTemplatesInput{LaunchTemplateNames: []string{"db"}})
	wantError(t, err, "InvalidLaunchTemplateName.NotFoundException", "The specified launch template, with template name db, does not exist.")
}

// TestPaging walks pages by their tokens.
func TestPaging(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 5 {
		w.snapshot("")
	}
	seen := map[string]bool{}
	in := &sdk.DescribeSnapshotsInput{MaxResults: new(int32(2))}
	for pages := 1; ; pages++ {
		out, err := w.ec2.DescribeSnapshots(as(account), in)
		must(t, err)
		for _, s := range out.Snapshots {
			seen[*s.SnapshotId] = true
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			if pages != 3 || len(seen) != 5 {
				t.Errorf("%d snapshots on %d pages", len(seen), pages)
			}
			break
		}
	}
	_, err := w.ec2.DescribeSnapshots(as(account), &sdk.DescribeSnapshotsInput{NextToken: new("nonsense")})
	wantError(t, err, "InvalidNextToken", "The specified token is not valid.")
}

// TestTags holds tags given at creation and later.
func TestTags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	snapshot := w.snapshot("")
	_, err := w.ec2.CreateTags(as(account), &sdk.CreateTagsInput{Resources: []string{snapshot}, Tags: []types.Tag{{Key: new("team"), Value: new("a")}}})
	must(t, err)
	_, err = w.ec2.CreateTags(as(account), &sdk.CreateTagsInput{Resources: []string{snapshot}, Tags: []types.Tag{{Key: new("team"), Value: new("b")}}})
	must(t, err)
	snapshots, err := w.ec2.DescribeSnapshots(as(account), &sdk.DescribeSnapshotsInput{Filters: []types.Filter{{Name: new("snapshot-id"), Values: []string{snapshot}}}})
	must(t, err)
	if tags := snapshots.Snapshots[0].Tags; len(tags) != 1 || *tags[0].Value != "b" {
		t.Errorf("tags %+v", tags)
	}
	out, err := w.ec2.DescribeTags(as(account), &sdk.DescribeTagsInput{Filters: []types.Filter{{Name: new("resource-type"), Values: []string{"snapshot"}}}})
	must(t, err)
	if len(out.Tags) != 1 || *out.Tags[0].Value != "b" || *out.Tags[0].ResourceId != snapshot {
		t.Errorf("tags %+v", out.Tags)
	}
}
