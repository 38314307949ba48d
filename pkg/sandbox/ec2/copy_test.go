package ec2_test

import (
	"slices"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"
)

const distant = "us-east-1"

// completed makes a snapshot and waits for it.
func (w *world) completed(key string) string {
	w.t.Helper()
	snapshot := w.snapshot(key)
	w.clock.Advance(time.Minute)
	return snapshot
}

// described is an account's snapshot in a Region.
func (w *world) described(account, region, snapshot string) types.Snapshot {
	w.t.Helper()
	out, err := w.ec2.DescribeSnapshots(in(account, region), &sdk.DescribeSnapshotsInput{SnapshotIds: []string{snapshot}})
	must(w.t, err)
	return out.Snapshots[0]
}

// copies put KMS's DescribeKey before what a volume asks, the account's default key's
// in any case.
func copies(described []string, asked ...string) []string {
	var all []string
	if !slices.Contains(described, "D") {
		described = append(described, "D")
	}
	for _, key := range described {
		all = append(all, "DescribeKey "+key)
	}
	return append(all, asked...)
}

// TestKeysOfACopy is AWS's table of encryption outcomes for copies, and what a
// copy asks of KMS.
func TestKeysOfACopy(t *testing.T) {
	t.Parallel()
	yes := new(true)
	away := []string{"GenerateDataKeyWithoutPlaintext D", "Decrypt S", "CreateGrant S", "CreateGrant D"} // nothing re-encrypts across Regions
	for name, tc := range map[string]struct {
		source    string
		as, into  string
		encrypted *bool
		key       *string
		byDefault bool
		want      []string
		under     string
	}{
		"plain":                         {as: account, into: region},
		"plain, by default":             {as: account, into: region, byDefault: true, want: copies([]string{"D"}, fromPlain("D")...), under: "D"},
		"plain, Encrypted":              {as: account, into: region, encrypted: yes, want: copies([]string{"D"}, fromPlain("D")...), under: "D"},
		"plain, key":                    {as: account, into: region, encrypted: yes, key: new("alias/K"), want: copies([]string{"K"}, fromPlain("K")...), under: "K"},
		"plain, elsewhere":              {as: account, into: distant},
		"own":                           {source: "S", as: account, into: region, want: copies([]string{"S"}, own("S")...), under: "S"},
		"own, Encrypted":                {source: "S", as: account, into: region, encrypted: yes, want: copies([]string{"S"}, own("S")...), under: "S"},
		"own, its own key":              {source: "S", as: account, into: region, encrypted: yes, key: new("S"), want: copies([]string{"S"}, own("S")...), under: "S"},
		"own, another key":              {source: "S", as: account, into: region, encrypted: yes, key: new("K"), want: copies([]string{"K", "S"}, across("S", "K")...), under: "K"},
		"own, elsewhere":                {source: "S", as: account, into: distant, want: copies([]string{"D", "S"}, away...), under: "D"},
		"another account's plain":       {as: other, into: region},
		"another account's":             {source: "S", as: other, into: region, want: copies([]string{"D", "S"}, across("S", "D")...), under: "D"},
		"another account's, key":        {source: "S", as: other, into: region, encrypted: yes, key: new("K"), want: copies([]string{"K", "S"}, across("S", "K")...), under: "K"},
		"another account's, elsewhere":  {source: "S", as: other, into: distant, want: copies([]string{"D", "S"}, away...), under: "D"},
		"another account's, by default": {source: "S", as: other, into: region, byDefault: true, want: copies([]string{"D", "S"}, across("S", "D")...), under: "D"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			snapshot := w.completed(tc.source)
			image := w.image(snapshot)
			w.share(image, other)
			w.shareSnapshot(snapshot, other)
			to := in(tc.as, tc.into)
			_, err := w.ec2.ModifyEbsDefaultKmsKeyId(to, &sdk.ModifyEbsDefaultKmsKeyIdInput{KmsKeyId: new(keys + "D")})
			must(t, err)
			if tc.byDefault {
				_, err := w.ec2.EnableEbsEncryptionByDefault(to, nil)
				must(t, err)
			}
			one, err := w.ec2.CopySnapshot(to, &sdk.CopySnapshotInput{SourceRegion: new(region), SourceSnapshotId: &snapshot, Encrypted: tc.encrypted, KmsKeyId: tc.key})
			must(t, err)
			w.wantCopy(tc.as, tc.into, *one.SnapshotId, tc.under, tc.want)
			two, err := w.ec2.CopyImage(to, &sdk.CopyImageInput{SourceRegion: new(region), SourceImageId: &image, Name: new("copy"), Encrypted: tc.encrypted, KmsKeyId: tc.key})
			must(t, err)
			images, err := w.ec2.DescribeImages(to, &sdk.DescribeImagesInput{ImageIds: []string{*two.ImageId}})
			must(t, err)
			w.wantCopy(tc.as, tc.into, *images.Images[0].BlockDeviceMappings[0].Ebs.SnapshotId, tc.under, tc.want)
		})
	}
}

