package ec2_test

import (
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"
)

// names describes images as an account and returns their names.
func (w *world) names(account string, in sdk.DescribeImagesInput) []string {
	w.t.Helper()
	out, err := w.ec2.DescribeImages(as(account), &in)
	must(w.t, err)
	names := []string{}
	for _, img := range out.Images {
		names = append(names, *img.Name)
	}
	return names
}

// TestDescribeImages holds what each parameter chooses.
func TestDescribeImages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := map[string]string{}
	for _, name := range []string{"own", "shared", "public", "old", "disabled"} {
		out, err := w.ec2.RegisterImage(as(account), &sdk.RegisterImageInput{Name: &name, TagSpecifications: []types.TagSpecification{
			{ResourceType: types.ResourceTypeImage, Tags: []types.Tag{{Key: new("team"), Value: &name}}}}})
		must(t, err)
		made[name] = *out.ImageId
	}
	_, err := w.ec2.RegisterImage(as(other), &sdk.RegisterImageInput{Name: new("theirs")})
	must(t, err)
	w.share(made["shared"], other)
	w.share(made["old"], other)
	w.share(made["public"], "all")
	w.deprecate(made["old"])
	w.disable(made["disabled"])
	filter := func(name string, values ...string) []types.Filter {
		return []types.Filter{{Name: &name, Values: values}}
	}
	for name, tc := range map[string]struct {
		as   string
		in   sdk.DescribeImagesInput
		want []string
	}{
		"own":                          {account, sdk.DescribeImagesInput{}, []string{"own", "shared", "public", "old"}},
		"own, disabled too":            {account, sdk.DescribeImagesInput{IncludeDisabled: new(true)}, []string{"own", "shared", "public", "old", "disabled"}},
		"a disabled one by id":         {account, sdk.DescribeImagesInput{ImageIds: []string{made["disabled"]}}, []string{"disabled"}},
		"others' and own":              {other, sdk.DescribeImagesInput{}, []string{"theirs", "shared", "public"}},
		"others' deprecated":           {other, sdk.DescribeImagesInput{IncludeDeprecated: new(true)}, []string{"theirs", "shared", "public", "old"}},
		"a deprecated one by id":       {other, sdk.DescribeImagesInput{ImageIds: []string{made["old"]}}, []string{"old"}},
		"Owners self":                  {other, sdk.DescribeImagesInput{Owners: []string{"self"}}, []string{"theirs"}},
		"Owners an account":            {other, sdk.DescribeImagesInput{Owners: []string{account}}, []string{"shared", "public"}},
		"Owners amazon":                {other, sdk.DescribeImagesInput{Owners: []string{"amazon"}}, []string{}},
		"ExecutableUsers self":         {other, sdk.DescribeImagesInput{ExecutableUsers: []string{"self"}}, []string{"shared"}},
		"ExecutableUsers all":          {other, sdk.DescribeImagesInput{ExecutableUsers: []string{"all"}}, []string{"public"}},
		"ExecutableUsers, by owner":    {account, sdk.DescribeImagesInput{ExecutableUsers: []string{other}}, []string{"shared", "old"}},
		"ExecutableUsers, by another":  {third, sdk.DescribeImagesInput{ExecutableUsers: []string{other}}, []string{}},
		"filter name":                  {account, sdk.DescribeImagesInput{Filters: filter("name", "o*")}, []string{"own", "old"}},
		"filter image-id":              {account, sdk.DescribeImagesInput{Filters: filter("image-id", made["own"], "ami-1")}, []string{"own"}},
		"filter owner-id":              {other, sdk.DescribeImagesInput{Filters: filter("owner-id", other)}, []string{"theirs"}},
		"filter state":                 {account, sdk.DescribeImagesInput{IncludeDisabled: new(true), Filters: filter("state", "disabled")}, []string{"disabled"}},
		"filter is-public":             {account, sdk.DescribeImagesInput{Filters: filter("is-public", "true")}, []string{"public"}},
		"filter source-image-id":       {account, sdk.DescribeImagesInput{Filters: filter("source-image-id", made["own"])}, []string{}},
		"filter tag":                   {account, sdk.DescribeImagesInput{Filters: filter("tag:team", "own", "public")}, []string{"own", "public"}},
		"filter another tag":           {account, sdk.DescribeImagesInput{Filters: filter("tag:stage", "own")}, []string{}},
		"others' tags can't be sought": {other, sdk.DescribeImagesInput{Filters: filter("tag:team", "shared")}, []string{}},
	} {
		if diff := cmp.Diff(tc.want, w.names(tc.as, tc.in)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	out, err := w.ec2.DescribeImages(as(other), &sdk.DescribeImagesInput{ImageIds: []string{made["shared"], made["public"]}})
	must(t, err)
	if s, p := out.Images[0], out.Images[1]; *s.Public || s.Tags != nil || *s.OwnerId != account || !*p.Public {
		t.Errorf("shared %+v, public %+v", s, p)
	}
	_, err = w.ec2.DescribeImages(as(account), &sdk.DescribeImagesInput{Filters: filter("colour", "red")})
	wantError(t, err, "NotInTheSandbox", "the filter colour is not in the sandbox")
}

// TestDeprecation begins at the time that was given, and can be taken back.
func TestDeprecation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	image := w.image(w.snapshot(""))
	w.share(image, other)
	_, err := w.ec2.EnableImageDeprecation(as(account), &sdk.EnableImageDeprecationInput{ImageId: &image, DeprecateAt: new(w.clock.Now().Add(time.Hour))})
	must(t, err)
	if n := len(w.names(other, sdk.DescribeImagesInput{})); n != 1 {
		t.Errorf("%d images before the time", n)
	}
	w.clock.Advance(time.Hour)
	if n := len(w.names(other, sdk.DescribeImagesInput{})); n != 0 {
		t.Errorf("%d images after the time", n)
	}
	_, err = w.ec2.DisableImageDeprecation(as(account), &sdk.DisableImageDeprecationInput{ImageId: &image})
	must(t, err)
	if n := len(w.names(other, sdk.DescribeImagesInput{})); n != 1 {
		t.Errorf("%d images after the deprecation was cancelled", n)
	}
}

