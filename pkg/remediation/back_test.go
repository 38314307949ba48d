package remediation_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"keymend/pkg/access"
	"keymend/pkg/apply/once"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
)

// granted is a world in which a grant was made a moment ago, with the record of that as
// a file has it.
func granted(t *testing.T, ago time.Duration) (*world, record.Record) {
	t.Helper()
	w := newWorld()
	w.tags["aws:cloudformation:stack-name"] = "platform"
	r, err := w.fixer().Remediate(t.Context(), w.message(t))
	if err != nil || r.Outcome != outcome.Fixed || len(w.grants) != 1 {
		t.Fatalf("%s %s, %v", r.Outcome, r.Reason, err)
	}
	w.records, r.Time = nil, time.Now().Add(-ago)
	return w, logged(t, r)
}

// TestWhatDoesNotShowYet: a grant of a moment ago isn't listed. That it is gone isn't said
// before it is known: by time, or by the record of who took it back.
func TestWhatDoesNotShowYet(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		ago    time.Duration
		undone time.Duration // after it was made; 0 = nobody did
		late   bool
	}{
		"refused, by the record":   {time.Minute, 20 * time.Second, false},
		"just now":                 {time.Second, 0, true},
		"by a clock that is ahead": {-time.Minute, 0, true},
		"long ago":                 {6 * time.Minute, 0, false},
		"taken back since":         {time.Minute, 30 * time.Second, false},
		"taken back before":        {time.Minute, -30 * time.Second, true},
	} {
		w, r := granted(t, tc.ago)
		w.grants = nil
		x := w.fixer(reading(func(all *readers) {
			all.intents = func(_ context.Context, id string, _, _ time.Time) ([]string, error) {
				if id != keyARN || tc.undone == 0 {
					return nil, nil
				}
				back := r
				back.Outcome, back.Time, back.Undo, back.Schema = outcome.Undone, r.Time.Add(tc.undone), nil, record.Schema
				if strings.HasPrefix(name, "refused") {
					back.Outcome = outcome.Failed
				}
				line, err := back.Line()
				return []string{string(line)}, err
			}
		}))
		shown, _, err := x.Preview(t.Context(), r)
		if err != nil || len(shown) != 1 || (shown[0].Label == "NOT SEEN") != tc.late {
			t.Errorf("%s: shown as %+v, %v", name, shown, err)
		}
		got, err := x.Undo(t.Context(), r)
		if errors.Is(err, once.ErrStale) != tc.late || strings.Contains(got.Reason, "gone already") == tc.late {
			t.Errorf("%s: %s %s, %v", name, got.Outcome, got.Reason, err)
		}
		if last := w.records[len(w.records)-1]; tc.late && (last.Outcome != outcome.Failed || len(last.Undo) != 1) {
			t.Errorf("%s: on record as %s, undo %v", name, last.Outcome, last.Undo)
		}
	}
}

// TestItShowsAMomentLater: a grant of a moment ago is listed at the second look.
func TestItShowsAMomentLater(t *testing.T) {
	t.Parallel()
	w, r := granted(t, time.Second)
	made := w.grants
	w.grants = nil
	x := w.fixer(func(x *remediation.Fixer) {
		x.Sleep = func(ctx context.Context, _ time.Duration) error {
			if made != nil {
				w.grants, made = made, nil
			}
			return ctx.Err()
		}
	})
	if got, err := x.Undo(t.Context(), r); err != nil || got.Outcome != outcome.Undone || strings.Contains(got.Reason, "gone already") || len(w.grants) != 0 {
		t.Errorf("%s %s, %v, %d grants", got.Outcome, got.Reason, err, len(w.grants))
	}
}

// TestUndoIsReadBack: AWS took a change back. That is said once it
// shows; where it doesn't, the record isn't that of an undo, and has the rest.
func TestUndoIsReadBack(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		late int // reads that show what was there before
		want outcome.Outcome
	}{
		"at once": {0, outcome.Undone}, "a little later": {2, outcome.Undone}, "never": {1000, outcome.Unproven},
	} {
		w := newWorld()
		r, err := w.fixer().Remediate(t.Context(), w.message(t))
		if err != nil {
			t.Fatal(err)
		}
		open, n := w.policy, 0
		w.before["Get"] = func() {
			if w.puts < 2 {
				return
			}
			if n++; n <= tc.late {
				w.policy = open
			} else {
				w.policy = rootOnly
			}
		}
		got, err := w.fixer(func(x *remediation.Fixer) { x.Person = access.Principal{ARN: "arn:aws:iam::111122223333:user/admin"} }).Undo(t.Context(), logged(t, r))
		if err != nil || got.Outcome != tc.want || w.puts != 2 {
			t.Errorf("%s: %s %s, %v, %d writes", name, got.Outcome, got.Reason, err, w.puts)
		}
		proven := tc.want == outcome.Undone
		if proven != (got.Proof != nil && got.Proof.EqualReads == 3) || proven == (len(got.Undo) > 0) || n < 6 {
			t.Errorf("%s: proof %+v, undo %v, %d reads", name, got.Proof, got.Undo, n)
		}
	}
}
