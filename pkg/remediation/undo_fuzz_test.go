package remediation_test

import (
	"encoding/json"
	"testing"

	"keymend/pkg/access"
	"keymend/pkg/audit"
	"keymend/pkg/keypolicy"
)

// Records come from a file or a log: whatever stands in one, undo takes away
// nothing but Keymend's own, on the record's own key, and is on record before it
// writes.
func FuzzUndo(f *testing.F) {
	key := `"schema":"keymend.audit/1","remediationId":"r-1","phase":"outcome","account":"111122223333","region":"eu-west-1","key":"` + keyARN + `"`
	f.Add(`{` + key + `,"undo":{"removeStatements":{"key":"` + keyARN + `","principal":"` + slr + `","sids":["KeymendUse"]}}}`)
	f.Add(`{` + key + `,"undo":{"removeStatements":{"key":"` + keyARN + `","principal":"arn:aws:iam::111122223333:root"}}}`)
	f.Add(`{` + key + `,"undo":{"revokeGrant":{"key":"` + keyARN + `","grantId":"g1"}}}`)
	f.Add(`{` + key + `,"undo":{"removeStatements":{"key":"arn:other","principal":"x"}}}`)
	f.Add(`{` + key + `,"undo":[{"retireGrant":{"key":"` + keyARN + `","name":"keymend-1","retiring":"r","issuer":"111122223333"}},{"removeStatements":{"key":"` + keyARN + `","principal":"` + slr + `"}}]}`)
	f.Add(`{` + key + `,"undo":[{"retireGrant":{"key":"` + keyARN + `","grantId":"g1","issuer":"444455556666"}},null]}`)
	f.Add(`{` + key + `,"undo":{"removeStatements":null,"revokeGrant":{}}}`)
	f.Add(`{` + key + `,"plan":{"steps":[{"type":"EditKeyPolicy"},null]},"undo":"x"}`)
	f.Add(`{"key":"","undo":{"revokeGrant":{"key":"","grantId":"g1"}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var of audit.Record
		if json.Unmarshal([]byte(text), &of) != nil {
			return
		}
		w := newWorld()
		d, err := keypolicy.Parse(rootOnly)
		if err != nil {
			t.Fatal(err)
		}
		edit, err := keypolicy.Allow(d, slr)
		if err != nil {
			t.Fatal(err)
		}
		w.policy, w.grants = edit.After, []access.Grant{{ID: "g1", Name: "keymend-1"}}
		w.before["Put"] = func() {
			if len(w.records) != 1 || w.records[0].Phase != audit.Intent {
				t.Errorf("written before it was on record: %v", outcomes(w.records))
			}
		}
		got, err := w.engine().Undo(t.Context(), of)
		if err != nil && len(w.records) == 0 && (w.writes() != 0 || len(w.grants) != 1) {
			t.Error("written without a record")
		}
		if len(w.records) == 2 && (got.Phase != audit.Result || got.Outcome != audit.Undone && err == nil) {
			t.Errorf("%+v, %v", got, err)
		}
		for _, s := range w.opened {
			if s.Key != of.Key || s.Key == "" {
				t.Errorf("a session for %q by a record about %q", s.Key, of.Key)
			}
		}
		after, err := keypolicy.Parse(w.policy)
		if err != nil || len(after.Statements()) == 0 || after.Statements()[0].Sid != "EnableRoot" {
			t.Errorf("%v: %s", err, w.policy)
		}
	})
}
