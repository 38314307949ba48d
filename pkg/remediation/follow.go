package remediation

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"keymend/pkg/access"
	"keymend/pkg/activity"
	"keymend/pkg/launch"
	"keymend/pkg/observe"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/signal"
)

// rounds are the times after which a group that something was changed for is looked at,
// each counted from the look before. Auto Scaling usually tries again within minutes.
func rounds() []time.Duration {
	return []time.Duration{2 * time.Minute, 5 * time.Minute, 15 * time.Minute, 15 * time.Minute}
}

// askFollowUp has the group of a change looked at after a while. It is asked for before
// the outcome is on record: a message that comes again asks once more.
func (x *Fixer) askFollowUp(ctx context.Context, r record.Record) (record.Record, error) {
	if x.Later == nil || r.Outcome != outcome.Fixed && r.Outcome != outcome.Stands {
		return r, nil
	}
	f := signal.Follow{Remediation: r.RemediationID, Key: r.Key, Principal: r.Principal}
	f.Failed, _ = time.Parse(time.RFC3339, r.Failed) // zero where none failed
	looks := signal.Looks{Schema: signal.LooksSchema, Account: r.Account, Region: r.Region, Groups: []string{r.Group}, Follow: &f}
	err := x.Later.Send(ctx, looks, rounds()[0])
	switch _, final := finalOutcome(err); {
	case final:
		r.CouldNotSee = r.CouldNotSee.With("whether the group launches: " + reasonOf(err))
	case err != nil:
		return r, fmt.Errorf("have %s looked at later: %w", r.Group, err)
	}
	return r, nil
}

// follow looks whether a group launched after a change. A key that isn't open any more
// is looked at as ever.
func (l *Looker) follow(ctx context.Context, look signal.Look) ([]Diagnosis, error) {
	p, err := l.observe(ctx, look)
	if err != nil {
		return l.failedLook(ctx, look, err)
	}
	if look.Follow.Beside && !p.uses(*look.Follow) {
		return nil, nil
	}
	if slices.ContainsFunc(p.decisions, func(d decision) bool { return !d.Quiet }) {
		return l.diagnose(ctx, p)
	}
	if err := l.askBeside(ctx, look); err != nil {
		return nil, err
	}
	out, err := l.propose(ctx, p) // what isn't needed any more
	if err != nil {
		return out, err
	}
	course, err := l.course(ctx, look)
	if _, final := finalOutcome(err); err != nil && !final {
		return out, err
	}
	if !p.concerns(*look.Follow, course) {
		return out, nil
	}
	r := l.afterChange(p, *look.Follow, passed(look.Follow.Round), course, err)
	open := r.Outcome == outcome.Waiting || r.Outcome == outcome.GaveUp
	if open && look.Follow.Round+1 < len(rounds()) {
		return out, l.lookLater(ctx, look)
	}
	return append(out, Diagnosis{Record: r}), l.write(ctx, r)
}

// afterChange says what came of a change: the first row that fits. When a person made it isn't
// known: then what counts is since the failure.
//
//	nothing is lacking, or launches succeeded since and none failed  recovered
//	Auto Scaling or a person stopped it from launching               suspended
//	a launch failed since                                            still-failing
//	a launch goes on, or the activities can't be read                gave-up  } unless it is
//	Auto Scaling hasn't tried since                                  waiting  } looked at again
func (l *Looker) afterChange(p pass, follow signal.Follow, passed time.Duration, course observe.Course, unread error) record.Record {
	f, needed := p.Find(follow.Key, follow.Principal)
	if !needed {
		f = p.About(access.Principal{ARN: follow.Principal})
	}
	r := l.record(p, f, record.Proof)
	r.RemediationID, r.Key = follow.Remediation, follow.Key
	if !follow.Failed.IsZero() {
		r.Failed = follow.Failed.UTC().Format(time.RFC3339)
	}
	r.Proof = &record.ProofOf{Decision: f.Decision()}
	if !follow.Fixed.IsZero() {
		r.Proof.Fixed = follow.Fixed.UTC().Format(time.RFC3339)
	}
	var last time.Time
	since := cmp.Or(follow.Fixed, follow.Failed)
	for _, launched := range course.Launched {
		if launched.Time.After(since) {
			r.Proof.Instances = append(r.Proof.Instances, launched.InstanceID)
			last = latest(last, launched.Time)
		}
	}
	switch {
	case p.Launch.Missing() == 0, !last.IsZero() && len(course.Failed) == 0:
		r.Outcome = outcome.Recovered
		r.Proof.Recovered = recovered(follow, last)
		return r
	case p.Launch.Suspended != nil:
		r.Outcome, r.Reason = outcome.Suspended, p.stopped()
		r.Run = append(slices.Clip(r.Run), launch.Resume(p.Account, p.Region, p.Group))
	case len(course.Failed) > 0 && course.Failed[0].Time.After(since):
		failed := course.Failed[0]
		cause := activity.Classify(failed.StatusMessage).Cause
		r.Message, r.Failed, r.Cause = failed.StatusMessage, failed.Time.UTC().Format(time.RFC3339), cause.String()
		r.Outcome, r.Reason = outcome.StillFailing, "the launch failed again for "+cause.String()+": "+cause.Says()
	case unread != nil:
		r.Outcome, r.Reason = outcome.GaveUp, "the key is open; whether the group launches can't be told: "+reasonOf(unread)
	case !course.Began.IsZero():
		r.Outcome = outcome.GaveUp
		r.Reason = "the key is open; a launch that began at " + course.Began.UTC().Format(time.RFC3339) + " hasn't ended"
	default:
		r.Outcome, r.Reason = outcome.Waiting, "the key is open, and Auto Scaling hasn't tried again"+waits(passed, course)
	}
	if up := launch.GivenUp(p.Group, p.Launch.Tags); up != "" {
		r.Reason += ". " + up
	}
	return r
}

// passed is the time from a change to the look of a round.
func passed(round int) time.Duration {
	var out time.Duration
	for _, d := range rounds()[:min(round+1, len(rounds()))] {
		out += d
	}
	return out
}

// waits says since when Auto Scaling hasn't tried; passed is the time since the change, 0
// = it isn't known.
func waits(passed time.Duration, course observe.Course) string {
	out := ""
	if passed > 0 {
		out = fmt.Sprintf(" in the %.0f minutes since", passed.Minutes())
	}
	if len(course.Failed) > 0 {
		out += "; its last try failed at " + course.Failed[0].Time.UTC().Format(time.RFC3339)
	}
	return out + "; it tries by itself"
}

// stopped says who stopped the group from launching.
func (p pass) stopped() string {
	who := "somebody stopped the group from launching: "
	switch by := p.Launch.Suspended; {
	case by.Administrative():
		who = "Auto Scaling stopped the group from launching: "
	case by.ByPerson():
		who = "a person stopped the group from launching: "
	}
	return who + p.Launch.Suspended.Reason + "; no fix brings anything back until Launch is resumed"
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func recovered(f signal.Follow, at time.Time) *record.Recovered {
	if at.IsZero() {
		return nil // it lacks nothing, though nothing was launched since
	}
	out := &record.Recovered{}
	if !f.Fixed.IsZero() {
		out.SinceFix = int(at.Sub(f.Fixed).Seconds())
	}
	if !f.Failed.IsZero() {
		out.SinceFailure = int(at.Sub(f.Failed).Seconds())
	}
	return out
}
