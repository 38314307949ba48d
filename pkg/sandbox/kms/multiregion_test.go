package kms_test

import (
	"context"
	"strings"
	"testing"
	"time"

	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/sandbox/kms"
	"keymend/pkg/sandbox/wire"
)

const elsewhere = "eu-central-1"

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// at is a caller in another Region.
func at(ctx context.Context, region string) context.Context {
	c := *wire.CallerOf(ctx)
	c.Region = region
	return wire.WithCaller(ctx, &c)
}

// multi makes a multi-Region primary key.
func (f *fixture) multi() *types.KeyMetadata {
	f.t.Helper()
	out, err := f.kms.CreateKey(f.admin(owner), &awskms.CreateKeyInput{MultiRegion: new(true), Tags: []types.Tag{{TagKey: new("team"), TagValue: new("a")}}})
	must(f.t, err)
	return out.KeyMetadata
}

func (f *fixture) replicate(key string, more awskms.ReplicateKeyInput) (*awskms.ReplicateKeyOutput, error) {
	more.KeyId = &key
	if more.ReplicaRegion == nil {
		more.ReplicaRegion = new(elsewhere)
	}
	return f.kms.ReplicateKey(f.admin(owner), &more)
}

// TestReplica holds what primary and replica share, and what they don't.
func TestReplica(t *testing.T) {
	t.Parallel()
	f := set(t)
	primary := f.multi()
	if !strings.HasPrefix(*primary.KeyId, "mrk-") || len(*primary.KeyId) != 36 || primary.MultiRegionConfiguration.MultiRegionKeyType != types.MultiRegionKeyTypePrimary {
		t.Errorf("primary %+v", primary)
	}
	f.slr(owner)
	out, err := f.replicate(*primary.KeyId, awskms.ReplicateKeyInput{Policy: new(policy(root)), Tags: []types.Tag{{TagKey: new("team"), TagValue: new("b")}}})
	must(t, err)
	replica := out.ReplicaKeyMetadata
	if want := strings.Replace(*primary.Arn, region, elsewhere, 1); *replica.Arn != want || replica.KeyState != types.KeyStateCreating || replica.Enabled {
		t.Errorf("replica %s is %s, want %s creating", *replica.Arn, replica.KeyState, want)
	}
	want := &types.MultiRegionConfiguration{
		MultiRegionKeyType: types.MultiRegionKeyTypeReplica,
		PrimaryKey:         &types.MultiRegionKey{Arn: primary.Arn, Region: new(region)},
		ReplicaKeys:        []types.MultiRegionKey{{Arn: replica.Arn, Region: new(elsewhere)}},
	}
	if diff := cmp.Diff(want, replica.MultiRegionConfiguration, cmp.AllowUnexported(types.MultiRegionConfiguration{}, types.MultiRegionKey{})); diff != "" {
		t.Errorf("replica (-want +got):\n%s", diff)
	}
	shown, err := f.kms.DescribeKey(f.admin(owner), &awskms.DescribeKeyInput{KeyId: primary.KeyId})
	must(t, err)
	want.MultiRegionKeyType = types.MultiRegionKeyTypePrimary
	if diff := cmp.Diff(want, shown.KeyMetadata.MultiRegionConfiguration, cmp.AllowUnexported(types.MultiRegionConfiguration{}, types.MultiRegionKey{})); diff != "" {
		t.Errorf("primary (-want +got):\n%s", diff)
	}
	tags, err := f.kms.ListResourceTags(at(f.admin(owner), elsewhere), &awskms.ListResourceTagsInput{KeyId: primary.KeyId})
	must(t, err)
	if *tags.Tags[0].TagValue != "b" {
		t.Errorf("the replica's tag is %s", *tags.Tags[0].TagValue)
	}
	var recorded []string
	for _, c := range f.calls {
		recorded = append(recorded, c.Operation+" in "+c.Caller.Region)
	}
	if diff := cmp.Diff([]string{"CreateKey in " + elsewhere}, recorded); diff != "" {
		t.Errorf("recorded besides (-want +got):\n%s", diff)
	}
}

