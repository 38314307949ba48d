package table_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/apply"
	"keymend/pkg/apply/applytest"
	"keymend/pkg/apply/table"
	"keymend/pkg/change"
	"keymend/pkg/kind/grant"
	"keymend/pkg/kind/group"
	"keymend/pkg/kind/role"
	"keymend/pkg/kind/statements"
	"keymend/pkg/kind/template"
)

// TestUndosSurviveJSON: what takes a change back is written down before the change
// is made.
func TestUndosSurviveJSON(t *testing.T) {
	t.Parallel()
	by := change.Mark{Remediation: applytest.Remediation}
	remove := statements.Add{Key: applytest.TheirKey, Principal: "p", Sids: []string{"s"}}.Undo(by, change.Result{})
	retire := granting(applytest.TheirKey).Undo(by, change.Result{})
	const (
		removed = `{"type":"RemoveStatements","key":"` + applytest.TheirKey + `","principal":"p","sids":["s"]}`
		retired = `{"type":"RetireGrant","grant":{"key":"` + applytest.TheirKey + `","principal":"` + applytest.Role +
			`","name":"keymend-1","operations":["Decrypt","CreateGrant"],"retiring":"arn:aws:iam::111122223333:role/keymend-granter","why":"so"}}`
	)
	for text, want := range map[string]change.Steps{
		`[` + removed + `]`:                 remove,
		`[` + retired + `,` + removed + `]`: slices.Concat(retire, remove),
		`[]`:                                {},
	} {
		written, err := json.Marshal(want)
		if err != nil || string(written) != text {
			t.Errorf("%s, %v", written, err)
		}
		var unread change.Steps
		if err := json.Unmarshal([]byte(text), &unread); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if got, err := table.Kinds().Kinds().Read(unread); err != nil || cmp.Diff(want, got) != "" {
			t.Errorf("%s: %v %s", text, err, cmp.Diff(want, got))
		}
	}
	for _, two := range []string{`[{}]`, `[{"type":"RunInstances"}]`, `[` + removed + `,{"type":""}]`} {
		var unread change.Steps
		if err := json.Unmarshal([]byte(two), &unread); err != nil {
			t.Errorf("%s: %v", two, err)
		}
		if got, err := table.Kinds().Kinds().Read(unread); !errors.Is(err, change.ErrUnknownKind) {
			t.Errorf("%s: %+v, %v", two, got, err)
		}
	}
}

// TestWhatIsKnownBeforehand: KMS gives a grant its id. Before, its name tells, where
// somebody can list it: on an own key, or who may retire it.
func TestWhatIsKnownBeforehand(t *testing.T) {
	t.Parallel()
	own, theirs := granting(applytest.OwnKey), granting(applytest.TheirKey)
	nobodys := theirs
	nobodys.Retiring = ""
	for name, tc := range map[string]struct {
		step         grant.Create
		early, later change.Steps
	}{
		"on an own key":          {own, change.Steps{grant.Revoke{Grant: own}}, change.Steps{grant.Revoke{GrantID: "g1", Grant: own}}},
		"on their key":           {theirs, change.Steps{grant.Retire{Grant: theirs}}, change.Steps{grant.Retire{GrantID: "g1", Grant: theirs}}},
		"that nobody may retire": {nobodys, nil, change.Steps{grant.Retire{GrantID: "g1", Grant: nobodys}}},
	} {
		if diff := cmp.Diff(tc.early, tc.step.Undo(change.Mark{}, change.Result{})); diff != "" {
			t.Errorf("%s, before (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(tc.later, tc.step.Undo(change.Mark{}, change.Result{ID: "g1"})); diff != "" {
			t.Errorf("%s, after (-want +got):\n%s", name, diff)
		}
	}
}

// TestPlansAreTakenBack: of several steps the last is taken back first, by what is
// known before any is carried out, after some and after all.
func TestPlansAreTakenBack(t *testing.T) {
	t.Parallel()
	g := applytest.New().Groups[0]
	for name, steps := range map[string]change.Steps{
		"a key opened to an account, and a grant": {add(applytest.TheirKey, root, applytest.New, delegates), granting(applytest.TheirKey)},
		"a role made, and a group updated": {
			role.Ensure{Role: dedicated, Suffix: "payments"}, group.Update{Group: *g.AutoScalingGroupARN, Name: "web", Before: applytest.Role, After: dedicated},
		},
		"a version made, and the default moved": {deriving(), template.SetDefault{Scene: scene(), Before: 1, From: 1, Follow: []string{"web"}}},
	} {
		for carried := range len(steps) + 1 {
			for known := range carried + 1 {
				w := applytest.New()
				before, e := w.Lines(), w.Env()
				for _, step := range steps[:carried] {
					result, err := table.Kinds().Do(t.Context(), e, step)
					if err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					e.Before = append(e.Before, result)
				}
				undo := steps.Undo(e.By, e.Before[:known], true)
				e = w.Env()
				for _, step := range undo {
					_, err := table.Kinds().Do(t.Context(), e, step)
					if early := carried < len(steps) && errors.Is(err, apply.ErrSuperseded); err != nil && !early {
						t.Errorf("%s, %d carried out, %d known: %s: %v", name, carried, known, step.Kind(), err)
					}
					e.Before = append(e.Before, change.Result{})
				}
				if diff := cmp.Diff(before, w.Lines()); diff != "" {
					t.Errorf("%s, %d carried out, %d known (-want +got):\n%s", name, carried, known, diff)
				}
			}
		}
	}
}
