package record_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"keymend/pkg/apply/table"
	"keymend/pkg/arn"
	"keymend/pkg/change"
	"keymend/pkg/kind/grant"
	"keymend/pkg/record"
)

// lines1 are lines that the version before wrote, one of every shape.
func lines1(t testing.TB) [][]byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "v1", "records.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Split(bytes.TrimSpace(text), []byte("\n"))
}

func kinds() change.Kinds { return table.Kinds().Kinds() }

func parsed(t testing.TB, line []byte) record.Record {
	t.Helper()
	r, ok, err := record.Parse(line, kinds())
	if err != nil || !ok {
		t.Fatalf("%v, %v: %s", ok, err, line)
	}
	return r
}

// written is the JSON that a value is written as.
func written(t testing.TB, v any) gjson.Result {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return gjson.ParseBytes(text)
}

// A line of the version before says what it said, but for steps and undos, of which
// see below.
func TestLinesOfTheVersionBefore(t *testing.T) {
	t.Parallel()
	for i, line := range lines1(t) {
		r := parsed(t, line)
		text, err := r.Line()
		if err != nil {
			t.Fatal(err)
		}
		now := gjson.ParseBytes(text).Value().(map[string]any)
		delete(now, "steps")
		delete(now, "undo")
		if diff := cmp.Diff(as2(t, line), now); diff != "" {
			t.Errorf("line %d (-before +now):\n%s", i+1, diff)
		}
	}
}

// as2 is a line of schema 1, with what is in other places now put there.
func as2(t *testing.T, line []byte) map[string]any {
	t.Helper()
	was := gjson.ParseBytes(line)
	out := was.Value().(map[string]any)
	if plan, ok := out["plan"].(map[string]any); ok {
		if plan["othersAffected"] != out["othersAffected"] {
			t.Errorf("%v others are affected, the plan says %v", out["othersAffected"], plan["othersAffected"])
		}
		for _, name := range []string{"steps", "nearMisses", "othersAffected"} {
			delete(plan, name)
		}
	}
	var misses, writes []string
	for _, at := range []string{"nearMisses", "plan.nearMisses"} {
		for _, m := range was.Get(at).Array() {
			if line := m.Get("source").String() + " | " + m.Get("reason").String() + " | " + m.Get("text").String(); !slices.Contains(misses, line) {
				misses = append(misses, line)
			}
		}
	}
	for _, s := range was.Get("sessions").Array() {
		if s.Get("name").String() != was.Get("session").String() {
			t.Errorf("session %s beside %s", s.Get("name"), was.Get("session"))
		}
		writes = append(writes, s.Get("account").String()+" "+s.Get("action").String()+" "+was.Get("key").String())
	}
	for _, name := range []string{"sessions", "undo", "nearMisses"} {
		delete(out, name)
	}
	for name, value := range out {
		if list, ok := value.([]any); ok {
			out[name] = joined(list)
		}
	}
	if proof, ok := out["proof"].(map[string]any); ok && proof["instances"] != nil {
		proof["instances"] = joined(proof["instances"].([]any))
	}
	if missing, ok := out["missing"]; ok {
		out["missing"] = map[string]any{out["decision"].(string): missing}
	}
	out["schema"] = record.Schema
	if len(misses) > 0 {
		out["nearMisses"] = strings.Join(misses, "\n")
	}
	if len(writes) > 0 {
		out["writes"] = strings.Join(writes, "\n")
	}
	return out
}

func joined(list []any) string {
	out := make([]string, len(list))
	for i, l := range list {
		out[i] = l.(string)
	}
	return strings.Join(out, "\n")
}

