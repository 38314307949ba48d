package endtoend_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/audit"
)

// TestEveryStoryUndone takes back every change of every story, the last one first,
// by the program: the accounts then stand as where Keymend only observed.
func TestEveryStoryUndone(t *testing.T) {
	t.Parallel()
	for name, s := range stories() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, before := s.told(t, "observe")
			w, healed := s.told(t, "enforce")
			if before == healed {
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
	for _, id := range ids {
		w.takeBack(id)
	}
}

// undoable are the remediations with something to take back, the last one first.
func (w *world) undoable() []string {
	var ids []string
	for _, r := range w.records() {
		if r.Phase == audit.Result && len(r.Undo) > 0 {
			ids = append(ids, r.RemediationID)
		}
	}
	slices.Reverse(ids)
	var out []string
	for _, id := range ids {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// takeBack undoes a remediation with the credentials of each account that it is in.
func (w *world) takeBack(id string) {
	w.t.Helper()
	file := w.auditFile()
	code, said := w.keymend(account, "undo", id, "--file", file, "--apply")
	if code == 3 {
		code, said = w.keymend(owner, "undo", id, "--file", file, "--apply")
	}
	if code != 0 && code != 3 || !strings.Contains(said, "UNDONE") {
		w.t.Errorf("undo %s: exit %d\n%s", id, code, said)
	}
}
