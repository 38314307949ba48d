package remediation_test

import (
	"strings"
	"testing"

	"keymend/pkg/change"
	"keymend/pkg/kind/copies"
	"keymend/pkg/kind/grant"
	"keymend/pkg/kind/group"
	"keymend/pkg/kind/role"
	"keymend/pkg/kind/statements"
	"keymend/pkg/kind/template"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
)

// Fault: an undo is a list of steps, and a record comes from a file: a step that
// opens instead of taking back was carried out with the credentials of the person
// who asked to have a change undone.
func TestAnUndoCouldOpenAKey(t *testing.T) {
	t.Parallel()
	evil := strings.Replace(rootOnly, `"arn:aws:iam::111122223333:root"`, `"*"`, 1)
	const mallory = "arn:aws:iam::111122223333:role/mallory"
	scene := template.Scene{Account: accountID, Region: region, Key: keyARN, Template: "lt-1"}
	for name, step := range map[string]change.Step{
		"a policy":                    statements.Add{Key: keyARN, Principal: slr, Before: rootOnly, After: evil},
		"a grant to somebody":         grant.Create{Key: keyARN, Principal: mallory, Name: "keymend-x", Operations: []string{"Decrypt"}},
		"a grant to the record's own": grant.Create{Key: keyARN, Principal: mallory, Name: "keymend-x", Operations: []string{"Decrypt"}},
		"a copy":                      copies.Make{Account: accountID, Region: region, Key: keyARN, Source: "ami-1", CopyKey: ownKey},
		"a version":                   template.NewVersion{Scene: scene, From: 1, ImageID: "ami-evil"},
		"a version, under a key":      template.NewVersion{Scene: scene, From: 1, ImageID: "ami-evil", CopyKey: ownKey},
		"a role":                      role.Ensure{Role: ownRole, Suffix: "payments"},
		"another role for a group":    group.Update{Group: groupARN, Name: "web-prod", Before: slr, After: slr + "_evil"},
	} {
		m := newMover()
		r := record.Record{
			RemediationID: "r-0123456789abcdef", Phase: record.Result, Outcome: outcome.Fixed, Account: accountID, Region: region, Group: "web-prod",
			Key: keyARN, Principal: ownRole, Undo: record.Steps{step},
		}
		if name == "a grant to the record's own" {
			r.Principal = mallory
		}
		if u, err := m.fixer().Undo(t.Context(), logged(t, r)); err == nil || m.policy != rootOnly || m.writes() != 0 || m.created != 0 || m.updates != 0 || len(m.opened) != 0 || len(m.records) != 0 {
			t.Errorf("%s: %s %s, %v; %d sessions", name, u.Outcome, u.Reason, err, len(m.opened))
		}
		if _, _, err := m.fixer().Preview(t.Context(), logged(t, r)); err == nil {
			t.Errorf("%s: shown as if it took something back", name)
		}
	}
}

// What an undo would do is said without doing it; once it is done, there is nothing
// left to say.
func TestPreview(t *testing.T) {
	t.Parallel()
	for name, begin := range stages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := begin(t)
			s.killed(t)
			r := logged(t, s.records[0])
			opened := len(s.opened)
			before, accounts, err := s.fixer().Preview(t.Context(), r)
			if err != nil || len(accounts) != 0 || len(before) != len(r.Undo) || len(s.opened) != opened || len(s.records) != 1 {
				t.Fatalf("%+v, %v, %v, %d sessions", before, accounts, err, len(s.opened)-opened)
			}
			for i, p := range before {
				if len(p.Says) == 0 && p.Before == p.After || p.Label == "STAYS" {
					t.Errorf("step %d of %s: %+v", i, takes(t, r), p)
				}
			}
			s.wantUndone(t, r)
			after, _, err := s.fixer().Preview(t.Context(), r)
			for i, p := range after {
				if len(p.Says) > 0 || p.Before != p.After {
					t.Errorf("afterwards, step %d of %s: %+v, %v", i, takes(t, r), p, err)
				}
			}
		})
	}
}

// Of two accounts, what is in the one that can't be read from here is named.
func TestPreviewOfAnotherAccount(t *testing.T) {
	t.Parallel()
	b := newBorder()
	r, err := b.fixer().Remediate(t.Context(), b.message(t))
	if err != nil {
		t.Fatal(err)
	}
	x := b.fixer(far(b, ownerID))
	all, accounts, err := x.Preview(t.Context(), logged(t, r))
	if err != nil || len(all) != 1 || len(accounts) != 1 || accounts[0] != ownerID {
		t.Errorf("%+v, %v, %v", all, accounts, err)
	}
}
