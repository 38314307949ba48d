package ec2

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/wire"
)

// copyTime is how long a copy stays pending.
const copyTime = time.Minute

// anyVolume is the volume of every copy ("an arbitrary volume ID that you should
// not use for any purpose", API reference, CopySnapshot).
const anyVolume = "vol-ffffffff"

// noAccess is the StateMessage of a copy whose keys KMS refused (EBS user guide,
// ebs-copy-snapshot).
const noAccess = "Given key ID is not accessible"

// imageNoAccess is the StateReason's message of an image of such copies (recorded:
// github.com/aws-samples/aws-backup-automation issue 2; an older one is "Copy image
// failed with an internal error").
const imageNoAccess = "AMI snapshot copy failed with error: " + noAccess + ". You must have DescribeKey permissions on the default CMK"

// A snapshotCopy is a snapshot on its way from one Region into another or the
// same.
type snapshotCopy struct {
	copy    *types.Snapshot
	from    string // the source's Region
	need    need
	failure string // StateMessage; "" = none so far
}

// keysOfCopy decides under which key a copy comes to lie: by AWS's table of
// encryption outcomes, which is the same for copies ("Copy-image scenarios", EC2
// user guide, AMIEncryption). Only a key doesn't leave its Region: without one
// named, a copy elsewhere takes the default key there, as one of another
// account's does.
func keysOfCopy(src *types.Snapshot, from string, to place, d device, set settings) (need, error) {
	if from != to.region {
		set.account = ""
	}
	return decide(d, src, set)
}

// unencryptable refuses what can't be asked of a copy at once. The second text is
// recorded of CopyImage (tech.bedrockstreaming.com, encrypt-aws-amis).
func unencryptable(encrypted *bool, key *string, sources ...*types.Snapshot) error {
	if key != nil && !aws.ToBool(encrypted) {
		return wire.Errorf("InvalidParameterDependency", "The parameter KmsKeyId requires the parameter Encrypted to be set.")
	}
	for _, src := range sources {
		if encrypted != nil && !*encrypted && aws.ToBool(src.Encrypted) {
			return wire.Errorf("InvalidRequest", "Snapshot %s is encrypted. Creating an unencrypted copy from an encrypted snapshot is not supported.", *src.SnapshotId)
		}
	}
	return nil
}

// taggable refuses tags for anything but what a call makes.
func taggable(specs []types.TagSpecification, kinds ...types.ResourceType) error {
	for _, spec := range specs {
		ok := false
		for _, k := range kinds {
			ok = ok || spec.ResourceType == k
		}
		if !ok {
			return wire.Errorf("InvalidParameterValue", "'%s' is not a valid taggable resource type for this operation.", spec.ResourceType)
		}
	}
	return nil
}

// settings are a store's. The caller holds s.mu.
func (st *store) settings() settings {
	return settings{account: st.account, byDefault: st.encryptByDefault, defaultKey: st.chosenKey()}
}

// newCopy puts a pending copy of a snapshot on the shelf. The caller holds s.mu.
func (s *Service) newCopy(st *store, size *int32, n need, description string, specs []types.TagSpecification) *types.Snapshot {
	snap := &types.Snapshot{
		SnapshotId: new(s.newID("snap")), VolumeId: new(anyVolume), VolumeSize: size, Encrypted: new(n.volume != ""), OwnerId: &st.account,
		Description: &description, StartTime: new(s.clock.Now()), State: types.SnapshotStatePending, Progress: new("0%"), StorageTier: types.StorageTierStandard,
	}
	st.snapshots.add(*snap.SnapshotId, snap)
	st.specified(*snap.SnapshotId, types.ResourceTypeSnapshot, specs)
	return snap
}

// carry has KMS decide about copies seconds after they were asked for, finishes
// them a minute after, and then tells done whether all went well.
func (s *Service) carry(c *wire.Caller, all []*snapshotCopy, done func(ok bool)) {
	s.clock.After(askAfter, func() {
		for _, one := range all {
			s.askCopy(c, one)
		}
	})
	s.clock.After(copyTime, func() {
		ok := true
		s.mu.Lock()
		for _, one := range all {
			if one.failure == "" {
				one.copy.State, one.copy.Progress, one.copy.CompletionTime = types.SnapshotStateCompleted, new("100%"), new(s.clock.Now())
				continue
			}
			one.copy.State, one.copy.StateMessage = types.SnapshotStateError, &one.failure
			ok = false
		}
		s.mu.Unlock()
		done(ok)
	})
}

// askCopy has KMS decide about a copy's keys: as c, the copy's in c's Region, the
// source's in its own.
func (s *Service) askCopy(c *wire.Caller, one *snapshotCopy) {
	n := one.need
	if n.volume == "" || one.failure != "" {
		return
	}
	p := placeOf(c)
	s.mu.Lock()
	chosen := s.store(p).chosenKey()
	s.mu.Unlock()
	n.volume = s.resolve(p, n.volume)
	failure := ""
	for _, st := range copySteps(n, s.resolve(p, chosen), one.from != c.Region) {
		asker := *c
		if st.key == n.source && n.source != n.volume {
			asker.Region = one.from
		}
		grantee := "arn:aws:sts::" + c.Account + ":assumed-role/aws:ec2-infrastructure/" + *one.copy.SnapshotId
		if err := s.use(&asker, st, *one.copy.SnapshotId, grantee); err != nil && !st.optional {
			failure = noAccess
			break
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	one.copy.KmsKeyId, one.failure = &n.volume, failure
}

// copySteps are what a copy asks of KMS, in order. No source lists them. EBS asks
// "the same permissions" of who copies as of who makes a volume, CreateGrant,
// Decrypt, DescribeKey, GenerateDataKeyWithoutPlaintext and ReEncrypt (EBS user
// guide, ebs-encryption-requirements), and a copy fails without DescribeKey
// of the account's default key (ebs-copy-snapshot): so, DescribeKey on all three, and
// then a volume's steps.
// ReEncrypt can't reach from one Region into another: there, the source's key
// only decrypts.
func copySteps(n need, chosen string, away bool) []step {
	var all []step
	var described []string
	for _, key := range []string{n.volume, n.source, chosen} {
		if key != "" && !slices.Contains(described, key) {
			all, described = append(all, step{key: key, operation: "DescribeKey"}), append(described, key)
		}
	}
	for _, st := range steps(n, false) {
		if !away || !strings.HasPrefix(st.operation, "ReEncrypt") {
			all = append(all, st)
		}
	}
	return all
}