// The steps are those of the plan, with every member.
func TestStepsOfTheVersionBefore(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for i, line := range lines1(t) {
		r, was := parsed(t, line), gjson.GetBytes(line, "plan.steps").Array()
		if len(was) != len(r.Steps) || r.Plan != nil && len(r.Plan.Steps) != len(was) {
			t.Fatalf("line %d: %d steps of %d", i+1, len(r.Steps), len(was))
		}
		for j, step := range r.Steps {
			seen[step.Kind()] = true
			if _, unread := step.(change.Unread); unread {
				t.Errorf("line %d: %s stays unread", i+1, step.Kind())
			}
			before := was[j].Value()
			if within, ok := before.(map[string]any)["grant"].(map[string]any); ok {
				delete(within, "type") // what it is, its place says
			}
			if diff := cmp.Diff(before, written(t, change.Steps{step}).Get("0").Value()); diff != "" {
				t.Errorf("line %d, step %d (-before +now):\n%s", i+1, j, diff)
			}
		}
	}
	if len(seen) != 10 {
		t.Errorf("%d kinds of step: %v", len(seen), seen)
	}
}

// undos1 says where the members of schema 1's undos are now. Of whom a grant was issued
// by, the step's account tells.
func undos1() map[string]map[string]string {
	copied := map[string]string{"account": "account", "region": "region", "key": "key"}
	with := func(members map[string]string) map[string]string {
		for name, at := range copied {
			members[name] = at
		}
		return members
	}
	return map[string]map[string]string{
		"removeStatements": {"": "RemoveStatements", "key": "key", "principal": "principal", "sids": "sids"},
		"revokeGrant":      {"": "RevokeGrant", "key": "grant.key", "grantId": "grantId"},
		"retireGrant":      {"": "RetireGrant", "key": "grant.key", "grantId": "grantId", "name": "grant.name", "retiring": "grant.retiring", "issuer": "."},
		"createGrant": {
			"": "CreateGrant", "type": "type", "key": "key", "principal": "principal", "name": "name", "operations": "operations", "retiring": "retiring", "why": "why",
		},
		"deleteRole":  {"": "DeleteServiceLinkedRole", "role": "role"},
		"restoreRole": {"": "UpdateGroup", "group": "group", "name": "name", "ours": "before", "role": "after"},
		"removeCopy": with(map[string]string{
			"": "RemoveCopy", "type": "type", "source": "source", "copyKey": "copyKey", "remediation": "remediation", "id": "id", "snapshots": "snapshots",
		}),
		"setDefaultVersion": with(map[string]string{
			"": "SetDefaultVersion", "type": "type", "template": "template", "version": "version", "before": "before", "follow": "follow",
		}),
		"deleteTemplateVersion": with(map[string]string{
			"": "DeleteTemplateVersion", "template": "template", "from": "from", "remediation": "remediation",
		}),
	}
}

// An undo has as many steps as it had, in the same order, each on the same.
func TestUndosOfTheVersionBefore(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for i, line := range lines1(t) {
		r, was := parsed(t, line), gjson.GetBytes(line, "undo")
		list := was.Array() // of an object: the object
		if len(list) != len(r.Undo) {
			t.Fatalf("line %d: %d steps of %d", i+1, len(r.Undo), len(list))
		}
		for j, step := range r.Undo {
			now := written(t, change.Steps{step}).Get("0")
			list[j].ForEach(func(kind, of gjson.Result) bool {
				seen[kind.String()] = true
				members := undos1()[kind.String()]
				if _, unread := step.(change.Unread); unread || members[""] != step.Kind() {
					t.Errorf("line %d: %s is %T %s", i+1, kind, step, step.Kind())
				}
				of.ForEach(func(name, value gjson.Result) bool {
					at, ok := members[name.String()]
					got := now.Get(at)
					if at == "." {
						got = written(t, step.At().Account)
					}
					if !ok || !cmp.Equal(value.Value(), got.Value()) {
						t.Errorf("line %d: %s.%s was %s, is %s", i+1, kind, name, value.Raw, got.Raw)
					}
					return true
				})
				return true
			})
		}
	}
	if len(seen) != len(undos1()) {
		t.Errorf("%d kinds of undo: %v", len(seen), seen)
	}
}

