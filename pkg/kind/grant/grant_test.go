package grant_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/access"
	"keymend/pkg/change"
	"keymend/pkg/kind/grant"
	"keymend/pkg/permission"
)

const (
	account = "111122223333"
	key     = "arn:aws:kms:eu-west-1:111122223333:key/1"
	theirs  = "arn:aws:kms:eu-west-1:444455556666:key/2"
	slr     = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
)

func kinds() change.Kinds {
	return change.Kinds{change.Of[grant.Create]("CreateGrant"), change.Of[grant.Retire]("RetireGrant"), change.Of[grant.Revoke]("RevokeGrant")}
}

func on(key, retiring string) grant.Create {
	return grant.Create{Key: key, Principal: slr, Name: "keymend-1", Operations: []string{"Decrypt"}, Retiring: retiring, Why: "so"}
}

// What version 1 wrote is read; of what is written, version 1 reads the same.
func TestWire(t *testing.T) {
	t.Parallel()
	create := grant.Create{Key: "k", Principal: "p", Name: "n", Operations: []string{"Decrypt"}, Why: "w"}
	retiring := create
	retiring.Retiring = "r"
	for text, want := range map[string]change.Step{
		`{"type":"CreateGrant","key":"k","principal":"p","name":"n","operations":["Decrypt"],"retiring":"r","why":"w"}`:           retiring,
		`{"type":"CreateGrant","key":"k","principal":"p","name":"n","operations":["Decrypt"],"why":"w"}`:                          create,
		`{"type":"RetireGrant","grantId":"g","grant":{"key":"k","principal":"p","name":"n","operations":["Decrypt"],"why":"w"}}`:  grant.Retire{GrantID: "g", Grant: create},
		`{"type":"RetireGrant","grant":{"key":"k","principal":"p","name":"n","operations":["Decrypt"],"retiring":"r","why":"w"}}`: grant.Retire{Grant: retiring},
		`{"type":"RevokeGrant","grantId":"g","grant":{"key":"k","principal":"p","name":"n","operations":["Decrypt"],"why":"w"}}`:  grant.Revoke{GrantID: "g", Grant: create},
	} {
		got := read(t, text)
		if diff := cmp.Diff(change.Steps{want}, got); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
		if back, err := got.MarshalJSON(); err != nil || string(back) != "["+text+"]" {
			t.Errorf("%s, written as %s, %v", text, back, err)
		}
	}
	// Version 1 wrote the type of the grant within, too.
	old := `{"type":"RetireGrant","grantId":"g","grant":{"type":"CreateGrant","key":"k","principal":"p","name":"n","operations":["Decrypt"],"why":"w"}}`
	if diff := cmp.Diff(change.Steps{grant.Retire{GrantID: "g", Grant: create}}, read(t, old)); diff != "" {
		t.Error(diff)
	}
}

func read(t *testing.T, text string) change.Steps {
	t.Helper()
	var steps change.Steps
	if err := json.Unmarshal([]byte("["+text+"]"), &steps); err != nil {
		t.Fatal(err)
	}
	got, err := kinds().Read(steps)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return got
}

// A grant is issued, and ended, in the grantee's account, whosever the key is.
func TestWrites(t *testing.T) {
	t.Parallel()
	for _, key := range []string{key, theirs} {
		create := on(key, "")
		for action, tc := range map[string]struct {
			step  change.Step
			claim change.Claim
			what  string
		}{
			"kms:CreateGrant": {create, change.Claim{Consent: change.KeyOwner, Key: key, Principal: slr, Back: true}, "1 grant"},
			"kms:RetireGrant": {grant.Retire{GrantID: "g", Grant: create}, change.Claim{Consent: change.KeyOwner, Key: key, Principal: slr, Closes: true, Back: true}, "1 grant retired"},
			"kms:RevokeGrant": {grant.Revoke{GrantID: "g", Grant: create}, change.Claim{Back: true}, "1 grant revoked"},
		} {
			if at := tc.step.At(); at != (change.Place{Account: account, Target: key, Key: key}) {
				t.Errorf("%s at %+v", action, at)
			}
			want := []change.Call{{Role: permission.Granter, Account: account, Action: action, Target: key}}
			if diff := cmp.Diff(want, tc.step.Calls()); diff != "" {
				t.Errorf("%s: %s", action, diff)
			}
			if diff := cmp.Diff(tc.claim, tc.step.Claim()); diff != "" {
				t.Errorf("%s: %s", action, diff)
			}
			if w := tc.step.Words(); w.What != tc.what || strings.Contains(w.Why, "so") != (action == "kms:CreateGrant") {
				t.Errorf("%s: %+v", action, w)
			}
		}
	}
}

