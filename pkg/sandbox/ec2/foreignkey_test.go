package ec2_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"

	"keymend/pkg/sandbox/clock"
	"keymend/pkg/sandbox/ec2"
	"keymend/pkg/sandbox/iam"
	"keymend/pkg/sandbox/kms"
	"keymend/pkg/sandbox/wire"
)

// in is an account's administrator in a Region.
func in(account, region string) context.Context {
	return wire.WithCaller(context.Background(), &wire.Caller{Account: account, Region: region, ARN: "arn:aws:iam::" + account + ":user/admin", Admin: true})
}

// newRealWorld is EC2 with the sandbox's KMS. The world sees only its events.
func newRealWorld(t *testing.T) (*world, *kms.Service) {
	t.Helper()
	c := clock.New(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	accounts := iam.New(c)
	for _, a := range []string{account, other} {
		_, err := accounts.Authenticate(a, "", region) // using it makes it
		must(t, err)
	}
	k := kms.New(c, accounts, nil)
	w := &world{t: t, clock: c, params: map[string]string{}}
	w.ec2 = ec2.New(c, k, w, w)
	return w, k
}

// key makes a key with an alias, and lets accounts use it.
func key(t *testing.T, k *kms.Service, account, region, alias string, users ...string) string {
	t.Helper()
	statements := fmt.Sprintf(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"kms:*","Resource":"*"}`, account)
	for _, u := range users {
		statements += fmt.Sprintf(`,{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":["kms:Decrypt","kms:DescribeKey","kms:ReEncrypt*","kms:GenerateDataKey*","kms:CreateGrant"],"Resource":"*"}`, u)
	}
	out, err := k.CreateKey(in(account, region), &awskms.CreateKeyInput{Policy: new(`{"Version":"2012-10-17","Statement":[` + statements + `]}`)})
	must(t, err)
	_, err = k.CreateAlias(in(account, region), &awskms.CreateAliasInput{AliasName: &alias, TargetKeyId: out.KeyMetadata.KeyId})
	must(t, err)
	return *out.KeyMetadata.Arn
}

// TestKeysOfOthers: a key that a launch names in another Region or account is
// taken at first, and only found wanting when KMS is asked.
func TestKeysOfOthers(t *testing.T) {
	t.Parallel()
	w, k := newRealWorld(t)
	shared := key(t, k, other, region, "alias/shared", account)
	private := key(t, k, other, region, "alias/private")
	distant := key(t, k, account, "us-east-1", "alias/distant")
	for name, tc := range map[string]struct {
		key string
		ok  bool
	}{
		"another account's, shared":              {shared, true},
		"another account's alias, shared":        {"arn:aws:kms:" + region + ":" + other + ":alias/shared", true},
		"another account's":                      {private, false},
		"another account's alias":                {"arn:aws:kms:" + region + ":" + other + ":alias/private", false},
		"another account's, by an alias of ours": {"alias/shared", false},
		"another Region's":                       {distant, false},
		"another Region's alias":                 {"arn:aws:kms:us-east-1:" + account + ":alias/distant", false},
		"another Region's, by its name":          {"alias/distant", false},
		"AWS's own":                              {"alias/aws/ebs", true},
		"AWS's own of another account":           {k.EnsureAWSManaged(other, region), false},
		"AWS's own of another account, alias":    {"arn:aws:kms:" + region + ":" + other + ":alias/aws/ebs", false},
		"no key at all":                          {"alias/nowhere", false},
	} {
		out, err := w.ec2.RunInstances(as(account), &sdk.RunInstancesInput{
			MinCount: new(int32(1)), MaxCount: new(int32(1)), ImageId: new(w.image(w.snapshot(""))),
			BlockDeviceMappings: []types.BlockDeviceMapping{{DeviceName: new("/dev/xvda"), Ebs: &types.EbsBlockDevice{Encrypted: new(true), KmsKeyId: &tc.key}}},
		})
		must(t, err)
		w.clock.Advance(10 * time.Second)
		i := w.instance(*out.Instances[0].InstanceId)
		if running := i.State.Name == types.InstanceStateNameRunning; running != tc.ok {
			t.Errorf("%s: %s", name, i.State.Name)
		}
		if !tc.ok && *i.StateReason.Code != "Client.InvalidKMSKey.InvalidState" {
			t.Errorf("%s: %s", name, *i.StateReason.Code)
		}
	}
}

// TestSharedImageNeedsBothKeys: the key of the snapshot's owner is asked with the
// launcher's identity, though the launcher can't see the snapshot.
func TestSharedImageNeedsBothKeys(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		users []string
		state types.InstanceStateName
	}{
		"key shared":     {[]string{other}, types.InstanceStateNameRunning},
		"key not shared": {nil, types.InstanceStateNameTerminated},
	} {
		w, k := newRealWorld(t)
		image := w.image(w.snapshot(key(t, k, account, region, "alias/golden", tc.users...)))
		w.share(image, other)
		out, err := w.ec2.RunInstances(as(other), &sdk.RunInstancesInput{MinCount: new(int32(1)), MaxCount: new(int32(1)), ImageId: &image})
		must(t, err)
		w.clock.Advance(10 * time.Second)
		got, err := w.ec2.DescribeInstances(as(other), &sdk.DescribeInstancesInput{InstanceIds: []string{*out.Instances[0].InstanceId}})
		must(t, err)
		if s := got.Reservations[0].Instances[0].State.Name; s != tc.state {
			t.Errorf("%s: %s, want %s", name, s, tc.state)
		}
	}
}
