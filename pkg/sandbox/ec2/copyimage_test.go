package ec2_test

import (
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/sandbox/wire"
)

func tags(kind types.ResourceType, pairs ...string) types.TagSpecification {
	spec := types.TagSpecification{ResourceType: kind}
	for i := 0; i < len(pairs); i += 2 {
		spec.Tags = append(spec.Tags, types.Tag{Key: &pairs[i], Value: &pairs[i+1]})
	}
	return spec
}

func texts(tags []types.Tag) (all []string) {
	for _, t := range tags {
		all = append(all, *t.Key+"="+*t.Value)
	}
	return all
}

// TestCopyImage holds what a copy takes over, what it doesn't, and how it can be
// found again.
func TestCopyImage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	image := w.image(w.completed("S"))
	_, err := w.ec2.CreateTags(as(account), &sdk.CreateTagsInput{Resources: []string{image}, Tags: []types.Tag{{Key: new("team"), Value: new("a")}, {Key: new("aws:x"), Value: new("b")}}})
	must(t, err)
	w.share(image, other)
	request := &sdk.CopyImageInput{
		SourceRegion: new(region), SourceImageId: &image, Name: new("of the web [1]"), Description: new("a copy"), CopyImageTags: new(true),
		TagSpecifications: []types.TagSpecification{tags(types.ResourceTypeImage, "keymend", "copy"), tags(types.ResourceTypeSnapshot, "keymend", "part")},
	}
	out, err := w.ec2.CopyImage(in(account, distant), request)
	must(t, err)
	wantError(t, w.runIn(distant, *out.ImageId), "InvalidAMIID.Unavailable", "AMI "+*out.ImageId+" is pending, and cannot be run.")
	w.clock.Advance(time.Minute)
	must(t, w.runIn(distant, *out.ImageId))
	found, err := w.ec2.DescribeImages(in(account, distant), &sdk.DescribeImagesInput{Owners: []string{"self"}, Filters: []types.Filter{
		{Name: new("source-image-id"), Values: []string{image}}, {Name: new("tag:keymend"), Values: []string{"copy"}}}})
	must(t, err)
	img := found.Images[0]
	if img.State != types.ImageStateAvailable || *img.SourceImageId != image || *img.SourceImageRegion != region || *img.Public || *img.RootDeviceName != "/dev/xvda" || *img.Description != "a copy" {
		t.Errorf("copy %+v", img)
	}
	if diff := cmp.Diff([]string{"team=a", "keymend=copy"}, texts(img.Tags)); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	snap := w.described(account, distant, *img.BlockDeviceMappings[0].Ebs.SnapshotId)
	if diff := cmp.Diff([]string{"keymend=part"}, texts(snap.Tags)); diff != "" || !strings.HasPrefix(*snap.Description, "Copied for DestinationAmi "+*img.ImageId+" from SourceAmi "+image) {
		t.Errorf("snapshot %q, tags (-want +got):\n%s", *snap.Description, diff)
	}
	_, err = w.ec2.DescribeImages(in(other, distant), &sdk.DescribeImagesInput{ImageIds: []string{*img.ImageId}})
	wantError(t, err, "InvalidAMIID.NotFound", "The image id '["+*img.ImageId+"]' does not exist")
	last := w.images[len(w.images)-1]
	if d := object(t, last.Detail); d["State"] != "available" || d["ErrorMessage"] != "" || last.Resources[0] != "arn:aws:ec2:us-east-1::image/"+*img.ImageId {
		t.Errorf("event %v about %v", d, last.Resources)
	}
}

func (w *world) runIn(region, image string) error {
	_, err := w.ec2.RunInstances(in(account, region), &sdk.RunInstancesInput{MinCount: new(int32(1)), MaxCount: new(int32(1)), ImageId: &image})
	return err
}

