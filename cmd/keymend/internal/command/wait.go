package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"keymend/cmd/keymend/internal/report"
	"keymend/pkg/account"
	"keymend/pkg/activity"
	"keymend/pkg/launch"
	"keymend/pkg/observe"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/wiring"
)

// waiting is for who follows a group until it is in service.
type waiting struct {
	Wait    bool          `help:"Follow the group until it is in service, a launch fails or the time is up; after --apply, or for a group that was healed."`
	Timeout time.Duration `help:"With --wait: how long." default:"15m" placeholder:"DURATION"`
}

// settles is how long KMS may show what was there before a change: a launch that fails for
// a key within that time says nothing.
// https://docs.aws.amazon.com/kms/latest/developerguide/accessing-kms.html#programming-eventual-consistency
const settles = 5 * time.Minute

// A waiter follows one group.
type waiter struct {
	waiting
	*program
	read    func(context.Context) (observe.Standing, error)
	result  report.Wait
	changed time.Time       // when the change was made, or else when waiting began
	before  map[string]bool // ids of the launches that had begun by then; nil: not read yet
	told    time.Time       // when a line was written where nobody sees progress
}

// wait follows the group whose keys are open, and sets the exit code by what came.
func (p *program) wait(ctx context.Context, s session, c diagnose, records []record.Record) error {
	if len(records) == 0 {
		return nil
	}
	head := records[0]
	stopped := head.Suspended != "" && p.code == report.NotOurs
	if p.code != report.Healed && !stopped {
		return nil // nothing is to be waited for before that
	}
	world := p.world(s)
	w := waiter{waiting: c.waiting, program: p, changed: time.Now(), told: time.Now(), result: report.Wait{
		Account: head.Account, Region: head.Region, Group: head.Group, Place: s.place, Flags: p.given.again(), Desired: head.Desired, Healthy: head.Healthy,
	}, read: func(ctx context.Context) (observe.Standing, error) {
		return world.Standing(ctx, head.Account, head.Region, head.Group)
	}}
	var changes []record.Record
	for _, r := range records {
		if undoable(r) {
			if r.Proof != nil {
				changes = append(changes, r)
			}
			w.result.Undo, w.changed = append(w.result.Undo, s.place.Undo(r.RemediationID, "--file", c.AuditFile)), r.Time
		}
	}
	if stopped {
		w.result.Outcome, w.result.Message = report.WaitSuspended, head.Suspended
	} else if err := w.follow(ctx); err != nil {
		return err
	}
	return errors.Join(w.proves(ctx, s, c.applying, changes), w.ends())
}

// proves records what came of the changes that this command made. Where it isn't known
// yet, nothing is recorded.
func (w *waiter) proves(ctx context.Context, s session, a applying, changes []record.Record) error {
	came, known := map[report.WaitEnd]outcome.Outcome{
		report.WaitInService: outcome.Recovered, report.WaitStillFailing: outcome.StillFailing, report.WaitSuspended: outcome.Suspended,
	}[w.result.Outcome]
	if !known || len(changes) == 0 {
		return nil
	}
	log, err := w.openLog(a)
	if err != nil {
		return err
	}
	defer log.close()
	log.caller = s.arn
	var errs []error
	for _, of := range changes {
		r := of
		r.Phase, r.Outcome, r.Reason, r.Message = record.Proof, came, "", w.result.Message
		r.Before, r.After, r.Undo, r.Steps, r.Writes, r.Run = "", "", nil, nil, nil, nil
		r.Desired, r.Healthy = w.result.Desired, w.result.Healthy
		r.Proof = &record.ProofOf{Decision: of.Proof.Decision, Instances: w.result.Instances, Fixed: of.Time.UTC().Format(time.RFC3339)}
		errs = append(errs, log.Write(ctx, r))
	}
	return errors.Join(errs...)
}

// follow reads until it is known what came, with growing pauses. Its error is AWS's last
// word; one that passes is waited out.
func (w *waiter) follow(ctx context.Context) error {
	const first, longest = 2 * time.Second, 30 * time.Second
	defer w.busy(w.result.Now())()
	began := time.Now()
	for pause := first; ; pause = min(pause*3/2, longest) {
		standing, err := w.read(ctx)
		switch {
		case ctx.Err() != nil:
			return w.end(report.WaitInterrupted)
		case errors.Is(err, launch.ErrGroupNotFound):
			return w.end(report.WaitGone)
		case err != nil && account.Final(err):
			return fmt.Errorf("follow %s: %w", w.result.Group, err)
		case err == nil && w.came(standing):
			return nil
		}
		left := w.Timeout - time.Since(began)
		if left <= 0 {
			return w.end(report.WaitTimeIsUp)
		}
		w.says()
		if wiring.Sleep(ctx, min(pause, left)) != nil {
			return w.end(report.WaitInterrupted)
		}
	}
}

// end ends the wait.
func (w *waiter) end(outcome report.WaitEnd) error {
	w.result.Outcome = outcome
	return nil
}

// came takes in how the group stands, and reports whether that ends the wait:
//
//	nothing is lacking                                  in-service
//	Auto Scaling or a person stopped it from launching  suspended
//	a launch that began since failed                    still-failing, unless for a key while KMS may
//	                                                    show what was there before
func (w *waiter) came(s observe.Standing) bool {
	r := &w.result
	r.Instances, r.Desired, r.Healthy, r.Launches = s.Instances, s.Desired, s.Healthy, false
	if w.before == nil {
		w.before = map[string]bool{}
		for _, try := range s.Tries {
			w.before[try.ID] = true
		}
	}
	switch {
	case !s.Lacks:
		r.Outcome = report.WaitInService
	case s.Suspended != nil:
		r.Outcome, r.Message = report.WaitSuspended, s.Suspended.Reason
	case len(s.Tries) > 0 && s.Tries[0].Failed() && !w.before[s.Tries[0].ID]:
		cause := activity.Classify(s.Tries[0].StatusMessage).Cause
		r.Message, r.Cause = s.Tries[0].StatusMessage, cause.Says()
		if !cause.MayBeKey() || time.Since(w.changed) > settles {
			r.Outcome = report.WaitStillFailing
		}
	case len(s.Tries) > 0:
		r.Launches = !s.Tries[0].Failed() && !s.Tries[0].Succeeded()
	}
	return r.Outcome != ""
}

// says how it stands: in place at a terminal, else a line a minute.
func (w *waiter) says() {
	w.progress.Says(w.result.Now())
	if w.progress == nil && time.Since(w.told) >= time.Minute {
		w.told = time.Now()
		_, _ = fmt.Fprintf(w.Err, "keymend: %s\n", w.result.Now()) // who can't read it misses nothing that counts
	}
}

// ends shows what came, and sets the exit code.
func (w *waiter) ends() error {
	w.result.Passed = time.Since(w.changed)
	if !w.json() {
		_, _ = fmt.Fprintln(w.Out) // below the diagnosis
	}
	return w.reply(w.result)
}