// TestReplicaState refuses use while it is being created, and then not.
func TestReplicaState(t *testing.T) {
	t.Parallel()
	f := set(t)
	primary := f.multi()
	sealed, err := f.kms.Encrypt(f.admin(owner), &awskms.EncryptInput{KeyId: primary.KeyId, Plaintext: []byte("x")})
	must(t, err)
	_, err = f.replicate(*primary.Arn, awskms.ReplicateKeyInput{})
	must(t, err)
	there := at(f.admin(owner), elsewhere)
	arn := strings.Replace(*primary.Arn, region, elsewhere, 1)
	_, err = f.kms.Use(wire.CallerOf(there), arn, "CreateGrant", kms.Use{Grantee: "arn:aws:iam::" + owner + ":root", GrantOperations: []string{"Decrypt"}})
	f.wantCode(err, "KMSInvalidStateException", arn+" is creating.")
	_, err = f.kms.GetKeyPolicy(there, &awskms.GetKeyPolicyInput{KeyId: &arn})
	must(t, err)
	f.clock.Advance(5 * time.Second)
	opened, err := f.kms.Decrypt(there, &awskms.DecryptInput{CiphertextBlob: sealed.CiphertextBlob})
	must(t, err)
	if string(opened.Plaintext) != "x" || *opened.KeyId != arn {
		t.Errorf("%s under %s", opened.Plaintext, *opened.KeyId)
	}
}

// TestGrantsAreRegional: neither a policy nor a grant of one reaches the other.
func TestGrantsAreRegional(t *testing.T) {
	t.Parallel()
	f := set(t)
	primary := f.multi()
	_, err := f.replicate(*primary.Arn, awskms.ReplicateKeyInput{})
	must(t, err)
	f.clock.Advance(5 * time.Second)
	slr := f.slr(owner)
	_, err = f.kms.CreateGrant(f.admin(owner), &awskms.CreateGrantInput{KeyId: primary.KeyId, GranteePrincipal: &slr.Role, Operations: []types.GrantOperation{types.GrantOperationDecrypt}})
	must(t, err)
	if _, err := f.kms.Use(slr, *primary.Arn, "Decrypt", kms.Use{}); err != nil {
		t.Errorf("the primary refuses its grantee: %v", err)
	}
	there := *slr
	there.Region = elsewhere
	if _, err := f.kms.Use(&there, *primary.KeyId, "Decrypt", kms.Use{}); err == nil {
		t.Error("the replica takes the primary's grant")
	}
}