// TestUncopiable holds what CopyImage and CopySnapshot refuse at once.
func TestUncopiable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	plain, encrypted, pending := w.completed(""), w.completed("S"), w.snapshot("")
	image, paid := w.image(encrypted), w.image(plain)
	w.shareSnapshot(plain, other)
	w.share(paid, other)
	must(t, w.ec2.MarkMarketplace(account, region, paid))
	request := func(change func(*sdk.CopyImageInput)) *sdk.CopyImageInput {
		r := &sdk.CopyImageInput{SourceRegion: new(region), SourceImageId: &image, Name: new("copy")}
		change(r)
		return r
	}
	refused := func(who, code, text string, change func(*sdk.CopyImageInput)) {
		t.Helper()
		_, err := w.ec2.CopyImage(as(who), request(change))
		wantError(t, err, code, text)
	}
	refused(other, "InvalidAMIID.NotFound", "The image id '["+image+"]' does not exist", func(*sdk.CopyImageInput) {})
	refused(account, "InvalidAMIID.NotFound", "The image id '["+image+"]' does not exist", func(r *sdk.CopyImageInput) { r.SourceRegion = new(distant) })
	refused(other, "InvalidRequest", "Images from AWS Marketplace cannot be copied to another AWS account", func(r *sdk.CopyImageInput) { r.SourceImageId = &paid })
	w.share(image, other)
	refused(other, "InvalidRequest", "You do not have permission to access the storage of this ami", func(*sdk.CopyImageInput) {})
	refused(account, "InvalidParameterDependency", "The parameter KmsKeyId requires the parameter Encrypted to be set.", func(r *sdk.CopyImageInput) { r.KmsKeyId = new("K") })
	refused(account, "InvalidRequest", "Snapshot "+encrypted+" is encrypted. Creating an unencrypted copy from an encrypted snapshot is not supported.", func(r *sdk.CopyImageInput) { r.Encrypted = new(false) })
	refused(account, "InvalidAMIName.Duplicate", "AMI name of "+plain+" is already in use by AMI "+paid, func(r *sdk.CopyImageInput) { r.Name = new("of " + plain) })
	refused(account, "InvalidAMIName.Malformed", "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, '(', ')', '.', '-', '/' and '_'", func(r *sdk.CopyImageInput) { r.Name = new("a, b") })
	refused(account, "InvalidParameterValue", "'volume' is not a valid taggable resource type for this operation.", func(r *sdk.CopyImageInput) {
		r.TagSpecifications = []types.TagSpecification{tags(types.ResourceTypeVolume, "a", "b")}
	})
	w.disable(image)
	refused(account, "InvalidAMIID.Unavailable", "The AMI ID '"+image+"' is currently disabled and may not be used for this operation", func(*sdk.CopyImageInput) {})
	_, err := w.ec2.CopyImage(as(account), request(func(r *sdk.CopyImageInput) { r.SourceImageId = &paid }))
	must(t, err) // its owner may
	_, err = w.ec2.CopySnapshot(as(account), &sdk.CopySnapshotInput{SourceRegion: new(region), SourceSnapshotId: &encrypted, KmsKeyId: new("K")})
	wantError(t, err, "InvalidParameterDependency", "The parameter KmsKeyId requires the parameter Encrypted to be set.")
	_, err = w.ec2.CopySnapshot(as(account), &sdk.CopySnapshotInput{SourceRegion: new(region), SourceSnapshotId: &pending})
	wantError(t, err, "IncorrectState", "Snapshot '"+pending+"' is not in the completed state.")
	wantError(t, w.ec2.MarkMarketplace(other, region, paid), "AuthFailure", "Not authorized for image:"+paid)
}

