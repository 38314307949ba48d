package statements_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/access"
	"keymend/pkg/change"
	"keymend/pkg/keypolicy"
	"keymend/pkg/kind/statements"
	"keymend/pkg/permission"
)

const (
	key   = "arn:aws:kms:eu-west-1:111122223333:key/1"
	slr   = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
	other = slr + "_other"
	root  = `{"Version":"2012-10-17","Statement":[{"Sid":"EnableRoot","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}]}`
)

func kinds() change.Kinds {
	return change.Kinds{change.Of[statements.Add]("EditKeyPolicy"), change.Of[statements.Remove]("RemoveStatements")}
}

// opening is a step as plans have it, of a policy that is as given.
func opening(t *testing.T, policy, principal string) statements.Add {
	t.Helper()
	d, err := keypolicy.Parse(policy)
	if err != nil {
		t.Fatal(err)
	}
	edit, err := keypolicy.Allow(d, principal)
	if err != nil {
		t.Fatal(err)
	}
	return statements.Add{Key: key, Principal: principal, Before: edit.Before, After: edit.After, Added: edit.Added, Sids: edit.Sids}
}

// What version 1 wrote is read, and is written as it was.
func TestWire(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]change.Step{
		`{"type":"EditKeyPolicy","key":"k","principal":"p","before":"{<}","after":"{&}","added":["{}"],"sids":["S"]}`: statements.Add{
			Key: "k", Principal: "p", Before: "{<}", After: "{&}", Added: []string{"{}"}, Sids: []string{"S"}},
		`{"type":"RemoveStatements","key":"k","principal":"p","sids":["S"]}`: statements.Remove{Key: "k", Principal: "p", Sids: []string{"S"}},
		`{"type":"RemoveStatements","key":"k","principal":"p"}`:              statements.Remove{Key: "k", Principal: "p"},
	} {
		var steps change.Steps
		if err := json.Unmarshal([]byte("["+text+"]"), &steps); err != nil {
			t.Fatal(err)
		}
		got, err := kinds().Read(steps)
		if diff := cmp.Diff(change.Steps{want}, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", text, err, diff)
		}
		if back, err := got.MarshalJSON(); err != nil || string(back) != "["+text+"]" {
			t.Errorf("%s, written as %s, %v", text, back, err)
		}
	}
}

