package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"keymend/pkg/apply"
	"keymend/pkg/apply/once"
	"keymend/pkg/record"
)

// begins tells the person, once an interrupt comes, that the program waits for the write
// that was begun. The function that it returns ends that.
func (p *program) begins(ctx context.Context, log *auditLog) func() bool {
	return context.AfterFunc(ctx, func() {
		if log.begun.Load() {
			_, _ = fmt.Fprintln(p.Err, "\nkeymend: interrupted; the write that was begun is finished and recorded first. A second interrupt ends the program at once.") // nobody is left to tell
		}
	})
}

// wrote reports whether records have a change that can be taken back.
func wrote(records []record.Record) bool {
	return slices.ContainsFunc(records, undoable)
}

// undoable reports whether a record has a change that can be taken back.
func undoable(r record.Record) bool { return r.Phase == record.Result && len(r.Undo) > 0 }

// reversible adds to an error after a write the command that takes that back.
func reversible(s session, file string, err error) error {
	begun, ok := errors.AsType[*once.BegunError](err)
	if !ok {
		return err
	}
	what := "What takes it back:"
	if full(err) {
		what = "What takes it back, once there is room for its records:"
	}
	return &advice{err, "It may stand: the same command without --apply shows what does. " + what, s.place.Undo(begun.Remediation, "--file", file, "--apply")}
}

// full reports whether an error is of a file to which records couldn't be written.
func full(err error) bool {
	to, ok := errors.AsType[*fs.PathError](err)
	return ok && to.Op == "write"
}

// A halt is the error of a run that the person interrupted. It is nobody's fault.
type halt struct{ error }

// Error implements error.
func (*halt) Error() string { return "interrupted" }

// Unwrap returns the error to which the interrupt led.
func (h *halt) Unwrap() error { return h.error }

// partly says of an interrupt that something was written before it.
func partly(err error) error {
	if _, begun := errors.AsType[*once.BegunError](err); begun || !errors.Is(err, context.Canceled) {
		return err
	}
	return &advice{&halt{err}, "What was written stands, as shown; the rest wasn't begun. Run the same command again for it.", ""}
}

// halted says of an interrupt that it is one.
func halted(ctx context.Context, err error) error {
	_, begun := errors.AsType[*once.BegunError](err)
	_, said := errors.AsType[*halt](err)
	if begun || said || ctx.Err() == nil || !errors.Is(err, context.Canceled) {
		return err
	}
	return &halt{err}
}

// hintOfChange says what a person can do about a change that didn't end well; "" = the
// error is of no change.
func hintOfChange(err error) string {
	switch {
	case full(err):
		return "Nothing was changed, since nothing is that can't be recorded. Make room there, or give another --audit-file, and run the same command again."
	case errors.Is(err, once.ErrUnsure):
		return "It may be done or not: the same command again does only what is left."
	case errors.Is(err, once.ErrStale):
		return "AWS may show what was there before the last write. Nothing was written on that: run the same command again in five minutes."
	case errors.Is(err, apply.ErrSuperseded):
		return "Others are writing there at the same time. Nothing of theirs was written over: run the same command again."
	case errors.Is(err, context.Canceled):
		return "Nothing was changed."
	}
	return ""
}