// TestCopyImageTwice: a client token makes one image, however often it is sent.
func TestCopyImageTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	image := w.image(w.completed(""))
	request := func(name string, token *string) *sdk.CopyImageInput {
		return &sdk.CopyImageInput{SourceRegion: new(region), SourceImageId: &image, Name: &name, ClientToken: token}
	}
	one, err := w.ec2.CopyImage(as(account), request("copy", new("t")))
	must(t, err)
	again, err := w.ec2.CopyImage(as(account), request("copy", new("t")))
	must(t, err)
	if *again.ImageId != *one.ImageId {
		t.Errorf("%s, then %s", *one.ImageId, *again.ImageId)
	}
	_, err = w.ec2.CopyImage(as(account), request("another", new("t")))
	wantError(t, err, "IdempotentParameterMismatch", "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).")
	_, err = w.ec2.CopyImage(as(account), request("copy", nil))
	wantError(t, err, "InvalidAMIName.Duplicate", "AMI name copy is already in use by AMI "+*one.ImageId)
	w.deregister(*one.ImageId)
	w.clock.Advance(time.Minute)
	if d := object(t, w.images[len(w.images)-1].Detail); d["State"] != "deregistered" {
		t.Errorf("a copy that was deregistered ended as %v", d)
	}
}

// TestNeedsOfCopies holds which permissions a copy is checked for.
func TestNeedsOfCopies(t *testing.T) {
	t.Parallel()
	const source, images, snapshots = "arn:aws:ec2:us-east-1::", "arn:aws:ec2:eu-west-1::image/*", "arn:aws:ec2:eu-west-1::snapshot/*"
	tagged := func(create string) map[string][]string {
		c := map[string][]string{"aws:RequestTag/keymend": {"copy"}, "aws:TagKeys": {"keymend"}}
		if create != "" {
			c["ec2:CreateAction"] = []string{create}
		}
		return c
	}
	for name, tc := range map[string]struct {
		in   any
		want []wire.Check
	}{
		"CopyImage": {
			&sdk.CopyImageInput{SourceRegion: new(distant), SourceImageId: new("ami-1"), TagSpecifications: []types.TagSpecification{
				tags(types.ResourceTypeImage, "keymend", "copy"), tags(types.ResourceTypeSnapshot, "keymend", "copy")}},
			[]wire.Check{
				{Action: "ec2:CopyImage", Resource: source + "image/ami-1"},
				{Action: "ec2:CopyImage", Resource: images, Context: tagged("")},
				{Action: "ec2:CreateTags", Resource: images, Context: tagged("CopyImage")},
				{Action: "ec2:CreateTags", Resource: snapshots, Context: tagged("CopyImage")},
				{Action: "ec2:CopyImage", Resource: snapshots, Context: tagged("")},
			},
		},
		"CopySnapshot": {
			&sdk.CopySnapshotInput{SourceRegion: new(distant), SourceSnapshotId: new("snap-1")},
			[]wire.Check{
				{Action: "ec2:CopySnapshot", Resource: source + "snapshot/snap-1"},
				{Action: "ec2:CopySnapshot", Resource: snapshots, Context: map[string][]string{}},
			},
		},
	} {
		for _, op := range newWorld(t).ec2.Wire().Operations {
			if op.Name != name {
				continue
			}
			if diff := cmp.Diff(tc.want, op.Needs(as(account), tc.in)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
}

// TestNeedsOfRemoving: what is taken away is checked with its tags.
func TestNeedsOfRemoving(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	snapshot := w.completed("")
	image := w.image(snapshot)
	_, err := w.ec2.CreateTags(as(account), &sdk.CreateTagsInput{Resources: []string{image, snapshot}, Tags: []types.Tag{{Key: new("keymend"), Value: new("copy")}}})
	must(t, err)
	of := map[string][]string{"aws:ResourceTag/keymend": {"copy"}}
	for name, tc := range map[string]struct {
		in   any
		want string
	}{
		"DeregisterImage": {&sdk.DeregisterImageInput{ImageId: &image}, "arn:aws:ec2:eu-west-1::image/" + image},
		"DeleteSnapshot":  {&sdk.DeleteSnapshotInput{SnapshotId: &snapshot}, "arn:aws:ec2:eu-west-1::snapshot/" + snapshot},
	} {
		for _, op := range w.ec2.Wire().Operations {
			if op.Name != name {
				continue
			}
			if diff := cmp.Diff([]wire.Check{{Action: "ec2:" + name, Resource: tc.want, Context: of}}, op.Needs(as(account), tc.in)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
}