// A policy is written in the key's account, by whoever may write that and nothing
// else; its owner is asked for what opens the key. What takes back is no plan's.
func TestWrites(t *testing.T) {
	t.Parallel()
	add, remove := statements.Add{Key: key, Principal: slr, Added: []string{"a", "b"}}, statements.Remove{Key: key, Principal: slr}
	place := change.Place{Account: "111122223333", Target: key, Key: key}
	calls := []change.Call{{Role: permission.PolicyWriter, Account: "111122223333", Action: "kms:PutKeyPolicy", Target: key}}
	for _, s := range []change.Step{add, remove} {
		if s.At() != place {
			t.Errorf("%s at %+v", s.Kind(), s.At())
		}
		if diff := cmp.Diff(calls, s.Calls()); diff != "" {
			t.Errorf("%s: %s", s.Kind(), diff)
		}
	}
	if diff := cmp.Diff(change.Claim{Consent: change.KeyOwner, Key: key, Principal: slr, Edits: true}, add.Claim()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(change.Claim{Back: true}, remove.Claim()); diff != "" {
		t.Error(diff)
	}
	if add.Words().What != "2 statements added" || !strings.Contains(remove.Words().What, slr) {
		t.Errorf("%+v, %+v", add.Words(), remove.Words())
	}
}

// What was written is known before it is: the same is taken back before and after.
// Nothing is added again by itself.
func TestUndo(t *testing.T) {
	t.Parallel()
	add := opening(t, root, slr)
	want := change.Steps{statements.Remove{Key: key, Principal: slr, Sids: add.Sids}}
	for name, done := range map[string]change.Result{"before": {}, "after": {Changed: true, Before: add.Before, After: add.After}} {
		if diff := cmp.Diff(want, add.Undo(change.Mark{Remediation: "r-1"}, done)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if back := want[0].Undo(change.Mark{}, change.Result{Changed: true}); back != nil {
		t.Errorf("%+v", back)
	}
}

func TestSimulate(t *testing.T) {
	t.Parallel()
	add := opening(t, root, slr)
	before, err := keypolicy.Parse(root)
	if err != nil {
		t.Fatal(err)
	}
	facts := access.Facts{Key: access.Key{ARN: key}, Policy: before}
	after, err := change.Simulate(facts, change.Steps{add})
	if err != nil || after.Policy.String() != add.After || facts.Policy.String() != root {
		t.Errorf("%v: %s, from %s", err, after.Policy, facts.Policy)
	}
	add.After = "no policy"
	if after, err := change.Simulate(facts, change.Steps{add}); err == nil || after.Policy != before {
		t.Errorf("%v: %s", err, after.Policy)
	}
	if after, err := change.Simulate(facts, change.Steps{statements.Remove{Key: key, Principal: slr}}); err != nil || after.Policy != before {
		t.Errorf("%v: %s", err, after.Policy)
	}
}

func TestShort(t *testing.T) {
	t.Parallel()
	add := opening(t, root, slr)
	short := add.Short().(statements.Add)
	if short.Before != "" || short.After != "" || !slices.Equal(short.Sids, add.Sids) || !slices.Equal(short.Added, add.Added) || add.After == "" {
		t.Errorf("%+v", short)
	}
}

// The statements stand only as long as each is Keymend's own and names the
// principal.
func TestIn(t *testing.T) {
	t.Parallel()
	add := opening(t, root, slr)
	both := opening(t, add.After, other)
	for name, tc := range map[string]struct {
		step   statements.Add
		policy string
		want   bool
	}{
		"not written":               {add, root, false},
		"written":                   {add, add.After, true},
		"beside another role":       {add, both.After, true},
		"of another role":           {both, add.After, false},
		"tampered with":             {add, strings.Replace(add.After, `"kms:Decrypt"`, `"kms:*"`, 1), false},
		"one of two left":           {add, without(t, add.After, add.Sids[0]), false},
		"a step that has no names":  {statements.Add{Key: key, Principal: slr}, add.After, false},
		"a step with a wrong name":  {statements.Add{Key: key, Principal: slr, Sids: []string{add.Sids[0], "EnableRoot"}}, add.After, false},
		"somebody else's principal": {statements.Add{Key: key, Principal: "*", Sids: add.Sids}, add.After, false},
	} {
		d, err := keypolicy.Parse(tc.policy)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if tc.step.In(d) != tc.want {
			t.Errorf("%s: %v", name, !tc.want)
		}
	}
	if add.In(nil) {
		t.Error("in no policy")
	}
}

// without leaves one statement out of a policy.
func without(t *testing.T, policy, sid string) string {
	t.Helper()
	var d struct {
		Version   string
		Statement []map[string]any
	}
	if err := json.Unmarshal([]byte(policy), &d); err != nil {
		t.Fatal(err)
	}
	d.Statement = slices.DeleteFunc(d.Statement, func(s map[string]any) bool { return s["Sid"] == sid })
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What the policy means counts, not how it is written or was before.
func TestEffect(t *testing.T) {
	t.Parallel()
	add := opening(t, root, slr)
	written, from := add, add
	written.After = strings.Replace(add.After, `{"Version"`, "{ \n\"Version\"", 1)
	from.Before, from.Added, from.Sids = "", nil, nil
	for name, s := range map[string]statements.Add{"written otherwise": written, "from another policy": from} {
		if !(change.Steps{add}).Same(change.Steps{s}) {
			t.Errorf("%s: it is another change", name)
		}
	}
	for name, s := range map[string]change.Step{
		"another role": opening(t, root, other), "another key": statements.Add{Key: key + "2", Principal: slr, After: add.After},
		"no change": statements.Add{Key: key, Principal: slr, After: root}, "the way back": statements.Remove{Key: key, Principal: slr},
	} {
		if reflect.DeepEqual(s.Effect(), add.Effect()) {
			t.Errorf("%s: it is the same change", name)
		}
	}
}
