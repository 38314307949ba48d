package ec2_test

import (
	"errors"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/sandbox/wire"
)

const third = "777788889999"

// share gives accounts, or "all", launch permission.
func (w *world) share(image string, with ...string) {
	w.t.Helper()
	_, err := w.ec2.ModifyImageAttribute(as(account), &sdk.ModifyImageAttributeInput{ImageId: &image, LaunchPermission: &types.LaunchPermissionModifications{Add: permissions(with)}})
	must(w.t, err)
}

func permissions(with []string) (all []types.LaunchPermission) {
	for _, a := range with {
		if a == "all" {
			all = append(all, types.LaunchPermission{Group: types.PermissionGroupAll})
			continue
		}
		all = append(all, types.LaunchPermission{UserId: &a})
	}
	return all
}

// shareSnapshot gives accounts permission to create volumes, in the form of
// --operation-type.
func (w *world) shareSnapshot(snapshot string, with ...string) {
	w.t.Helper()
	_, err := w.ec2.ModifySnapshotAttribute(as(account), &sdk.ModifySnapshotAttributeInput{
		SnapshotId: &snapshot, Attribute: types.SnapshotAttributeNameCreateVolumePermission, OperationType: types.OperationTypeAdd, UserIds: with,
	})
	must(w.t, err)
}

// launch starts an instance of an image as an account.
func (w *world) launch(who, image string, mappings ...types.BlockDeviceMapping) error {
	_, err := w.ec2.RunInstances(as(who), &sdk.RunInstancesInput{
		MinCount: new(int32(1)), MaxCount: new(int32(1)), ImageId: &image, InstanceType: types.InstanceTypeM5Large, BlockDeviceMappings: mappings,
	})
	return err
}

// sees tells whether an account can describe an image and a snapshot by id.
func (w *world) sees(account, image, snapshot string) (sawImage, sawSnapshot bool) {
	w.t.Helper()
	_, noImage := w.ec2.DescribeImages(as(account), &sdk.DescribeImagesInput{ImageIds: []string{image}})
	_, noSnapshot := w.ec2.DescribeSnapshots(as(account), &sdk.DescribeSnapshotsInput{SnapshotIds: []string{snapshot}})
	return noImage == nil, noSnapshot == nil
}

