package remediation_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"

	"keymend/pkg/access"
	"keymend/pkg/apply/once"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
)

// A lossy KMS carries a call out, and its answer doesn't arrive.
type lossy struct {
	*world
	times int // so many answers are lost
}

// PutKeyPolicy implements apply.KMS.
func (l *lossy) PutKeyPolicy(ctx context.Context, in *kms.PutKeyPolicyInput, o ...func(*kms.Options)) (*kms.PutKeyPolicyOutput, error) {
	out, err := l.world.PutKeyPolicy(ctx, in, o...)
	if l.times--; err == nil && l.times >= 0 {
		return nil, errors.New("connection reset by peer")
	}
	return out, err
}

// TestALostAnswerIsReadBack: what stands isn't written again, and isn't claimed; it can
// be taken back, and an undo whose answer is lost is seen to stand.
func TestALostAnswerIsReadBack(t *testing.T) {
	t.Parallel()
	w := newWorld()
	m := w.message(t)
	m.Delivery.Receives = 1
	l := &lossy{w, 1}
	r, err := w.fixer(w.writing(session{kms: l})).Remediate(t.Context(), m)
	if err != nil || r.Outcome != outcome.Stands || w.puts != 1 || len(r.Undo) != 1 || !strings.Contains(r.Reason, "answer") {
		t.Fatalf("%s %s, %v, %d writes", r.Outcome, r.Reason, err, w.puts)
	}
	l.times = 1
	u, err := w.fixer(w.writing(session{kms: l})).Undo(t.Context(), logged(t, r))
	if err != nil || u.Outcome != outcome.Undone || strings.Contains(u.Reason, "already") || w.puts != 2 || w.policy != rootOnly {
		t.Errorf("%s %s, %v, %d writes: %s", u.Outcome, u.Reason, err, w.puts, w.policy)
	}
}

// TestBegunIsSaid: where it can't be seen whether a write took, or its end can't be
// recorded, the error says so, with the remediation by which it is taken back.
func TestBegunIsSaid(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		ruin func(*world, *remediation.Fixer)
		sure bool
	}{
		"the disk is full": {func(w *world, _ *remediation.Fixer) { w.noteErr = killedAtTheOutcome }, true},
		"the network goes with the answer": {func(w *world, x *remediation.Fixer) {
			w.writing(session{kms: &lossy{w, 9}})(x)
			w.before["Get"] = func() {
				if w.puts > 0 {
					w.fail["Get"] = errors.New("connection refused")
				}
			}
		}, false},
		"the network goes after the write": {func(w *world, _ *remediation.Fixer) {
			w.before["Key"] = func() {
				if w.puts > 0 {
					w.fail["Key"] = errors.New("connection refused")
				}
			}
		}, true},
	} {
		w := newWorld()
		m := w.message(t)
		x := w.fixer()
		tc.ruin(w, x)
		_, err := x.Remediate(t.Context(), m)
		begun, ok := errors.AsType[*once.BegunError](err)
		if !ok || begun.Sure != tc.sure || !strings.HasPrefix(begun.Remediation, "r-") || !strings.Contains(err.Error(), "kms:PutKeyPolicy on "+keyARN) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestABegunUndoIsSaid: the same of an undo whose end can't be recorded. It is done, and
// again it finds nothing left.
func TestABegunUndoIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld()
	r, err := w.fixer().Remediate(t.Context(), w.message(t))
	if err != nil {
		t.Fatal(err)
	}
	w.noteErr = killedAtTheOutcome
	_, err = w.fixer().Undo(t.Context(), logged(t, r))
	begun, ok := errors.AsType[*once.BegunError](err)
	if !ok || !begun.Sure || begun.Remediation != r.RemediationID || w.policy != rootOnly {
		t.Fatalf("%v: %s", err, w.policy)
	}
	w.noteErr = nil
	if u, err := w.fixer().Undo(t.Context(), logged(t, r)); err != nil || u.Outcome != outcome.Undone || w.policy != rootOnly {
		t.Errorf("%s %s, %v", u.Outcome, u.Reason, err)
	}
}

// TestAnInterrupt ends what wasn't written. What is being written is written, seen to
// and recorded.
func TestAnInterrupt(t *testing.T) {
	t.Parallel()
	for at, want := range map[string]int{"Get": 0, "Put": 1} {
		w := newWorld()
		m := w.message(t)
		ctx, cancel := context.WithCancel(t.Context())
		w.before[at] = cancel
		r, err := w.fixer().Remediate(ctx, m)
		if w.puts != want || (want == 0) != errors.Is(err, context.Canceled) || (want == 1) != (r.Outcome == outcome.Fixed) {
			t.Errorf("at %s: %d writes, %s, %v", at, w.puts, r.Outcome, err)
		}
	}
}

