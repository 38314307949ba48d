package copies_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/change"
	"keymend/pkg/kind/copies"
	"keymend/pkg/outcome"
	"keymend/pkg/permission"
)

const (
	account = "111122223333"
	theirs  = "arn:aws:kms:eu-west-1:444455556666:key/1"
	ours    = "arn:aws:kms:eu-west-1:111122223333:key/ours"
	onWire  = `"account":"111122223333","region":"eu-west-1","key":"` + theirs + `",`
)

func kinds() change.Kinds {
	return change.Kinds{change.Of[copies.Make]("CopyImage"), change.Of[copies.Make]("CopySnapshot"), change.Of[copies.Remove]("RemoveCopy")}
}

func making(source string, keys ...string) copies.Make {
	return copies.Make{Account: account, Region: "eu-west-1", Key: theirs, Source: source, CopyKey: ours, Keys: keys, Group: "web"}
}

func removing(id string, snapshots ...string) copies.Remove {
	return copies.Remove{Account: account, Region: "eu-west-1", Key: theirs, Source: "ami-1", CopyKey: ours, ID: id, Snapshots: snapshots}
}

func read(text string) (change.Steps, error) {
	var steps change.Steps
	if err := json.Unmarshal([]byte(text), &steps); err != nil {
		return nil, err
	}
	return kinds().Read(steps)
}

// What version 1 wrote is read, and is written as it was; nothing else is read.
func TestWire(t *testing.T) {
	t.Parallel()
	named := making("ami-1", "k")
	named.Name = "n"
	failed := removing("ami-2", "snap-2")
	failed.Remediation, failed.Why = "r-1", "w"
	for text, want := range map[string]change.Step{
		`{"type":"CopyImage",` + onWire + `"source":"ami-1","name":"n","copyKey":"` + ours + `","keys":["k"],"group":"web"}`:                              named,
		`{"type":"CopySnapshot",` + onWire + `"source":"snap-1","copyKey":"` + ours + `","keys":["k"],"group":"web"}`:                                     making("snap-1", "k"),
		`{"type":"CopySnapshot",` + onWire + `"source":"snap-1","copyKey":"` + ours + `","keys":null,"group":"web"}`:                                      making("snap-1"),
		`{"type":"RemoveCopy",` + onWire + `"source":"ami-1","copyKey":"` + ours + `","id":"ami-2","snapshots":["snap-2"],"remediation":"r-1","why":"w"}`: failed,
		`{"type":"RemoveCopy",` + onWire + `"source":"ami-1","copyKey":"` + ours + `"}`:                                                                   removing(""),
	} {
		got, err := read("[" + text + "]")
		if diff := cmp.Diff(change.Steps{want}, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", text, err, diff)
			continue
		}
		if back, err := got.MarshalJSON(); err != nil || string(back) != "["+text+"]" {
			t.Errorf("%s, written as %s, %v", text, back, err)
		}
	}
	for _, text := range []string{`[{"type":"CopyImage","source":"snap-1"}]`, `[{"type":"CopySnapshot","source":"ami-1"}]`, `[{"type":"CopyImage"}]`, `[{"type":"RunInstances"}]`, `[{"type":"RemoveCopy","id":1}]`} {
		if s, err := read(text); err == nil {
			t.Errorf("%s → %+v", text, s)
		}
	}
}

// All is done in the group's account, about the other account's key.
func TestPlaces(t *testing.T) {
	t.Parallel()
	for target, s := range map[string]change.Step{
		"arn:aws:ec2:eu-west-1:111122223333:image/ami-1":     making("ami-1"),
		"arn:aws:ec2:eu-west-1:111122223333:snapshot/snap-1": making("snap-1"),
		"arn:aws-cn:ec2:cn-north-1:111122223333:image/ami-1": copies.Make{Account: account, Region: "cn-north-1", Key: "arn:aws-cn:kms:cn-north-1:444455556666:key/1", Source: "ami-1"},
	} {
		if at := s.At(); at.Target != target || at.Account != account || at.Key == "" {
			t.Errorf("%+v", at)
		}
	}
	if a, b := making("ami-1").At(), removing("ami-2").At(); a != b {
		t.Errorf("a copy is removed under another lock than it was made: %+v, %+v", a, b)
	}
}