// code is an error's code; "" for none.
func code(err error) string {
	var e *wire.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// TestWhoSeesAndLaunches is who can do what with an image of account's and its
// snapshot.
func TestWhoSeesAndLaunches(t *testing.T) {
	t.Parallel()
	type may struct {
		SeeImage, SeeSnapshot bool
		Launch, Named, Volume string // the refusal's code
	}
	const unauthorized, hidden = "AuthFailure", "InvalidSnapshot.NotFound"
	owner := may{SeeImage: true, SeeSnapshot: true}
	nothing := may{Launch: unauthorized, Named: unauthorized, Volume: hidden}
	imageOnly := may{SeeImage: true, Named: hidden, Volume: hidden}
	for name, tc := range map[string]struct {
		with, snapshotWith []string
		then               func(w *world, image string)
		owner, other       may
	}{
		"private":             {owner: owner, other: nothing},
		"the image":           {with: []string{other}, owner: owner, other: imageOnly},
		"with a third":        {with: []string{third}, snapshotWith: []string{third}, owner: owner, other: nothing},
		"public":              {with: []string{"all"}, owner: owner, other: imageOnly},
		"image and snapshot":  {with: []string{other}, snapshotWith: []string{other}, owner: owner, other: owner},
		"the snapshot":        {snapshotWith: []string{other}, owner: owner, other: may{SeeSnapshot: true, Launch: unauthorized, Named: unauthorized}},
		"taken back":          {with: []string{other}, then: (*world).unshare, owner: owner, other: nothing},
		"reset":               {with: []string{other, "all"}, then: (*world).reset, owner: owner, other: nothing},
		"disabled":            {with: []string{other}, then: (*world).disable, owner: may{SeeImage: true, SeeSnapshot: true, Launch: "InvalidAMIID.Unavailable", Named: "InvalidAMIID.Unavailable"}, other: nothing},
		"disabled, enabled":   {with: []string{other}, then: (*world).toggle, owner: owner, other: nothing},
		"deregistered":        {with: []string{other}, then: (*world).deregister, owner: may{SeeSnapshot: true, Launch: "InvalidAMIID.NotFound", Named: "InvalidAMIID.NotFound"}, other: may{Launch: "InvalidAMIID.NotFound", Named: "InvalidAMIID.NotFound", Volume: hidden}},
		"deprecated long ago": {with: []string{other}, then: (*world).deprecate, owner: owner, other: imageOnly},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			snapshot, beside := w.snapshot(""), w.snapshot("")
			image := w.image(snapshot)
			if tc.with != nil {
				w.share(image, tc.with...)
			}
			if tc.snapshotWith != nil {
				w.shareSnapshot(snapshot, tc.snapshotWith...)
				w.shareSnapshot(beside, tc.snapshotWith...)
			}
			if tc.then != nil {
				tc.then(w, image)
			}
			mapped := func(snapshot string) types.BlockDeviceMapping {
				return types.BlockDeviceMapping{DeviceName: new("/dev/xvda"), Ebs: &types.EbsBlockDevice{SnapshotId: &snapshot}}
			}
			for who, want := range map[string]may{account: tc.owner, other: tc.other} {
				var got may
				got.SeeImage, got.SeeSnapshot = w.sees(who, image, snapshot)
				got.Launch, got.Named = code(w.launch(who, image)), code(w.launch(who, image, mapped(beside)))
				if resent := code(w.launch(who, image, mapped(snapshot))); resent != got.Launch {
					t.Errorf("%s may launch with the image's own snapshot sent again: %q, without: %q", who, resent, got.Launch)
				}
				_, err := w.ec2.CreateVolume(as(who), &sdk.CreateVolumeInput{AvailabilityZone: new(region + "a"), SnapshotId: &snapshot})
				got.Volume = code(err)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s may (-want +got):\n%s", who, diff)
				}
			}
		})
	}
}

func (w *world) unshare(image string) {
	_, err := w.ec2.ModifyImageAttribute(as(account), &sdk.ModifyImageAttributeInput{ImageId: &image, Attribute: new("launchPermission"), OperationType: types.OperationTypeRemove, UserIds: []string{other}})
	must(w.t, err)
}

func (w *world) reset(image string) {
	_, err := w.ec2.ResetImageAttribute(as(account), &sdk.ResetImageAttributeInput{ImageId: &image, Attribute: types.ResetImageAttributeNameLaunchPermission})
	must(w.t, err)
}

func (w *world) disable(image string) {
	_, err := w.ec2.DisableImage(as(account), &sdk.DisableImageInput{ImageId: &image})
	must(w.t, err)
}

func (w *world) toggle(image string) {
	w.disable(image)
	_, err := w.ec2.EnableImage(as(account), &sdk.EnableImageInput{ImageId: &image})
	must(w.t, err)
}

func (w *world) deregister(image string) {
	_, err := w.ec2.DeregisterImage(as(account), &sdk.DeregisterImageInput{ImageId: &image})
	must(w.t, err)
}

func (w *world) deprecate(image string) {
	_, err := w.ec2.EnableImageDeprecation(as(account), &sdk.EnableImageDeprecationInput{ImageId: &image, DeprecateAt: new(w.clock.Now().Add(-time.Hour))})
	must(w.t, err)
}

