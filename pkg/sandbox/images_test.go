package sandbox_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

const (
	golden = "444455556666"
	remote = "us-east-1"
)

// client returns an EC2 client of whoever an access key is, in a Region.
func (w *world) client(key aws.CredentialsProvider, region string) *ec2.Client {
	cfg := w.cfg
	cfg.Credentials, cfg.Region = key, region
	return ec2.NewFromConfig(cfg)
}

func admin(account string) aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(account, "any", "")
}

// shared makes an image of the golden account's, shared with its snapshot.
func (w *world) shared(name string) string {
	w.t.Helper()
	ctx, ec := w.t.Context(), w.client(admin(golden), region)
	volume, err := ec.CreateVolume(ctx, &ec2.CreateVolumeInput{AvailabilityZone: new(region + "a"), Size: new(int32(8))})
	must(w.t, err)
	snapshot, err := ec.CreateSnapshot(ctx, &ec2.CreateSnapshotInput{VolumeId: volume.VolumeId})
	must(w.t, err)
	w.box.Advance(time.Minute)
	image, err := ec.RegisterImage(ctx, &ec2.RegisterImageInput{Name: &name, RootDeviceName: new("/dev/xvda"),
		BlockDeviceMappings: []ec2types.BlockDeviceMapping{{DeviceName: new("/dev/xvda"), Ebs: &ec2types.EbsBlockDevice{SnapshotId: snapshot.SnapshotId}}}})
	must(w.t, err)
	_, err = ec.ModifySnapshotAttribute(ctx, &ec2.ModifySnapshotAttributeInput{SnapshotId: snapshot.SnapshotId,
		CreateVolumePermission: &ec2types.CreateVolumePermissionModifications{Add: []ec2types.CreateVolumePermission{{UserId: new(account)}}}})
	must(w.t, err)
	_, err = ec.ModifyImageAttribute(ctx, &ec2.ModifyImageAttributeInput{ImageId: image.ImageId,
		LaunchPermission: &ec2types.LaunchPermissionModifications{Add: []ec2types.LaunchPermission{{UserId: new(account)}}}})
	must(w.t, err)
	return *image.ImageId
}

// role makes a role with a policy and returns its session's credentials.
func (w *world) role(name, policy string) aws.CredentialsProvider {
	w.t.Helper()
	ctx, c := w.t.Context(), iam.NewFromConfig(w.cfg)
	role, err := c.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name,
		AssumeRolePolicyDocument: new(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"sts:AssumeRole"}]}`)})
	must(w.t, err)
	_, err = c.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &name, PolicyName: new("p"),
		PolicyDocument: new(`{"Version":"2012-10-17","Statement":` + policy + `}`)})
	must(w.t, err)
	out, err := sts.NewFromConfig(w.cfg).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: role.Role.Arn, RoleSessionName: new("test")})
	must(w.t, err)
	return credentials.NewStaticCredentialsProvider(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
}

// A role copies a shared image into another Region where its policies let it
// read the source, make the copy and tag it; an image of AWS Marketplace, nobody.
func TestARoleCopiesASharedImage(t *testing.T) {
	t.Parallel()
	const (
		source = `{"Effect":"Allow","Action":"ec2:CopyImage","Resource":"arn:aws:ec2:eu-west-1::image/*"}`
		target = `{"Effect":"Allow","Action":"ec2:CopyImage","Resource":"arn:aws:ec2:us-east-1::image/*","Condition":{"StringEquals":{"aws:RequestTag/keymend":"copy"}}}`
		parts  = `{"Effect":"Allow","Action":"ec2:CopyImage","Resource":"arn:aws:ec2:us-east-1::snapshot/*"}`
		tags   = `{"Effect":"Allow","Action":"ec2:CreateTags","Resource":"arn:aws:ec2:us-east-1::image/*","Condition":{"StringEquals":{"ec2:CreateAction":"CopyImage"}}}`
	)
	w := newWorld(t, nil)
	image, paid := w.shared("base"), w.shared("paid")
	must(t, w.box.MarkMarketplace(golden, region, paid))
	got := map[string]string{}
	for name, tc := range map[string]struct{ policy, image string }{
		"all":           {"[" + source + "," + target + "," + parts + "," + tags + "]", image},
		"no-source":     {"[" + target + "," + parts + "," + tags + "]", image},
		"no-target":     {"[" + source + "," + parts + "," + tags + "]", image},
		"no-parts":      {"[" + source + "," + target + "," + tags + "]", image},
		"no-tags":       {"[" + source + "," + target + "," + parts + "]", image},
		"a-marketplace": {"[" + source + "," + target + "," + parts + "," + tags + "]", paid},
	} {
		_, err := w.client(w.role(name, tc.policy), remote).CopyImage(t.Context(), &ec2.CopyImageInput{
			Name: &name, SourceImageId: &tc.image, SourceRegion: new(region), ClientToken: &name,
			TagSpecifications: []ec2types.TagSpecification{{ResourceType: ec2types.ResourceTypeImage, Tags: []ec2types.Tag{{Key: new("keymend"), Value: new("copy")}}}}})
		var e smithy.APIError
		if errors.As(err, &e) {
			got[name] = e.ErrorCode()
		}
	}
	want := map[string]string{"no-source": "UnauthorizedOperation", "no-target": "UnauthorizedOperation", "no-parts": "UnauthorizedOperation", "no-tags": "UnauthorizedOperation", "a-marketplace": "InvalidRequest"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
	w.box.Advance(time.Minute)
	out, err := w.client(admin(account), remote).DescribeImages(t.Context(), &ec2.DescribeImagesInput{Owners: []string{"self"}})
	must(t, err)
	if len(out.Images) != 1 || out.Images[0].State != ec2types.ImageStateAvailable || *out.Images[0].SourceImageId != image {
		t.Errorf("copies %+v", out.Images)
	}
}
