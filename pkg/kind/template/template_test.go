package template_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"keymend/pkg/change"
	"keymend/pkg/kind/template"
	"keymend/pkg/outcome"
	"keymend/pkg/permission"
)

const (
	account = "111122223333"
	theirs  = "arn:aws:kms:eu-west-1:444455556666:key/1"
	ours    = "arn:aws:kms:eu-west-1:111122223333:key/ours"
	onWire  = `"account":"111122223333","region":"eu-west-1","key":"` + theirs + `","template":"lt-1",`
)

func scene() template.Scene {
	return template.Scene{Account: account, Region: "eu-west-1", Key: theirs, Template: "lt-1"}
}

func kinds() change.Kinds {
	return change.Kinds{
		change.Of[template.NewVersion]("NewTemplateVersion"), change.Of[template.SetDefault]("SetDefaultVersion"), change.Of[template.DeleteVersion]("DeleteTemplateVersion"),
	}
}

func read(text string) (change.Steps, error) {
	var steps change.Steps
	if err := json.Unmarshal([]byte(text), &steps); err != nil {
		return nil, err
	}
	return kinds().Read(steps)
}

// What version 1 wrote is read, and is written as it was.
func TestWire(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]change.Step{
		`{"type":"NewTemplateVersion",` + onWire + `"from":3,"imageId":"ami-2","mappings":[{"DeviceName":"/dev/xvda"}],"wanted":"d","copyKey":"c","asked":"$Default","mixed":true,"follow":["f"],"group":"g"}`: template.NewVersion{
			Scene: scene(), From: 3, ImageID: "ami-2", Mappings: []json.RawMessage{json.RawMessage(`{"DeviceName":"/dev/xvda"}`)},
			Wanted: "d", CopyKey: "c", Asked: "$Default", Mixed: true, Follow: []string{"f"}, Group: "g"},
		`{"type":"NewTemplateVersion",` + onWire + `"from":3,"wanted":"d","copyKey":"c","asked":"3","group":"g"}`: template.NewVersion{
			Scene: scene(), From: 3, Wanted: "d", CopyKey: "c", Asked: "3", Group: "g"},
		`{"type":"SetDefaultVersion",` + onWire + `"version":4,"before":3,"follow":["f"]}`:  template.SetDefault{Scene: scene(), Version: 4, Before: 3, Follow: []string{"f"}},
		`{"type":"SetDefaultVersion",` + onWire + `"before":3}`:                             template.SetDefault{Scene: scene(), Before: 3},
		`{"type":"SetDefaultVersion",` + onWire + `"before":3,"from":2}`:                    template.SetDefault{Scene: scene(), Before: 3, From: 2},
		`{"type":"SetDefaultVersion",` + onWire + `"version":3,"before":0,"made":"by r-1"}`: template.SetDefault{Scene: scene(), Version: 3, Made: "by r-1"},
		`{"type":"DeleteTemplateVersion",` + onWire + `"from":3,"remediation":"r-1"}`:       template.DeleteVersion{Scene: scene(), From: 3, Remediation: "r-1"},
	} {
		got, err := read("[" + text + "]")
		if diff := cmp.Diff(change.Steps{want}, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", text, err, diff)
			continue
		}
		if back, err := got.MarshalJSON(); err != nil || string(back) != "["+text+"]" || !(change.Steps{want}).Same(got) {
			t.Errorf("%s, written as %s, %v", text, back, err)
		}
	}
}

// All is done in the group's account, on the template, about the other's key.
func TestWrites(t *testing.T) {
	t.Parallel()
	for action, tc := range map[string]struct {
		step  change.Step
		claim change.Claim
		what  string
	}{
		"ec2:CreateLaunchTemplateVersion": {template.NewVersion{Scene: scene(), From: 3, CopyKey: ours},
			change.Claim{Consent: change.DataOwners, Key: theirs, Under: ours}, "1 version of lt-1 made of version 3"},
		"ec2:ModifyLaunchTemplate": {template.SetDefault{Scene: scene(), Version: 4, Before: 3},
			change.Claim{Consent: change.DataOwners, Key: theirs, Back: true}, "the default version of lt-1 moved"},
		"ec2:DeleteLaunchTemplateVersions": {template.DeleteVersion{Scene: scene(), From: 3},
			change.Claim{Back: true}, "the version of lt-1 made of version 3 deleted"},
	} {
		place := change.Place{Account: account, Key: theirs, Target: "arn:aws:ec2:eu-west-1:" + account + ":launch-template/lt-1"}
		if at := tc.step.At(); at != place {
			t.Errorf("%s at %+v", action, at)
		}
		want := []change.Call{{Role: permission.Copier, Account: account, Action: action, Target: "lt-1", ARN: "arn:aws:ec2:eu-west-1:111122223333:launch-template/lt-1"}}
		if diff := cmp.Diff(want, tc.step.Calls()); diff != "" {
			t.Errorf("%s: %s", action, diff)
		}
		if diff := cmp.Diff(tc.claim, tc.step.Claim()); diff != "" {
			t.Errorf("%s: %s", action, diff)
		}
		if got := tc.step.Words().What; got != tc.what {
			t.Errorf("%s: %s", action, got)
		}
	}
}