// TestRefusedReplicas holds the codes that AWS names.
func TestRefusedReplicas(t *testing.T) {
	t.Parallel()
	f := set(t)
	primary := f.multi()
	arn := strings.Replace(*primary.Arn, region, elsewhere, 1)
	_, err := f.replicate(*primary.Arn, awskms.ReplicateKeyInput{})
	must(t, err)
	_, err = f.replicate(*primary.Arn, awskms.ReplicateKeyInput{})
	f.wantCode(err, "AlreadyExistsException", arn+" already exists.")
	_, err = f.replicate(*primary.Arn, awskms.ReplicateKeyInput{ReplicaRegion: new(region)})
	f.wantCode(err, "AlreadyExistsException", *primary.Arn+" already exists.")
	_, err = f.replicate(*primary.Arn, awskms.ReplicateKeyInput{ReplicaRegion: new("")})
	f.wantCode(err, "ValidationException", "1 validation error detected: Value null at 'replicaRegion' failed to satisfy constraint: Member must not be null")
	_, err = f.replicate(*primary.Arn, awskms.ReplicateKeyInput{ReplicaRegion: new("cn-north-1")})
	f.wantCode(err, "NotInTheSandbox", "cn-north-1")
	replicaOf := &awskms.ReplicateKeyInput{KeyId: primary.KeyId, ReplicaRegion: new("us-east-1")}
	_, err = f.kms.ReplicateKey(at(f.admin(owner), elsewhere), replicaOf)
	f.wantCode(err, "KMSInvalidStateException", arn+" is creating.")
	f.clock.Advance(5 * time.Second)
	_, err = f.kms.ReplicateKey(at(f.admin(owner), elsewhere), replicaOf)
	f.wantCode(err, "UnsupportedOperationException", arn+" is not a multi-Region primary key.")
	single, err := f.kms.CreateKey(f.admin(owner), &awskms.CreateKeyInput{})
	must(t, err)
	_, err = f.replicate(*single.KeyMetadata.Arn, awskms.ReplicateKeyInput{})
	f.wantCode(err, "UnsupportedOperationException", *single.KeyMetadata.Arn+" is not a multi-Region primary key.")
	_, err = f.kms.ReplicateKey(f.admin(other), replicaOf)
	f.wantCode(err, "NotFoundException", "Key 'arn:aws:kms:"+region+":"+other+":key/"+*primary.KeyId+"' does not exist")
	scheduled, err := f.kms.ScheduleKeyDeletion(f.admin(owner), &awskms.ScheduleKeyDeletionInput{KeyId: primary.Arn})
	must(t, err)
	if scheduled.KeyState != types.KeyStatePendingReplicaDeletion || scheduled.DeletionDate != nil {
		t.Errorf("scheduled %+v", scheduled)
	}
}

// TestMultiRegionConditions decides by the request's condition keys.
func TestMultiRegionConditions(t *testing.T) {
	t.Parallel()
	f := set(t)
	allow := func(action, condition string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["` + action + `"],"Resource":"*","Condition":` + condition + `}]}`
	}
	for name, tc := range map[string]struct {
		policy string
		multi  *bool
		ok     bool
	}{
		"single by false":  {allow("kms:CreateKey", `{"Bool":{"kms:MultiRegion":"false"}}`), nil, true},
		"multi by false":   {allow("kms:CreateKey", `{"Bool":{"kms:MultiRegion":"false"}}`), new(true), false},
		"multi by primary": {allow("kms:CreateKey", `{"StringEquals":{"kms:MultiRegionKeyType":"PRIMARY"}}`), new(true), true},
	} {
		c := f.role(owner, strings.ReplaceAll(name, " ", "-"), tc.policy)
		_, err := f.kms.CreateKey(wire.WithCaller(f.admin(owner), c), &awskms.CreateKeyInput{MultiRegion: tc.multi, BypassPolicyLockoutSafetyCheck: true})
		if (err == nil) != tc.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	primary := f.multi()
	_, err := f.replicate(*primary.Arn, awskms.ReplicateKeyInput{})
	must(t, err)
	f.clock.Advance(5 * time.Second)
	c := f.role(owner, "reader", allow("kms:DescribeKey", `{"Bool":{"kms:MultiRegion":"true"},"StringEquals":{"kms:MultiRegionKeyType":"REPLICA"}}`))
	describe := func(region string) error {
		_, err := f.kms.DescribeKey(at(wire.WithCaller(f.admin(owner), c), region), &awskms.DescribeKeyInput{KeyId: primary.KeyId})
		return err
	}
	if err := describe(elsewhere); err != nil {
		t.Errorf("replica: %v", err)
	}
	if describe(region) == nil {
		t.Error("the primary passes for a replica")
	}
	replicator := f.role(owner, "replicator", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["kms:ReplicateKey"],"Resource":"*","Condition":{"StringEquals":{"kms:ReplicaRegion":"us-east-1"}}}]}`)
	_, err = f.kms.ReplicateKey(wire.WithCaller(f.admin(owner), replicator), &awskms.ReplicateKeyInput{KeyId: primary.Arn, ReplicaRegion: new("us-east-1")})
	f.wantCode(err, "AccessDeniedException", "User: "+replicator.ARN+" is not authorized to perform: kms:CreateKey because no identity-based policy allows the kms:CreateKey action")
}