// EC2 reads under every key that the data lies under, and writes under the copy's.
func TestCalls(t *testing.T) {
	t.Parallel()
	keys := []string{theirs, "arn:aws:kms:eu-west-1:777788889999:key/3"}
	call := func(action, target string, keys ...string) change.Call {
		return change.Call{Role: permission.Copier, Account: account, Action: action, Target: target, Keys: keys}
	}
	gone := func(action, id, resource string) change.Call {
		c := call(action, id)
		c.ARN = "arn:aws:ec2:eu-west-1::" + resource + "/" + id
		return c
	}
	for name, tc := range map[string]struct {
		step change.Step
		want []change.Call
	}{
		"an image":                    {making("ami-1", keys...), []change.Call{call("ec2:CopyImage", "ami-1", ours, keys[0], keys[1])}},
		"a snapshot":                  {making("snap-1", theirs), []change.Call{call("ec2:CopySnapshot", "snap-1", ours, theirs)}},
		"an image that failed":        {removing("ami-2", "snap-2", "snap-3"), []change.Call{gone("ec2:DeregisterImage", "ami-2", "image"), gone("ec2:DeleteSnapshot", "snap-2", "snapshot"), gone("ec2:DeleteSnapshot", "snap-3", "snapshot")}},
		"a snapshot that failed":      {removing("snap-2"), []change.Call{gone("ec2:DeleteSnapshot", "snap-2", "snapshot")}},
		"what is left of an image":    {removing("", "snap-2"), []change.Call{gone("ec2:DeleteSnapshot", "snap-2", "snapshot")}},
		"what isn't known beforehand": {removing(""), nil},
	} {
		if diff := cmp.Diff(tc.want, tc.step.Calls()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	shared := make([]string, 1, 4)
	shared[0] = theirs
	if making("ami-1", shared...).Calls(); shared[:2][1] != "" {
		t.Error("the step's own keys were written over")
	}
}

// A copy is found again by the remediation that made it, before and after.
func TestUndo(t *testing.T) {
	t.Parallel()
	want := removing("")
	want.Remediation = "r-1"
	for name, done := range map[string]change.Result{"before": {}, "after": {Changed: true, ID: "ami-2"}} {
		got := making("ami-1", theirs).Undo(change.Mark{Remediation: "r-1", Occasion: "o"}, done)
		if diff := cmp.Diff(change.Steps{want}, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if back := got[0].Undo(change.Mark{}, done); back != nil {
			t.Errorf("%s: %+v", name, back)
		}
	}
	tags := map[string]string{"keymend-copy-of": "ami-1", "keymend-copy-key": ours, "keymend-group": "web", "keymend-remediation": "r-1"}
	if diff := cmp.Diff(tags, making("ami-1").Tags("r-1")); diff != "" {
		t.Error(diff)
	}
}

// The owners of all keys that the data lies under have to agree to a copy, and to
// which key it comes under. Clearing away asks for nobody's word.
func TestClaims(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		step change.Step
		want change.Claim
	}{
		{making("ami-1", theirs, ours), change.Claim{Consent: change.DataOwners, Key: theirs, Keys: []string{theirs, ours}, Under: ours}},
		{removing("ami-2"), change.Claim{Consent: change.OwnCopyOnly, Key: theirs, Under: ours, Back: true}},
	} {
		if diff := cmp.Diff(tc.want, tc.step.Claim()); diff != "" {
			t.Errorf("%s: %s", tc.step.Kind(), diff)
		}
	}
}

func TestEnd(t *testing.T) {
	t.Parallel()
	end := making("ami-1").End(change.Result{ID: "ami-2"})
	if end.Outcome != outcome.Copying || !end.Unseen || end.Last || !strings.HasPrefix(end.Reason, "ami-2, a copy of ami-1 under "+ours+", was begun") {
		t.Errorf("%+v", end)
	}
	failed := removing("ami-2")
	failed.Why = "EC2's words"
	if end := failed.End(change.Result{}); end.Outcome != outcome.Failed || !end.Unseen || !strings.HasPrefix(end.Reason, "EC2's words; ") {
		t.Errorf("%+v", end)
	}
	if a, b := making("ami-1").Words().What, failed.Words().What; a != "1 copy of ami-1" || b != "the copy of ami-1 taken away" {
		t.Errorf("%s, %s", a, b)
	}
}

// All of a step is its effect, and the wire changes nothing of it.
func TestEffect(t *testing.T) {
	t.Parallel()
	named := making("ami-1")
	named.Name = "n"
	all := change.Steps{making("ami-1"), making("ami-2"), making("snap-1"), making("ami-1", theirs), named, removing(""), removing("ami-2"), removing("", "snap-2")}
	text, err := all.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	back, err := read(string(text))
	if err != nil || !all.Same(back) {
		t.Errorf("%s → %+v, %v", text, back, err)
	}
	for i, a := range all {
		for j, b := range all {
			if reflect.DeepEqual(a.Effect(), b.Effect()) != (i == j) {
				t.Errorf("%+v, %+v", a, b)
			}
		}
	}
}