// A grant on the own account's key is revoked. One on another's is retired: by whom
// it names for that, or by its id, which KMS gives when it is made.
func TestUndo(t *testing.T) {
	t.Parallel()
	before, after := change.Result{}, change.Result{Changed: true, ID: "g1"}
	for name, tc := range map[string]struct {
		step change.Step
		done change.Result
		want change.Steps
	}{
		"own, before":                        {on(key, ""), before, change.Steps{grant.Revoke{Grant: on(key, "")}}},
		"own, after":                         {on(key, "r"), after, change.Steps{grant.Revoke{GrantID: "g1", Grant: on(key, "r")}}},
		"a key of no account":                {on("1a2b", ""), after, change.Steps{grant.Revoke{GrantID: "g1", Grant: on("1a2b", "")}}},
		"another's, before":                  {on(theirs, "r"), before, change.Steps{grant.Retire{Grant: on(theirs, "r")}}},
		"another's, before, nobody's to end": {on(theirs, ""), before, nil},
		"another's, after":                   {on(theirs, ""), after, change.Steps{grant.Retire{GrantID: "g1", Grant: on(theirs, "")}}},
		"retired, before":                    {grant.Retire{GrantID: "g1", Grant: on(key, "")}, before, change.Steps{on(key, "")}},
		"retired, after":                     {grant.Retire{GrantID: "g1", Grant: on(key, "")}, after, change.Steps{on(key, "")}},
		"revoked":                            {grant.Revoke{GrantID: "g1", Grant: on(key, "")}, after, nil},
	} {
		if diff := cmp.Diff(tc.want, tc.step.Undo(change.Mark{Remediation: "r-1"}, tc.done)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	retire := grant.Retire{GrantID: "g1", Grant: on(theirs, "r")}
	twice := retire.Undo(change.Mark{}, after)[0].Undo(change.Mark{}, after)
	if diff := cmp.Diff(change.Steps{retire}, twice); diff != "" {
		t.Errorf("retired, made anew, and retired: %s", diff)
	}
}

func TestSimulate(t *testing.T) {
	t.Parallel()
	facts := access.Facts{Key: access.Key{ARN: theirs}, Grants: []access.Grant{{ID: "g0", Name: "other"}}}
	after, err := change.Simulate(facts, change.Steps{on(theirs, "r")})
	want := append(facts.Grants, access.Grant{
		ID: "keymend-1", Name: "keymend-1", GranteePrincipal: slr, RetiringPrincipal: "r",
		IssuingAccount: "arn:aws:iam::" + account + ":root", Operations: []string{"Decrypt"},
	})
	if diff := cmp.Diff(want, after.Grants); diff != "" || err != nil || len(facts.Grants) != 1 {
		t.Errorf("%v %s", err, diff)
	}
	ended, err := change.Simulate(after, change.Steps{grant.Retire{GrantID: "keymend-1", Grant: on(theirs, "r")}})
	if diff := cmp.Diff(facts.Grants, ended.Grants); diff != "" || err != nil || len(after.Grants) != 2 {
		t.Errorf("%v %s", err, diff)
	}
	if same, err := change.Simulate(facts, change.Steps{grant.Retire{GrantID: "g9"}}); err != nil || len(same.Grants) != 1 {
		t.Errorf("%v, %v", same.Grants, err)
	}
}

// The name tells a grant: it holds the role's unique id, the key and the operations.
func TestFind(t *testing.T) {
	t.Parallel()
	all := []access.Grant{{ID: "g0"}, {ID: "g1", Name: "keymend-1"}, {ID: "g2", Name: "keymend-2"}}
	for name, want := range map[string]string{"keymend-1": "g1", "keymend-2": "g2", "keymend-9": "", "": ""} {
		g, ok := grant.Find(all, grant.Create{Name: name})
		if g.ID != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", name, g.ID, ok)
		}
	}
}

// Why a grant is made is no part of the change; all else is.
func TestEffect(t *testing.T) {
	t.Parallel()
	create, other := on(key, "r"), on(key, "r")
	if other.Why = "for another reason"; !(change.Steps{create}).Same(change.Steps{other}) {
		t.Error("the reason counts")
	}
	all := []change.Step{
		create, on(theirs, "r"), on(key, ""), grant.Create{Key: key, Principal: slr, Name: "keymend-2", Operations: []string{"Decrypt"}, Retiring: "r"},
		grant.Create{Key: key, Principal: slr, Name: "keymend-1", Operations: []string{"Encrypt"}, Retiring: "r"},
		grant.Create{Key: key, Principal: slr + "_x", Name: "keymend-1", Operations: []string{"Decrypt"}, Retiring: "r"},
		grant.Retire{GrantID: "g1", Grant: create}, grant.Retire{GrantID: "g2", Grant: create}, grant.Revoke{GrantID: "g1", Grant: create},
	}
	for i, a := range all {
		for j, b := range all {
			if reflect.DeepEqual(a.Effect(), b.Effect()) != (i == j) {
				t.Errorf("%+v, %+v", a, b)
			}
		}
	}
}
