package remediation

import (
	"context"
	"fmt"
	"strings"
	"time"

	"keymend/pkg/history"
	"keymend/pkg/outcome"
	"keymend/pkg/quote"
	"keymend/pkg/record"
	"keymend/pkg/signal"
)

// tellAgain is how long what stays isn't told again: less than four full sweeps, more than
// three.
const tellAgain = 20 * time.Hour

// tell writes what a look found, unless it is a sweep's and nothing new: nothing stands
// in the way, or the newest record of the finding says the same. An open finding is
// told once a day, and so is a change that was taken away, whoever asked.
func (l *Looker) tell(ctx context.Context, look signal.Look, r record.Record) error {
	asked := look.Asked
	if look.Sweep != nil {
		asked = look.Sweep.Asked
	}
	if look.Sweep == nil && (r.Outcome != outcome.TakenAway || asked.IsZero()) || r.Outcome == outcome.Sent {
		return l.write(ctx, r)
	}
	if r.Outcome == outcome.NothingToDo || r.Outcome == outcome.Ignored {
		return nil
	}
	before, err := l.toldBefore(ctx, &r, asked.Add(-tellAgain), asked.Add(time.Hour))
	if err != nil || history.Told(before, whole(r)) {
		return err
	}
	return l.write(ctx, r)
}

// toldBefore reads the records of a record's finding between two times. Where the log may
// not be read there are none, and the record says that this couldn't be seen. The error
// is transient.
func (l *Looker) toldBefore(ctx context.Context, r *record.Record, from, to time.Time) ([]record.Record, error) {
	before, err := l.AWS.Logged(ctx, r.ID, from, to)
	switch _, final := finalOutcome(err); {
	case err != nil && !final:
		return nil, fmt.Errorf("read the log about %s: %w", r.ID, err)
	case err != nil:
		r.CouldNotSee = r.CouldNotSee.With("whether this was told before: " + reasonOf(err))
		return nil, nil
	}
	return before, nil
}

func (l *Looker) write(ctx context.Context, r record.Record) error {
	r = whole(r)
	if err := l.Log.Write(ctx, r); err != nil {
		return fmt.Errorf("record %s of %s: %w", r.Phase, r.ID, err)
	}
	return nil
}

// whole is a record as it is written: its reason ends with what people would have to
// run, so that whoever reads the log needs no other field.
func whole(r record.Record) record.Record {
	if told := quote.Told(r.Run); r.Reason != "" && !strings.HasSuffix(r.Reason, told) {
		r.Reason += told
	}
	return r
}

// recordFinal writes a record of an error that no later try will mend, and hands back
// those that one may.
func (l *Looker) recordFinal(ctx context.Context, r record.Record, err error) error {
	final, ok := finalOutcome(err)
	if !ok {
		return err
	}
	r.Outcome, r.Reason = final, reasonOf(err)
	return l.write(ctx, r)
}