// wantCopy waits for a copy and holds it to its key and what it asked of KMS.
func (w *world) wantCopy(account, region, snapshot, under string, asked []string) {
	w.t.Helper()
	if s := w.described(account, region, snapshot); s.State != types.SnapshotStatePending || *s.Encrypted != (under != "") {
		w.t.Errorf("at first %s, encrypted %v", s.State, *s.Encrypted)
	}
	w.asked = nil
	w.clock.Advance(time.Minute)
	if diff := cmp.Diff(asked, w.asked); diff != "" {
		w.t.Errorf("asked of KMS (-want +got):\n%s", diff)
	}
	s := w.described(account, region, snapshot)
	if s.State != types.SnapshotStateCompleted || *s.Encrypted != (under != "") || under != "" && *s.KmsKeyId != keys+under || *s.OwnerId != account || *s.VolumeId != "vol-ffffffff" {
		w.t.Errorf("in the end %+v", s)
	}
}

// TestRefusedCopies holds what shows on a copy only later: KMS's refusals, and a
// source that isn't there.
func TestRefusedCopies(t *testing.T) {
	t.Parallel()
	for _, denied := range []string{"DescribeKey K", "DescribeKey S", "DescribeKey D", "GenerateDataKeyWithoutPlaintext K", "ReEncryptFrom S", "ReEncryptTo K", "Decrypt S", "CreateGrant S", "CreateGrant K"} {
		w := newWorld(t)
		snapshot := w.completed("S")
		image := w.image(snapshot)
		w.denied = []string{denied}
		_, err := w.ec2.ModifyEbsDefaultKmsKeyId(as(account), &sdk.ModifyEbsDefaultKmsKeyIdInput{KmsKeyId: new(keys + "D")})
		must(t, err)
		one, err := w.ec2.CopySnapshot(as(account), &sdk.CopySnapshotInput{SourceRegion: new(region), SourceSnapshotId: &snapshot, Encrypted: new(true), KmsKeyId: new("K")})
		must(t, err)
		two, err := w.ec2.CopyImage(as(account), &sdk.CopyImageInput{SourceRegion: new(region), SourceImageId: &image, Name: new("copy"), Encrypted: new(true), KmsKeyId: new("K")})
		must(t, err)
		w.clock.Advance(time.Minute)
		if s := w.described(account, region, *one.SnapshotId); s.State != types.SnapshotStateError || *s.StateMessage != "Given key ID is not accessible" {
			t.Errorf("%s refused: snapshot %s", denied, s.State)
		}
		const text = "AMI snapshot copy failed with error: Given key ID is not accessible. You must have DescribeKey permissions on the default CMK"
		out, err := w.ec2.DescribeImages(as(account), &sdk.DescribeImagesInput{ImageIds: []string{*two.ImageId}})
		must(t, err)
		if img := out.Images[0]; img.State != types.ImageStateFailed || *img.StateReason.Message != text {
			t.Errorf("%s refused: image %s %v", denied, img.State, img.StateReason)
		}
		if last := object(t, w.images[len(w.images)-1].Detail); last["State"] != "failed" || last["ErrorMessage"] != text || last["ImageId"] != *two.ImageId {
			t.Errorf("%s refused: event %v", denied, last)
		}
		wantError(t, w.launch(account, *two.ImageId), "InvalidAMIID.Unavailable", "AMI '"+*two.ImageId+"' is failed, and cannot be run.")
	}
	w := newWorld(t)
	lost, err := w.ec2.CopySnapshot(as(other), &sdk.CopySnapshotInput{SourceRegion: new(region), SourceSnapshotId: new(w.completed(""))})
	must(t, err)
	w.clock.Advance(time.Minute)
	if s := w.described(other, region, *lost.SnapshotId); s.State != types.SnapshotStateError || *s.StateMessage != "Source snapshot is not found" {
		t.Errorf("of a snapshot that isn't shared: %+v", s)
	}
}

// TestRealCopies: each key is asked in its own Region, with the copier's identity.
func TestRealCopies(t *testing.T) {
	t.Parallel()
	w, k := newRealWorld(t)
	source := key(t, k, account, region, "alias/golden", other)
	hidden := key(t, k, account, region, "alias/hidden")
	target := key(t, k, other, distant, "alias/copies")
	shared := func(under string) string {
		snapshot := w.completed(under)
		w.shareSnapshot(snapshot, other)
		return snapshot
	}
	for name, tc := range map[string]struct {
		snapshot, key, into string
		ok                  bool
	}{
		"elsewhere":                             {shared(source), target, distant, true},
		"elsewhere, by alias":                   {shared(source), "alias/copies", distant, true},
		"elsewhere, under a key that isn't":     {shared(source), source, distant, false},
		"here, under a key of another Region":   {shared(source), target, region, false},
		"here, under the default key":           {shared(source), "", region, true},
		"here, of a key that isn't shared":      {shared(hidden), "", region, false},
		"elsewhere, of a key that isn't shared": {shared(hidden), target, distant, false},
		"under a key that isn't there":          {shared(""), "alias/nowhere", region, false},
	} {
		request := &sdk.CopySnapshotInput{SourceRegion: new(region), SourceSnapshotId: &tc.snapshot}
		if tc.key != "" {
			request.Encrypted, request.KmsKeyId = new(true), &tc.key
		}
		out, err := w.ec2.CopySnapshot(in(other, tc.into), request)
		must(t, err)
		w.clock.Advance(time.Minute)
		s := w.described(other, tc.into, *out.SnapshotId)
		if (s.State == types.SnapshotStateCompleted) != tc.ok {
			t.Errorf("%s: %s", name, s.State)
		}
		if tc.ok && tc.into == distant && *s.KmsKeyId != target {
			t.Errorf("%s: under %s", name, *s.KmsKeyId)
		}
	}
}
