package remediation_test

import (
	"slices"
	"strings"
	"testing"

	"keymend/pkg/access"
	"keymend/pkg/apply/table"
	"keymend/pkg/keypolicy"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
)

// Records come from a file or a log: whatever stands in one, undo takes away
// nothing but Keymend's own, on what the record is about, and is on record before
// it writes.
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

	now := strings.Replace(key, "keymend.audit/1", record.Schema, 1) + `,"group":"web-prod","principal":"` + ownRole + `"`
	for _, steps := range []string{
		`[{"type":"RemoveStatements","key":"` + keyARN + `","principal":"` + slr + `","sids":["KeymendUse"]}]`,
		`[{"type":"RemoveStatements","key":"` + keyARN + `","principal":"arn:aws:iam::111122223333:root","sids":["EnableRoot"]}]`,
		`[{"type":"RevokeGrant","grantId":"g1","grant":{"key":"` + keyARN + `","principal":"` + slr + `"}}]`,
		`[{"type":"RevokeGrant","grant":{"key":"` + keyARN + `","principal":"` + slr + `","name":""}}]`,
		`[{"type":"RetireGrant","grantId":"g0","grant":{"key":"` + keyARN + `","principal":"` + slr + `"}}]`,
		`[{"type":"EditKeyPolicy","key":"` + keyARN + `","principal":"*","before":"","after":"{}"}]`,
		`[{"type":"CreateGrant","key":"` + keyARN + `","principal":"arn:aws:iam::111122223333:role/mallory","name":"x","operations":["Decrypt"]}]`,
		`[{"type":"DeleteServiceLinkedRole","role":"` + ownRole + `"}]`, `[{"type":"DeleteServiceLinkedRole","role":"` + slr + `"}]`,
		`[{"type":"UpdateGroup","group":"` + groupARN + `","name":"web-prod","before":"` + ownRole + `","after":"` + slr + `"}]`,
		`[{"type":"UpdateGroup","group":"` + groupARN + `","name":"other","before":"` + ownRole + `","after":"` + slr + `"}]`,
		`[{"type":"RemoveCopy","account":"111122223333","region":"eu-west-1","key":"` + keyARN + `","source":"ami-1","copyKey":"k","id":"ami-2"}]`,
		`[{"type":"DeleteTemplateVersion","account":"111122223333","key":"` + keyARN + `","template":"lt-1","from":1,"remediation":"r-1"}]`,
		`[{"type":"SetDefaultVersion","account":"111122223333","key":"` + keyARN + `","template":"lt-1","version":1,"before":2}]`, `[{"type":"?"}]`, `[null]`,
	} {
		f.Add(`{` + now + `,"undo":` + steps + `}`)
		f.Add(`{` + now + `,"undo":"` + strings.ReplaceAll(steps, `"`, `\"`) + `"}`)
	}
	f.Fuzz(func(t *testing.T, text string) {
		of, ok, err := record.Parse([]byte(text), table.Kinds().Kinds())
		if err != nil || !ok {
			return
		}
		w := newMover()
		d, err := keypolicy.Parse(rootOnly)
		if err != nil {
			t.Fatal(err)
		}
		edit, err := keypolicy.Allow(d, slr)
		if err != nil {
			t.Fatal(err)
		}
		w.policy, w.grants = edit.After, []access.Grant{{ID: "g1", Name: "keymend-1"}, {ID: "g0"}}
		w.launch.Principal.ARN = ownRole
		w.before["Put"] = func() {
			if len(w.records) != 1 || w.records[0].Phase != record.Intent {
				t.Errorf("written before it was on record: %v", outcomes(w.records))
			}
		}
		got, err := w.fixer().Undo(t.Context(), of)
		if err != nil && len(w.records) == 0 && (w.writes() != 0 || len(w.grants) != 2) {
			t.Error("written without a record")
		}
		if len(w.records) == 2 && (got.Phase != record.Result || got.Outcome != outcome.Undone && err == nil) {
			t.Errorf("%+v, %v", got, err)
		}
		for _, s := range w.opened {
			about := []string{of.Key, of.Principal, groupARN}
			if strings.HasPrefix(s.Action, "kms:") {
				about = about[:1]
			}
			if strings.HasPrefix(s.Action, "autoscaling:") && ofItsGroup(s.Target, of) {
				continue
			}
			if !strings.HasPrefix(s.Action, "ec2:") && !slices.Contains(about, s.Target) || s.Target == "" {
				t.Errorf("a session for %s on %q by a record about %q", s.Action, s.Target, of.Key)
			}
		}
		after, err := keypolicy.Parse(w.policy)
		if err != nil || len(after.Statements()) == 0 || after.Statements()[0].Sid != "EnableRoot" {
			t.Errorf("%v: %s", err, w.policy)
		}
		for _, s := range after.Statements()[1:] {
			if !keypolicy.Owned(s) {
				t.Errorf("added: %s", w.policy)
			}
		}
	})
}

// ofItsGroup reports whether an ARN is of the record's group; AWS gives each group an id.
func ofItsGroup(text string, of record.Record) bool {
	before, after := "arn:aws:autoscaling:"+of.Region+":"+of.Account+":autoScalingGroup:", ":autoScalingGroupName/"+of.Group
	return strings.HasPrefix(text, before) && strings.HasSuffix(text, after) && !strings.ContainsAny(strings.TrimSuffix(strings.TrimPrefix(text, before), after), ":/")
}