// KMS lists grants by the grantee. So the step that ends one has the grantee, which
// schema 1 didn't write there.
func TestGrantsThatTheVersionBeforeMade(t *testing.T) {
	t.Parallel()
	found := 0
	for i, line := range lines1(t) {
		for _, step := range parsed(t, line).Undo {
			var got grant.Create
			switch s := step.(type) {
			case grant.Revoke:
				got = s.Grant
			case grant.Retire:
				got = s.Grant
			default:
				continue
			}
			found++
			want := gjson.GetBytes(line, `plan.steps.#(type=="CreateGrant")`)
			if diff := cmp.Diff(want.Value(), written(t, change.Steps{got}).Get("0").Value()); diff != "" {
				t.Errorf("line %d (-planned +undone):\n%s", i+1, diff)
			}
		}
	}
	if found != 5 {
		t.Errorf("%d grants", found)
	}
}

// Where the plan was cut, or plans another grant, the record's principal is the
// grantee, if the grant was issued in its account.
func TestGrantsOfLinesThatWereCut(t *testing.T) {
	t.Parallel()
	const line = `{"schema":"keymend.audit/1","phase":"outcome","principal":"arn:aws:iam::111122223333:role/a",` +
		`"plan":{"steps":[{"type":"CreateGrant","key":"arn:aws:kms:eu-west-1:444455556666:key/1","name":"other","principal":"p","operations":[],"why":""}]},"undo":`
	const key = `"key":"arn:aws:kms:eu-west-1:444455556666:key/1"`
	for undo, want := range map[string]change.Step{
		`{"revokeGrant":{"key":"k","grantId":"g"}}`: grant.Revoke{GrantID: "g", Grant: grant.Create{Key: "k", Principal: "arn:aws:iam::111122223333:role/a"}},
		`{"retireGrant":{` + key + `,"name":"n","issuer":"111122223333"}}`: grant.Retire{
			Grant: grant.Create{Key: "arn:aws:kms:eu-west-1:444455556666:key/1", Name: "n", Principal: "arn:aws:iam::111122223333:role/a"},
		},
		`[{"retireGrant":{` + key + `,"name":"n","retiring":"r","issuer":"777788889999"}}]`: grant.Retire{
			Grant: grant.Create{Key: "arn:aws:kms:eu-west-1:444455556666:key/1", Name: "n", Retiring: "r", Principal: arn.Root("aws", "777788889999")},
		},
	} {
		if diff := cmp.Diff(record.Steps{want}, parsed(t, []byte(line+undo+"}")).Undo); diff != "" {
			t.Errorf("%s (-want +got):\n%s", undo, diff)
		}
	}
}

// What nobody wrote is of no kind, and hides nothing else.
func TestUndosThatNobodyWrote(t *testing.T) {
	t.Parallel()
	for undo, want := range map[string][]string{
		`null`:                               {},
		`[]`:                                 {},
		`5`:                                  {""},
		`{}`:                                 {""},
		`{"deleteRole":{},"restoreRole":{}}`: {""},
		`{"deleteRole":5}`:                   {""},
		`{"deleteRole":null}`:                {"DeleteServiceLinkedRole"},
		`{"burnDown":{"type":"RemoveCopy"}}`: {"burnDown"},
		`[{"removeStatements":{"key":5}},{"deleteRole":{"role":"r"}}]`: {"RemoveStatements", "DeleteServiceLinkedRole"},
	} {
		r := parsed(t, []byte(`{"schema":"keymend.audit/1","undo":`+undo+`}`))
		kinds := []string{}
		for _, step := range r.Undo {
			kinds = append(kinds, step.Kind())
		}
		if diff := cmp.Diff(want, kinds); diff != "" {
			t.Errorf("%s (-want +got):\n%s", undo, diff)
		}
	}
}
