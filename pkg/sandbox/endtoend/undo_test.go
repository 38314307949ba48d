package endtoend_test

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	keymend "keymend/pkg/account"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/apply/table"
	"keymend/pkg/audit"
	"keymend/pkg/history"
	"keymend/pkg/outcome"
	"keymend/pkg/plan"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
	"keymend/pkg/settings"
	"keymend/pkg/wiring"
)

// TestEveryStoryUndone takes back every change of every story, the last one first,
// by the program: the accounts then stand as where Keymend only observed.
func TestEveryStoryUndone(t *testing.T) {
	t.Parallel()
	for name, s := range stories() {
		if s.lasting {
			continue
		}
		t.Run(name, func(t *testing.T) {
			sample(t, 3)
			t.Parallel()
			_, before := s.told(t, "observe")
			w, healed := s.told(t, "enforce")
			if before == healed != s.noTrace {
				t.Fatalf("nothing was changed:\n%s", before)
			}
			w.undoAll(len(w.undoable()))
			if d := cmp.Diff(before, w.asTheyStand()); d != "" {
				t.Errorf("after undo (-before +after):\n%s\n%s", d, w.story())
			}
		})
	}
}

// told tells a story in a mode.
func (s story) told(t *testing.T, mode string) (*world, string) {
	t.Helper()
	w := newWorld(t, append([]option{with("Mode", mode)}, s.options...)...)
	s.make(w)
	w.box.Advance(2 * time.Hour)
	return w, w.asTheyStand()
}

func (w *world) asTheyStand() string { return strings.Join(w.accountsStand(), "\n") }

// undoAll takes back every change that is on record, last first, with Keymend
// stopped, or it would begin again.
func (w *world) undoAll(want int) {
	w.t.Helper()
	w.parameter("/keymend/switch", "off")
	ids := w.undoable()
	if len(ids) != want {
		w.t.Errorf("%d changes on record, want %d", len(ids), want)
	}
	file := w.auditFile()
	for _, id := range ids {
		w.takeBack(id, file)
	}
}

// undoable are the remediations that were begun with something to take back, the one
// that was begun last first.
func (w *world) undoable() []string {
	w.t.Helper()
	var ids []string
	for _, r := range w.records() {
		if r.Phase == record.Intent && len(r.Undo) > 0 && !slices.Contains(ids, r.RemediationID) {
			ids = append(ids, r.RemediationID)
		}
	}
	slices.Reverse(ids)
	return ids
}

// takeBack undoes a remediation with the credentials of each account that it is in.
func (w *world) takeBack(id, file string) {
	w.t.Helper()
	code, said := w.keymend(account, "undo", id, "--file", file, "--apply")
	if code == 3 {
		code, said = w.keymend(owner, "undo", id, "--file", file, "--apply")
	}
	if code != 0 && code != 3 || !strings.Contains(said, "undone: ") {
		w.t.Errorf("undo %s: exit %d\n%s", id, code, said)
	}
}

// undoHere takes back every change that was begun, as the program would, in this
// process: a test that does so many times needs no thousand processes.
func (w *world) undoHere() {
	w.t.Helper()
	w.parameter("/keymend/switch", "off")
	all := w.records()
	for _, id := range w.undoable() {
		of, _ := history.Of(all, id)
		r, _ := of.Undo()
		r.Time = r.Time.Add(-time.Hour) // as simulated time has it
		var err error
		for _, who := range []string{account, owner} {
			x := w.as(who).fixer()
			if r, err = x.Undo(w.t.Context(), r); err == nil && r.Outcome == outcome.Undone {
				break
			}
		}
		// A try that somebody's edit overtook may be one whose key can't be seen any more
		// once the change that came of the next is taken back.
		overtaken := r.Outcome == outcome.PartlyUndone && slices.ContainsFunc(all, func(a record.Record) bool { return a.RemediationID == id && a.Outcome == outcome.Superseded })
		if err != nil || r.Outcome != outcome.Undone && !overtaken {
			w.t.Errorf("undo %s: %s %s, %v", id, r.Outcome, r.Reason, err)
		}
	}
}

// fixer is the program's, for the administrator of the account.
func (w *world) fixer() *remediation.Fixer {
	c := settings.Config{Mode: settings.Enforce, Partition: "aws", Accounts: []string{owner}, VerifyReads: 1}
	world := wiring.AWS{Settings: c, Own: w.cfg, Sessions: keymend.New(w.cfg, keymend.Options{Version: "test"})}
	return &remediation.Fixer{Open: world.Open, Sleep: func(context.Context, time.Duration) error { return nil }, Looker: remediation.Looker{
		Settings: c, AWS: world, Queue: remediation.Nobody{}, Kinds: table.Kinds(), Plan: plan.All, Log: &audit.Writer{Out: io.Discard, Now: time.Now},
	}}
}