// TestDescribeSnapshots holds what each parameter chooses.
func TestDescribeSnapshots(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	private, shared, public := w.snapshot(""), w.snapshot("S"), w.snapshot("")
	w.shareSnapshot(shared, other)
	_, err := w.ec2.ModifySnapshotAttribute(as(account), &sdk.ModifySnapshotAttributeInput{SnapshotId: &public, CreateVolumePermission: &types.CreateVolumePermissionModifications{
		Add: []types.CreateVolumePermission{{Group: types.PermissionGroupAll}}}})
	must(t, err)
	for name, tc := range map[string]struct {
		as   string
		in   sdk.DescribeSnapshotsInput
		want []string
	}{
		"own":                      {account, sdk.DescribeSnapshotsInput{}, []string{private, shared, public}},
		"others'":                  {other, sdk.DescribeSnapshotsInput{}, []string{shared, public}},
		"a third's":                {third, sdk.DescribeSnapshotsInput{}, []string{public}},
		"OwnerIds self":            {other, sdk.DescribeSnapshotsInput{OwnerIds: []string{"self"}}, []string{}},
		"OwnerIds":                 {other, sdk.DescribeSnapshotsInput{OwnerIds: []string{account}}, []string{shared, public}},
		"RestorableByUserIds self": {other, sdk.DescribeSnapshotsInput{RestorableByUserIds: []string{"self"}}, []string{shared}},
		"RestorableByUserIds all":  {other, sdk.DescribeSnapshotsInput{RestorableByUserIds: []string{"all"}}, []string{public}},
		"restorable by its owner":  {account, sdk.DescribeSnapshotsInput{RestorableByUserIds: []string{"self"}}, []string{private, shared, public}},
		"restorable by another":    {account, sdk.DescribeSnapshotsInput{RestorableByUserIds: []string{other}}, []string{shared}},
		"filter encrypted":         {other, sdk.DescribeSnapshotsInput{Filters: []types.Filter{{Name: new("encrypted"), Values: []string{"true"}}}}, []string{shared}},
		"filter status":            {other, sdk.DescribeSnapshotsInput{Filters: []types.Filter{{Name: new("status"), Values: []string{"completed"}}}}, []string{}},
	} {
		out, err := w.ec2.DescribeSnapshots(as(tc.as), &tc.in)
		must(t, err)
		got := []string{}
		for _, snap := range out.Snapshots {
			got = append(got, *snap.SnapshotId)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	out, err := w.ec2.DescribeSnapshots(as(other), &sdk.DescribeSnapshotsInput{SnapshotIds: []string{shared}})
	must(t, err)
	if snap := out.Snapshots[0]; *snap.KmsKeyId != keys+"S" || *snap.OwnerId != account {
		t.Errorf("a shared snapshot doesn't tell its key: %+v", snap)
	}
}

// TestSharingAttributes holds what the owner is told, and that both forms of a
// change do the same.
func TestSharingAttributes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	snapshot := w.snapshot("S")
	image := w.image(w.snapshot(""))
	w.share(image, third, other, other, "all")
	out, err := w.ec2.DescribeImageAttribute(as(account), &sdk.DescribeImageAttributeInput{ImageId: &image, Attribute: types.ImageAttributeNameLaunchPermission})
	must(t, err)
	if diff := cmp.Diff([]string{"all", other, third}, granted(out.LaunchPermissions)); diff != "" {
		t.Errorf("launch permissions (-want +got):\n%s", diff)
	}
	w.shareSnapshot(snapshot, third, other)
	_, err = w.ec2.ModifySnapshotAttribute(as(account), &sdk.ModifySnapshotAttributeInput{SnapshotId: &snapshot, CreateVolumePermission: &types.CreateVolumePermissionModifications{
		Remove: []types.CreateVolumePermission{{UserId: new(third)}, {Group: types.PermissionGroupAll}}}})
	must(t, err)
	shared, err := w.ec2.DescribeSnapshotAttribute(as(account), &sdk.DescribeSnapshotAttributeInput{SnapshotId: &snapshot, Attribute: types.SnapshotAttributeNameCreateVolumePermission})
	must(t, err)
	if p := shared.CreateVolumePermissions; len(p) != 1 || *p[0].UserId != other {
		t.Errorf("permissions to create volumes %+v", p)
	}
	_, err = w.ec2.DescribeImageAttribute(as(other), &sdk.DescribeImageAttributeInput{ImageId: &image, Attribute: types.ImageAttributeNameLaunchPermission})
	wantError(t, err, "AuthFailure", "Not authorized for image:"+image)
	_, err = w.ec2.DescribeSnapshotAttribute(as(other), &sdk.DescribeSnapshotAttributeInput{SnapshotId: &snapshot, Attribute: types.SnapshotAttributeNameCreateVolumePermission})
	wantError(t, err, "InvalidSnapshot.NotFound", "The snapshot '"+snapshot+"' does not exist.")
}

func granted(all []types.LaunchPermission) (names []string) {
	for _, p := range all {
		if p.Group != "" {
			names = append(names, string(p.Group))
			continue
		}
		names = append(names, *p.UserId)
	}
	return names
}

// TestRefusedSharing holds what can't be shared, and with whom not.
func TestRefusedSharing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	managed, encrypted := w.snapshot("alias/aws/ebs"), w.snapshot("S")
	image := func(snapshot string, with ...string) error {
		_, err := w.ec2.ModifyImageAttribute(as(account), &sdk.ModifyImageAttributeInput{ImageId: new(w.image(snapshot)), LaunchPermission: &types.LaunchPermissionModifications{Add: permissions(with)}})
		return err
	}
	snapshot := func(snapshot string, add types.OperationType, users, groups []string) error {
		_, err := w.ec2.ModifySnapshotAttribute(as(account), &sdk.ModifySnapshotAttributeInput{SnapshotId: &snapshot, OperationType: add, UserIds: users, GroupNames: groups})
		return err
	}
	must(t, snapshot(managed, types.OperationTypeRemove, []string{other}, nil))
	wantError(t, image(managed, other), "InvalidParameter", "Snapshots encrypted with the AWS Managed CMK can't be shared. Specify another snapshot.")
	wantError(t, image(encrypted, "all"), "OperationNotPermitted", "Images with encrypted snapshots cannot be shared publicly")
	wantError(t, image(w.snapshot(""), "me"), "InvalidAMIAttributeItemValue", `Invalid attribute item value "me" for userId item type.`)
	wantError(t, image(w.snapshot("")), "MissingParameter", "The request must contain permissions to add or to remove")
	wantError(t, snapshot(managed, types.OperationTypeAdd, []string{other}, nil), "OperationNotPermitted", "Encrypted snapshots with EBS default key cannot be shared")
	wantError(t, snapshot(encrypted, types.OperationTypeAdd, nil, []string{"all"}), "OperationNotPermitted", "Encrypted snapshots cannot be shared publicly")
	wantError(t, snapshot(encrypted, types.OperationTypeAdd, nil, []string{"some"}), "InvalidAMIAttributeItemValue", `Invalid attribute item value "some" for UserGroup item type.`)
}

// TestDeleteSnapshot keeps what an image uses.
func TestDeleteSnapshot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	snapshot := w.snapshot("")
	image := w.image(snapshot)
	w.disable(image)
	remove := func() error {
		_, err := w.ec2.DeleteSnapshot(as(account), &sdk.DeleteSnapshotInput{SnapshotId: &snapshot})
		return err
	}
	wantError(t, remove(), "InvalidSnapshot.InUse", "The snapshot "+snapshot+" is currently in use by "+image)
	w.deregister(image)
	must(t, remove())
	wantError(t, remove(), "InvalidSnapshot.NotFound", "The snapshot '"+snapshot+"' does not exist.")
}
