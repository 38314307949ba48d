package remediation

import (
	"context"
	"fmt"
	"time"

	"keymend/pkg/apply"
	"keymend/pkg/change"
	"keymend/pkg/plan"
	"keymend/pkg/record"
	"keymend/pkg/signal"
)

// A Fixer carries plans out, and takes them back.
type Fixer struct {
	Looker
	// Open returns what may make one call of a remediation, and nothing else where
	// roles are in use.
	Open func(ctx context.Context, s Session) (apply.Session, error)
	// Prepare asks beside a message's first reads for what Open would have to ask for
	// before its first session; nil: Open asks. Where Prepare fails, Open asks again.
	Prepare func(ctx context.Context)
	// Sleep waits, or returns the context's error.
	Sleep func(context.Context, time.Duration) error
	// Agreed reports whether a person said yes to a plan, by its digest. To one that is
	// permitted and has no yes, Remediate returns an UnaskedError. nil: nobody is asked.
	Agreed func(digest string) bool

	recent recentWrites
}

// A Session is for one call, under a name by which CloudTrail shows it.
type Session struct {
	change.Call
	Region, Name string
	For          string // account of the group that it is for
}

// sessionPrefix begins the name of every session; the remediation's id follows.
const sessionPrefix = "keymend-"

// env is what a remediation's steps are carried out in.
func (x *Fixer) env(view apply.Reader, at place, group string, by change.Mark) apply.Env {
	return apply.Env{
		Reader: freshReader{view, &x.recent, x.Person.ARN == ""}, Sleep: x.pause, By: by, Group: group, Means: func(written string) string { return written },
		Open: func(ctx context.Context, call change.Call) (apply.Session, error) {
			s, err := x.Open(ctx, Session{Call: call, Region: at.region, Name: sessionPrefix + by.Remediation, For: at.account})
			if err != nil {
				return nil, fmt.Errorf("open session for %s: %w", call.Action, err)
			}
			return s, nil
		},
	}
}

// pause waits between two tries, or for what AWS shows late. Where VerifyInterval is less
// than a second, a second of that is as long as VerifyInterval.
func (x *Fixer) pause(ctx context.Context, d time.Duration) error {
	second := min(x.Settings.VerifyInterval, time.Second)
	return x.Sleep(ctx, time.Duration(d.Seconds()*float64(second)))
}

// Diagnose looks at a group as a Looker does. Where only KMS can tell whether a grant
// may be made, it is asked.
func (x *Fixer) Diagnose(ctx context.Context, look signal.Look) ([]Diagnosis, error) {
	return x.diagnosed(ctx, look, x.observe)
}

// observe looks as a Looker does, and asks KMS whether a grant may be made, where only KMS
// knows. The answer is a new fact, by which the plan is made anew. If KMS refuses to be
// asked, that is one more thing that couldn't be seen.
func (x *Fixer) observe(ctx context.Context, look signal.Look) (pass, error) {
	return x.observed(ctx, x.begin(look))
}

func (x *Fixer) observed(ctx context.Context, p pass) (pass, error) {
	p, err := x.Looker.observed(ctx, p)
	if err != nil {
		return p, err
	}
	for _, d := range p.decisions {
		if f := d.Finding; d.Plan.Tries() && f.Principal.ID != plan.ToBeMade {
			e := x.env(p.view, p.place(), p.Group, change.Mark{Remediation: plan.RemediationID(d.Plan.Digest)})
			trial, err := x.Kinds.Try(ctx, e, f.Grant(p.options))
			switch _, final := finalOutcome(err); {
			case err != nil && !final:
				return p, fmt.Errorf("try the grant: %w", err)
			case err != nil:
				p.untried = fmt.Errorf("try the grant: %w", err)
				f.Facts.CouldNotSee = append(record.Lines{}.With(f.Facts.CouldNotSee...), reasonOf(p.untried))
			}
			f.Trial = trial
			p.Snapshot = p.With(f.Evaluate())
		}
	}
	p.past = p.past.with(x.recent.changes())
	return x.decideByPast(ctx, p)
}

func (x *Fixer) prepare(ctx context.Context) {
	if x.Prepare != nil {
		x.Prepare(ctx)
	}
}