// A version is found again by its description, so before it is made as well as
// after; so is the default that one has to be moved back from.
func TestUndo(t *testing.T) {
	t.Parallel()
	before := change.Result{}
	after := func(id string) change.Result { return change.Result{Changed: true, ID: id} }
	followed := template.SetDefault{Scene: scene(), Version: 4, Before: 3, From: 3, Follow: []string{"f"}}
	made := template.SetDefault{Scene: scene(), Before: 2, From: 3}
	for name, tc := range map[string]struct {
		step change.Step
		done change.Result
		want change.Steps
	}{
		"a version, before":                {template.NewVersion{Scene: scene(), From: 3, Asked: "3"}, before, change.Steps{template.DeleteVersion{Scene: scene(), From: 3, Remediation: "r-1"}}},
		"a version, after":                 {template.NewVersion{Scene: scene(), From: 3, Asked: "3"}, after("4"), change.Steps{template.DeleteVersion{Scene: scene(), From: 3, Remediation: "r-1"}}},
		"a default, before":                {followed, before, change.Steps{template.SetDefault{Scene: scene(), Version: 3, Before: 4}}},
		"a default, after":                 {followed, after("4"), change.Steps{template.SetDefault{Scene: scene(), Version: 3, Before: 4}}},
		"of a version just made, before":   {made, before, change.Steps{template.SetDefault{Scene: scene(), Version: 2, From: 3, Made: "keymend: version 3 with own copies (r-1)"}}},
		"of a version just made, after":    {made, after("5"), change.Steps{template.SetDefault{Scene: scene(), Version: 2, Before: 5}}},
		"a default whose number is no one": {made, after("$Default"), change.Steps{template.SetDefault{Scene: scene(), Version: 2, From: 3, Made: "keymend: version 3 with own copies (r-1)"}}},
		"a version deleted":                {template.DeleteVersion{Scene: scene(), From: 3}, after("4"), nil},
	} {
		if diff := cmp.Diff(tc.want, tc.step.Undo(change.Mark{Remediation: "r-1"}, tc.done)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// The way back from the way back of a default that was moved is the step itself.
// Which groups follow by then is another matter.
func TestUndoTwice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := template.SetDefault{
			Scene: scene(), Version: rapid.Int64Range(0, 9).Draw(t, "version"), Before: rapid.Int64Range(1, 9).Draw(t, "before"), From: rapid.Int64Range(0, 9).Draw(t, "from"),
		}
		first, second := change.Result{Changed: true}, change.Result{Changed: true}
		if s.Version != 0 && rapid.Bool().Draw(t, "after") { // EC2's numbers, as they are known then
			first.ID, second.ID = strconv.FormatInt(s.Version, 10), strconv.FormatInt(s.Before, 10)
		}
		back := s.Undo(change.Mark{Remediation: "r-1"}, first)
		twice := back[0].Undo(change.Mark{Remediation: "r-2"}, second)
		if !(change.Steps{s}).Same(twice) {
			t.Fatalf("%+v → %+v → %+v", s, back, twice)
		}
		if s.Version != s.Before && back.Same(twice) {
			t.Fatalf("%+v comes to nothing", s)
		}
	})
}

// A group that follows by itself is moved; any other is a person's.
func TestEnd(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		step  change.Step
		want  outcome.Outcome
		says  string
		seen  bool
		leave string // what isn't said
	}{
		"$Latest": {template.NewVersion{Scene: scene(), Asked: "$Latest", Follow: []string{"api", "web"}}, outcome.Moved,
			"version 4 of lt-1 does without " + theirs + "; group api and web follows $Latest, and launches from it; what it needs", true, "to point"},
		"a number": {template.NewVersion{Scene: scene(), Asked: "3", Group: "web"}, outcome.HandedOver,
			"what is left is to point the group at version 4 of lt-1.", false, "$Latest"},
		"a number, and another on $Latest": {template.NewVersion{Scene: scene(), Asked: "3", Group: "web", Follow: []string{"api"}}, outcome.HandedOver,
			"group api follows $Latest, and launches from it already", false, "what it needs"},
		"$Default that stays": {template.NewVersion{Scene: scene(), Asked: "$Default", Group: "web"}, outcome.HandedOver, "to make version 4 of lt-1 its default.", false, "$Latest"},
		"$Default moved": {template.SetDefault{Scene: scene(), Follow: []string{"api", "web"}}, outcome.Moved,
			"version 4 of lt-1 is its default now, from which group api and web launches; what it needs", true, "to point"},
	} {
		end := (change.Steps{tc.step}).End(change.Result{ID: "4"})
		if end.Outcome != tc.want || !strings.Contains(end.Reason, tc.says) || end.Unseen != !tc.seen || end.Last || strings.Contains(end.Reason, tc.leave) || (end.Run.Command != "") != (tc.want == outcome.HandedOver) {
			t.Errorf("%s: %+v", name, end)
		}
	}
}

// A version that was just made may have no number yet; from which it is made is no
// part of what a default comes to.
func TestEffect(t *testing.T) {
	t.Parallel()
	moved := template.SetDefault{Scene: scene(), Version: 4, Before: 3}
	from, elsewhere := moved, moved
	from.From, elsewhere.Template = 3, "lt-2"
	if !(change.Steps{moved}).Same(change.Steps{from}) {
		t.Error("the version that it was made of counts")
	}
	for name, s := range map[string]change.Step{
		"another template": elsewhere, "another version": template.SetDefault{Scene: scene(), Version: 5, Before: 3}, "another default": template.SetDefault{Scene: scene(), Version: 4, Before: 2},
		"a version made": template.NewVersion{Scene: scene(), From: 4}, "a version deleted": template.DeleteVersion{Scene: scene(), From: 4},
	} {
		if (change.Steps{moved}).Same(change.Steps{s}) {
			t.Errorf("%s: it is the same change", name)
		}
	}
}