// TestKeysOfASharedImage is the other half of AWS's table of encryption outcomes:
// a snapshot of another account's lands on the default key, and needs its own
// besides, whether it can be seen or not.
func TestKeysOfASharedImage(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		source    string
		mapping   *types.EbsBlockDevice
		byDefault bool
		chosen    string
		want      []string
	}{
		"plain":                           {},
		"plain, by default":               {byDefault: true, chosen: "D", want: fromPlain("D")},
		"plain, key":                      {mapping: &types.EbsBlockDevice{Encrypted: new(true), KmsKeyId: new("K")}, want: fromPlain("K")},
		"encrypted":                       {source: "S", chosen: "D", want: across("S", "D")},
		"encrypted, no default chosen":    {source: "S", want: across("S", "aws-managed")},
		"encrypted, by default":           {source: "S", byDefault: true, chosen: "D", want: across("S", "D")},
		"encrypted, Encrypted":            {source: "S", mapping: &types.EbsBlockDevice{Encrypted: new(true)}, chosen: "D", want: across("S", "D")},
		"encrypted, key":                  {source: "S", mapping: &types.EbsBlockDevice{Encrypted: new(true), KmsKeyId: new("K")}, chosen: "D", want: across("S", "K")},
		"encrypted, the source's own key": {source: "S", mapping: &types.EbsBlockDevice{Encrypted: new(true), KmsKeyId: new(keys + "S")}, chosen: "D", want: own("S")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			image := w.image(w.snapshot(tc.source))
			w.share(image, other)
			if tc.byDefault {
				_, err := w.ec2.EnableEbsEncryptionByDefault(as(other), nil)
				must(t, err)
			}
			if tc.chosen != "" {
				_, err := w.ec2.ModifyEbsDefaultKmsKeyId(as(other), &sdk.ModifyEbsDefaultKmsKeyIdInput{KmsKeyId: new(keys + tc.chosen)})
				must(t, err)
			}
			var mappings []types.BlockDeviceMapping
			if tc.mapping != nil {
				mappings = append(mappings, types.BlockDeviceMapping{DeviceName: new("/dev/xvda"), Ebs: tc.mapping})
			}
			must(t, w.launch(other, image, mappings...))
			w.clock.Advance(5 * time.Second)
			if diff := cmp.Diff(tc.want, w.asked); diff != "" {
				t.Errorf("asked of KMS (-want +got):\n%s", diff)
			}
			w.wantStates("pending", "running")
		})
	}
}

// TestRefusedImages holds the texts of images that can't be launched.
func TestRefusedImages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	image := w.image(w.snapshot(""))
	wantError(t, w.launch(other, image), "AuthFailure", "Not authorized for images: ["+image+"]")
	w.disable(image)
	wantError(t, w.launch(account, image), "InvalidAMIID.Unavailable", "AMI '"+image+"' is disabled, and cannot be run.")
	_, err := w.ec2.ModifyImageAttribute(as(account), &sdk.ModifyImageAttributeInput{ImageId: &image, OperationType: types.OperationTypeAdd, UserIds: []string{other}})
	wantError(t, err, "InvalidAMIID.Unavailable", "The AMI ID '"+image+"' is currently disabled and may not be used for this operation")
	w.deregister(image)
	wantError(t, w.launch(account, image), "InvalidAMIID.NotFound", "The image id '["+image+"]' does not exist")
	_, err = w.ec2.DeregisterImage(as(account), &sdk.DeregisterImageInput{ImageId: &image})
	wantError(t, err, "InvalidAMIID.Unavailable", "The image ID '"+image+"' is no longer available")
	_, err = w.ec2.DisableImage(as(account), &sdk.DisableImageInput{ImageId: new("ami-0000000000000000a")})
	wantError(t, err, "InvalidAMIID.NotFound", "The image id '[ami-0000000000000000a]' does not exist")
	var states []string
	for _, e := range w.images {
		d := object(t, e.Detail)
		states = append(states, d["State"].(string))
		if d["ImageId"] != image || d["ErrorMessage"] != "" || e.Resources[0] != "arn:aws:ec2:eu-west-1::image/"+image {
			t.Errorf("event %v about %v", d, e.Resources)
		}
	}
	if diff := cmp.Diff([]string{"available", "disabled", "deregistered"}, states); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
