package agreement_test

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/sandbox"
	"keymend/pkg/sandbox/sandboxtest"
)

const (
	ours   = "111122223333" // the group's account
	theirs = "444455556666" // who shares images and snapshots with it
	region = "eu-west-1"
	role   = "arn:aws:iam::" + ours + ":role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
)

// A world is a sandbox in which every key is open to the group's role.
type world struct {
	ctx  context.Context
	box  *sandbox.Sandbox
	cfg  aws.Config // of the group's account
	asg  *autoscaling.Client
	ec2  map[string]*ec2.Client // by account
	kms  map[string]*kms.Client
	keys map[string][]string // key ARNs, by account
}

// newWorld makes a sandbox with two keys in each account.
func newWorld(t sandboxtest.T, ctx context.Context, client *http.Client) *world {
	t.Helper()
	box, url := sandboxtest.Start(t)
	w := &world{ctx: ctx, box: box, ec2: map[string]*ec2.Client{}, kms: map[string]*kms.Client{}, keys: map[string][]string{}}
	for _, account := range []string{theirs, ours} {
		w.cfg = aws.Config{Region: region, HTTPClient: client, BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider(account, "any", "")}
		w.ec2[account], w.kms[account] = ec2.NewFromConfig(w.cfg), kms.NewFromConfig(w.cfg)
		_, err := w.kms[account].ListKeys(ctx, &kms.ListKeysInput{}) // an account is there once it is used
		must(t, err)
	}
	w.asg = autoscaling.NewFromConfig(w.cfg)
	_, err := iam.NewFromConfig(w.cfg).CreateServiceLinkedRole(w.ctx, &iam.CreateServiceLinkedRoleInput{AWSServiceName: new("autoscaling.amazonaws.com")})
	must(t, err)
	w.box.Advance(time.Minute) // until KMS knows the role
	for _, account := range []string{ours, theirs} {
		for range 2 {
			w.openKey(t, account)
		}
	}
	return w
}

// openKey makes a key that either account may use, and the role, too: of another
// account by a grant.
func (w *world) openKey(t sandboxtest.T, account string) {
	t.Helper()
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::` + ours + `:root","arn:aws:iam::` + theirs + `:root"]},"Action":"kms:*","Resource":"*"}]}`
	out, err := w.kms[account].CreateKey(w.ctx, &kms.CreateKeyInput{Policy: &policy})
	must(t, err)
	key := *out.KeyMetadata.Arn
	_, err = w.kms[account].CreateAlias(w.ctx, &kms.CreateAliasInput{AliasName: new("alias/key-" + key[len(key)-12:]), TargetKeyId: &key})
	must(t, err)
	_, err = w.kms[ours].CreateGrant(w.ctx, &kms.CreateGrantInput{KeyId: &key, GranteePrincipal: new(role), Operations: []kmstypes.GrantOperation{
		"CreateGrant", "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo",
	}})
	must(t, err)
	w.keys[account] = append(w.keys[account], key)
}

// snapshot makes a completed snapshot of an account, encrypted under key unless
// that is "".
func (w *world) snapshot(t sandboxtest.T, account, key string) string {
	t.Helper()
	in := &ec2.CreateVolumeInput{AvailabilityZone: new(region + "a"), Size: new(int32(8))}
	if key != "" {
		in.Encrypted, in.KmsKeyId = new(true), &key
	}
	volume, err := w.ec2[account].CreateVolume(w.ctx, in)
	must(t, err)
	out, err := w.ec2[account].CreateSnapshot(w.ctx, &ec2.CreateSnapshotInput{VolumeId: volume.VolumeId})
	must(t, err)
	return *out.SnapshotId
}

// image registers an image of an account, and shares it with the group's.
func (w *world) image(t sandboxtest.T, account string, mappings []ec2types.BlockDeviceMapping) string {
	t.Helper()
	w.box.Advance(2 * time.Minute) // until the snapshots are completed
	name := "image-" + *mappings[0].Ebs.SnapshotId
	out, err := w.ec2[account].RegisterImage(w.ctx, &ec2.RegisterImageInput{Name: &name, RootDeviceName: mappings[0].DeviceName, BlockDeviceMappings: mappings})
	must(t, err)
	if account != ours {
		_, err = w.ec2[account].ModifyImageAttribute(w.ctx, &ec2.ModifyImageAttributeInput{ImageId: out.ImageId,
			LaunchPermission: &ec2types.LaunchPermissionModifications{Add: []ec2types.LaunchPermission{{UserId: new(ours)}}}})
		must(t, err)
	}
	return *out.ImageId
}

// share lets the group's account see a snapshot.
func (w *world) share(t sandboxtest.T, snapshot string) {
	t.Helper()
	_, err := w.ec2[theirs].ModifySnapshotAttribute(w.ctx, &ec2.ModifySnapshotAttributeInput{SnapshotId: &snapshot,
		CreateVolumePermission: &ec2types.CreateVolumePermissionModifications{Add: []ec2types.CreateVolumePermission{{UserId: new(ours)}}}})
	must(t, err)
}

// asked returns what KMS was asked for as the role since a call, by the ARN of the
// customer managed key. No question may have been refused.
func (w *world) asked(t sandboxtest.T, since int) map[string][]string {
	t.Helper()
	keys := map[string][]string{}
	for _, c := range w.box.Calls()[since:] {
		if c.Service != "kms" || !strings.Contains(c.Caller, ":assumed-role/AWSServiceRoleForAutoScaling/") {
			continue
		}
		if c.Error != "" || len(c.Resources) != 1 {
			t.Fatalf("the role was refused, or for no key: %+v", c)
		}
		if key, managed := w.resolve(t, c.Resources[0]); !managed {
			keys[key] = append(keys[key], c.Operation)
		}
	}
	return keys
}

// resolve returns the ARN of a key as it is written down, and whether AWS
// manages it.
func (w *world) resolve(t sandboxtest.T, key string) (arn string, managed bool) {
	t.Helper()
	if key == "alias/aws/ebs" {
		return key, true
	}
	out, err := w.kms[ours].DescribeKey(w.ctx, &kms.DescribeKeyInput{KeyId: &key})
	must(t, err)
	return *out.KeyMetadata.Arn, out.KeyMetadata.KeyManager == kmstypes.KeyManagerTypeAws
}

func must(t sandboxtest.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
