package launch_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"keymend/pkg/activity"
	"keymend/pkg/launch"
	"keymend/pkg/launch/encryption"
	"keymend/pkg/slr"
)

const (
	ours   = "111122223333"
	theirs = "arn:aws:kms:eu-west-1:444455556666:key/1a2b"
)

// sources are a launch configuration with a Spot price, an image whose snapshot
// can't be seen, and a template that EC2 refuses.
func sources() []launch.Source {
	root := func(d encryption.Device) []encryption.Device {
		d.Name, d.EBS = "/dev/xvda", true
		return []encryption.Device{d}
	}
	return []launch.Source{
		{Name: "launch configuration web", Spot: true, ImageID: "ami-1", Devices: root(encryption.Device{KeyID: "alias/ours", Encrypted: new(true), Source: "web"})},
		{Name: "lt-1 v1", Image: launch.Image{Owner: "444455556666"}, Devices: root(encryption.Device{SnapshotID: "snap-1", SnapshotEncrypted: new(true), Source: "ami-2"})},
		{Name: "lt-1 v2", Refused: "image ami-3 is disabled"},
	}
}

// TestDecide: each source adds its keys; one that EC2 refuses adds a reason, and
// refuses the launch only where all are refused.
func TestDecide(t *testing.T) {
	t.Parallel()
	defaults := encryption.Defaults{Account: ours, KeyID: "alias/aws/ebs"}
	l := launch.Launch{Account: ours, Region: "eu-west-1", Principal: launch.Principal{ARN: slr.ARN("aws-cn", ours, "")}}
	hidden := l.Decide(sources(), nil, defaults)
	if l.Source != "launch configuration web, lt-1 v1, lt-1 v2" || l.ImageID != "ami-1" || len(l.Ways) != 2 || l.Refused != "" || len(l.Partly) != 1 {
		t.Errorf("%+v", l)
	}
	if len(l.Keys) != 1 || l.Keys[0].ID != "alias/ours" || len(l.Also) != 1 || l.Also[0].ARN != slr.Spot("aws-cn", ours) {
		t.Errorf("keys %+v, also %+v", l.Keys, l.Also)
	}
	if len(hidden) != 1 || hidden[0].Snapshot != "snap-1" || len(l.Unknown) > 0 {
		t.Fatalf("hidden %+v, unknown %q", hidden, l.Unknown)
	}
	denied := launch.Denied(ours, []activity.KeyDenial{
		{Key: theirs, Operation: "Decrypt", Time: time.Unix(0, 0)}, {Key: strings.Replace(theirs, "444455556666", ours, 1)},
	})
	l.Take(denied, hidden, map[string]string{"444455556666": "it has no such snapshot"})
	if len(l.Keys) != 2 || l.Keys[1].ID != theirs || !strings.Contains(l.Unknown[0], "it has no such snapshot; CloudTrail shows that the role was refused "+theirs) {
		t.Errorf("keys %+v, unknown %q", l.Keys, l.Unknown)
	}
	var all launch.Launch
	if all.Decide(sources()[2:], nil, defaults); all.Refused != "image ami-3 is disabled" || all.Partly != nil {
		t.Errorf("%+v", all)
	}
	var none launch.Launch
	if none.Decide(nil, nil, defaults); len(none.Unknown) != 1 {
		t.Errorf("%+v", none)
	}
}

func TestGranted(t *testing.T) {
	t.Parallel()
	if h := launch.Granted(nil); h.Says != nil {
		t.Errorf("%+v", h)
	}
	if h := launch.Granted([]string{"k1", "k2", "k1"}); !slices.Equal(h.Says, []string{"a grant of Keymend's opens k1 and k2 to the role, which may be it"}) {
		t.Errorf("%+v", h)
	}
}

// TestTold: a person's word about a key counts for the snapshots that its owner hides,
// and for no other.
func TestTold(t *testing.T) {
	t.Parallel()
	hidden := []launch.Unseen{
		{Device: "/dev/xvda", Snapshot: "snap-1", Owner: "444455556666", Says: "/dev/xvda: snapshot snap-1"},
		{Device: "/dev/sdf", Snapshot: "snap-2", Owner: "777788889999", Says: "/dev/sdf: snapshot snap-2"},
	}
	l := launch.Launch{Account: ours, Region: "eu-west-1"}
	l.Take(launch.Hint{}, hidden, nil)
	if l.Told(strings.Replace(theirs, "444455556666", ours, 1)) || len(l.Keys) != 0 || len(l.Unknown) != 2 {
		t.Errorf("taken: %+v", l)
	}
	if !l.Told(theirs) || len(l.Keys) != 1 || l.Keys[0].ID != theirs || len(l.Unknown) != 1 || len(l.Hidden) != 1 || l.Hidden[0].Snapshot != "snap-2" {
		t.Errorf("%+v", l)
	}
	if !strings.Contains(l.Keys[0].Uses[0].Because, "a person says that it is the key of snapshot snap-1") {
		t.Errorf("%+v", l.Keys[0].Uses)
	}
	if l.Told(theirs) {
		t.Error("told twice")
	}
}