// TestWhyItIsClosedAgain: after the write the key is disabled, or the statements are
// taken away, or a Deny comes in: the reason is what was read, and nobody is accused.
func TestWhyItIsClosedAgain(t *testing.T) {
	t.Parallel()
	const deny = `{"Sid":"Stop","Effect":"Deny","Principal":"*","Action":"kms:CreateGrant","Resource":"*"}`
	for says, then := range map[string]func(*world){
		"state is Disabled":         func(w *world) { w.state = "Disabled" },
		"state is PendingDeletion":  func(w *world) { w.state = "PendingDeletion" },
		"AWS doesn't show it yet":   func(w *world) { w.policy = rootOnly },
		"CreateGrant isn't allowed": func(w *world) { w.policy = strings.Replace(w.policy, `"Statement":[`, `"Statement":[`+deny+`,`, 1) },
	} {
		w := newWorld()
		m := w.message(t)
		w.before["Key"] = func() {
			if w.puts > 0 {
				then(w)
				w.before["Key"] = nil
			}
		}
		r, err := w.fixer().Remediate(t.Context(), m)
		if err != nil || r.Outcome != outcome.Unproven || !strings.Contains(r.Reason, says) || r.Proof.Decision != access.Denied || len(r.Undo) == 0 {
			t.Errorf("want %q: %s %s, %v", says, r.Outcome, r.Reason, err)
		}
	}
}

// TestALateReadLosesNothing: KMS shows the policy as it was before the last write. The
// next edit waits, and where KMS stays late its message comes again; nobody's statement
// is lost, and nothing is written on what is old.
func TestALateReadLosesNothing(t *testing.T) {
	t.Parallel()
	for _, late := range []int{2, 100} {
		w := newWorld()
		x := w.fixer()
		m := w.message(t)
		r, err := x.Remediate(t.Context(), m)
		if err != nil || r.Outcome != outcome.Fixed {
			t.Fatalf("%s, %v", r.Outcome, err)
		}
		now, n := w.policy, 0
		w.before["Get"] = func() {
			if n++; n <= late {
				w.policy = rootOnly
			} else if n == late+1 {
				w.policy = now
			}
		}
		// The undo edits the same policy.
		_, err = x.Undo(t.Context(), logged(t, r))
		w.before["Get"] = nil
		if stale := errors.Is(err, once.ErrStale); stale != (late > 10) || w.puts > 2 {
			t.Errorf("%d late reads: %v, %d writes", late, err, w.puts)
		}
		if late == 2 && (err != nil || w.policy != rootOnly || w.puts != 2) {
			t.Errorf("%d late reads: %v, %d writes: %s", late, err, w.puts, w.policy)
		}
	}
}

// TestWrittenOverAtATerminal: no queue keeps others from writing. Somebody who had read
// the policy before writes over the statements; that is seen, and they are written
// again, on what is there by then.
func TestWrittenOverAtATerminal(t *testing.T) {
	t.Parallel()
	w := newWorld()
	m := w.message(t)
	theirs := strings.Replace(rootOnly, `"Statement":[`, `"Statement":[{"Sid":"Theirs","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:Decrypt","Resource":"*"},`, 1)
	slept := 0
	x := w.fixer(func(x *remediation.Fixer) {
		x.Person = access.Principal{ARN: "arn:aws:iam::111122223333:user/admin"}
		x.Sleep = func(ctx context.Context, d time.Duration) error {
			if d == 3*time.Second && slept == 0 { // after the first proof
				slept++
				w.policy = theirs
			}
			return ctx.Err()
		}
	})
	r, err := x.Remediate(t.Context(), m)
	if err != nil || r.Outcome != outcome.Fixed || w.puts != 2 || !strings.Contains(w.policy, "Theirs") {
		t.Errorf("%s %s, %v, %d writes: %s", r.Outcome, r.Reason, err, w.puts, w.policy)
	}
	if len(w.records) < 3 || w.records[len(w.records)-1].Phase != record.Result {
		t.Errorf("%v", outcomes(w.records))
	}
}

// TestAnotherInstanceWrote: one instance of the function opened a key to a role; another,
// which opens it to a second one, is shown the policy from before. It writes nothing, or
// the first role would lose its access.
func TestAnotherInstanceWrote(t *testing.T) {
	t.Parallel()
	w := newWorld()
	m := w.message(t)
	m.Delivery = remediation.Delivery{Sent: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), Receives: 1}
	r, err := w.fixer().Remediate(t.Context(), m)
	if err != nil || r.Outcome != outcome.Fixed {
		t.Fatalf("%s, %v", r.Outcome, err)
	}
	r.Schema = record.Schema
	line, err := r.Line()
	if err != nil {
		t.Fatal(err)
	}
	now := w.policy
	for name, tc := range map[string]struct {
		log  []string
		err  error
		puts int
		want outcome.Outcome
	}{
		"told by the log":         {[]string{string(line)}, nil, 1, ""},
		"of nothing":              {nil, nil, 2, outcome.Fixed},
		"the log may not be read": {nil, denied("logs:FilterLogEvents"), 1, outcome.NotPermitted},
		"nor now":                 {nil, throttled(), 1, ""},
	} {
		w.puts, w.policy = 1, rootOnly
		other := w.fixer(reading(func(r *readers) {
			r.intents = func(_ context.Context, id string, from, to time.Time) ([]string, error) {
				if id != keyARN || !from.Equal(m.Delivery.Sent.Add(-5*time.Minute)) || to.Before(m.Delivery.Sent) {
					t.Errorf("asked for %s from %s to %s", id, from, to)
				}
				return tc.log, tc.err
			}
		}))
		got, err := other.Remediate(t.Context(), m)
		if (err != nil) != (tc.want == "") || tc.want != "" && got.Outcome != tc.want || w.puts != tc.puts {
			t.Errorf("%s: %s, %v, %d writes", name, got.Outcome, err, w.puts)
		}
	}
	w.policy = now
}
