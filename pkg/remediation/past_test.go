package remediation_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"keymend/pkg/activity"
	"keymend/pkg/apply/table"
	"keymend/pkg/guard"
	"keymend/pkg/history"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
	"keymend/pkg/settings"
	"keymend/pkg/signal"
)

// A pastLog is remediate's log, whose lines show late.
type pastLog struct {
	now   time.Time
	late  time.Duration
	lines []history.Entry
	by    string // who edited the key's policy, as CloudTrail says
	err   error
	asked int
	keys  bool // each change is about another key
}

// keep takes what a function records.
func (l *pastLog) keep(t interface{ Fatal(...any) }) func(record.Record) error {
	return func(r record.Record) error {
		r.Schema = record.Schema
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		r, _, err = record.Parse(text, table.Kinds().Kinds())
		if err != nil {
			t.Fatal(err)
		}
		l.lines = append(l.lines, history.Entry{At: l.now, Record: r})
		return nil
	}
}

func (l *pastLog) shown(phase record.Phase, since time.Time) ([]history.Entry, error) {
	l.asked++
	var out []history.Entry
	for _, line := range l.lines {
		if !line.At.Before(since) && !line.At.After(l.now.Add(-l.late)) && line.Phase == phase {
			out = append(out, line)
		}
	}
	return out, l.err
}

// Begun implements what Looker.Past asks for.
func (l *pastLog) Begun(_ context.Context, since time.Time) ([]history.Entry, error) {
	return l.shown(record.Intent, since)
}

// Ended implements what Looker.Past asks for.
func (l *pastLog) Ended(_ context.Context, _ string, since time.Time) ([]history.Entry, error) {
	if l.keys {
		return nil, l.err
	}
	return l.shown(record.Result, since)
}

// edits are those that CloudTrail shows: the newest first, one of them Keymend's own.
func (l *pastLog) edits(_ context.Context, _, _, key string, since, until time.Time) ([]activity.PolicyEdit, error) {
	at := since.Add(time.Second)
	if l.by == "" || !at.Before(until) {
		return nil, nil
	}
	own := "arn:aws:iam::" + accountID + ":role/keymend-policy-writer"
	return []activity.PolicyEdit{
		{Time: at.Add(time.Second), Key: key, Caller: "somebody later"}, {Time: at, Key: key, Caller: l.by}, {Time: at, Key: key, Caller: "Keymend", Role: own},
	}, nil
}

// remembering has a Fixer ask a log what was written before.
func (w *world) remembering(l *pastLog, most int) func(*remediation.Fixer) {
	return func(x *remediation.Fixer) {
		x.Past, x.Edits, x.Settings.MaxChangesAnHour, x.Settings.MaxChangesAnHourInAll = l, l.edits, most, 1000
	}
}

// TestTwoProcessesAndALateLog: two processes carry changes out side by side, and neither
// sees the other's in a log that is 30 seconds late. Each counts its own: together they
// begin at most twice as many as the setting says, and never fewer.
func TestTwoProcessesAndALateLog(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		const most = 3
		processes, apart := rapid.IntRange(1, 2).Draw(rt, "processes"), time.Duration(rapid.IntRange(0, 40).Draw(rt, "seconds apart"))*time.Second
		w, l := newWorld(), &pastLog{now: time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC), late: 30 * time.Second, keys: true}
		w.noteErr = l.keep(rt)
		grants := func(x *remediation.Fixer) { x.Settings.OwnKey = settings.OwnKeyGrant }
		var fixers []*remediation.Fixer
		for range processes {
			fixers = append(fixers, w.fixer(grants, w.remembering(l, most)))
		}
		carry := func(i int) {
			w.grants, w.policy = nil, strings.Replace(rootOnly, "EnableRoot", fmt.Sprintf("EnableRoot%d", i), 1)
			w.sent = nil
			if _, err := w.looker(grants).Diagnose(t.Context(), failure()); err != nil || len(w.sent) != 1 {
				rt.Fatalf("%d messages, %v", len(w.sent), err)
			}
			m := w.sent[0]
			m.Delivery = remediation.Delivery{Sent: l.now, Receives: 1}
			by := rapid.IntRange(0, processes-1).Draw(rt, "process")
			if _, err := fixers[by].Remediate(t.Context(), m); err != nil {
				rt.Fatal(err)
			}
			l.now = l.now.Add(apart)
		}
		for i := range 12 {
			carry(i)
		}
		bound := most * processes
		if apart > l.late {
			bound = most
		}
		if w.made < most || w.made > bound {
			rt.Fatalf("%d changes were begun", w.made)
		}
		l.now = l.now.Add(time.Hour + time.Minute)
		if before := w.made; true {
			carry(12)
			if w.made != before+1 {
				rt.Fatalf("the next hour begins nothing: %+v", w.records[len(w.records)-1].Reason)
			}
		}
	})
}

// TestGone: what is gone within five minutes may be a stale read, unless CloudTrail names
// who took it away; nothing is sent for what was. The log is asked only where there is
// something to write, and not for a person.
func TestGone(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		after time.Duration
		by    string
		want  outcome.Outcome
	}{
		"a minute ago":                  {time.Minute, "", outcome.Sent},
		"a minute ago, by somebody":     {time.Minute, "an administrator", outcome.TakenAway},
		"six minutes ago":               {6 * time.Minute, "", outcome.TakenAway},
		"29 days ago":                   {29 * 24 * time.Hour, "", outcome.TakenAway},
		"longer than Keymend remembers": {31 * 24 * time.Hour, "", outcome.Sent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, l := newWorld(), &pastLog{now: time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC), by: tc.by}
			w.noteErr = l.keep(t)
			x := w.fixer(w.remembering(l, 10), func(x *remediation.Fixer) { x.Settings.RolePrefix, x.Settings.Partition = "keymend-", "aws" })
			look := failure()
			look.Asked = l.now
			one := func() remediation.Diagnosis {
				found, err := x.Looker.Diagnose(t.Context(), look)
				if err != nil || len(found) != 1 {
					t.Fatalf("%d findings, %v", len(found), err)
				}
				return found[0]
			}
			m := *one().Message
			m.Delivery = remediation.Delivery{Sent: l.now, Receives: 1}
			if r, err := x.Remediate(t.Context(), m); err != nil || r.Outcome != outcome.Fixed {
				t.Fatalf("%s, %v", r.Outcome, err)
			}
			w.policy, w.sent = rootOnly, nil
			l.now = l.now.Add(tc.after)
			look.Asked = l.now
			d := one()
			if d.Record.Outcome != tc.want || len(w.sent) != map[bool]int{true: 1}[tc.want == outcome.Sent] {
				t.Errorf("%s: %s; %d messages", d.Record.Outcome, d.Record.Reason, len(w.sent))
			}
			if tc.by != "" && !strings.Contains(d.Record.Reason, tc.by+" wrote the key's policy") {
				t.Errorf("%s", d.Record.Reason)
			}
			if tc.want == outcome.TakenAway && (d.Verdict.Gone != m.Digest && d.Verdict.Gone == "" || !strings.Contains(d.Record.Reason, `"KeymendUse"`)) {
				t.Errorf("%+v", d.Verdict)
			}
		})
	}
}

// TestHistoryIsReadWhereThereIsAPlan: not where nothing is to be done, nor where nothing
// is permitted; what may not be read holds back, what can't be read by now comes again.
func TestHistoryIsReadWhereThereIsAPlan(t *testing.T) {
	t.Parallel()
	look := failure()
	look.Asked = time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	diagnose := func(change func(*world, *pastLog, *signal.Look)) (*pastLog, []remediation.Diagnosis, error) {
		w, l, look := newWorld(), &pastLog{now: look.Asked}, look
		change(w, l, &look)
		found, err := w.looker(w.remembering(l, 10)).Diagnose(t.Context(), look)
		return l, found, err
	}
	for name, change := range map[string]func(*world, *pastLog, *signal.Look){
		"disabled":     func(w *world, _ *pastLog, _ *signal.Look) { w.state = "Disabled" },
		"not enrolled": func(w *world, _ *pastLog, _ *signal.Look) { w.tags = nil },
	} {
		if l, _, err := diagnose(change); err != nil || l.asked != 0 {
			t.Errorf("%s: asked %d times, %v", name, l.asked, err)
		}
	}
	if l, found, err := diagnose(func(*world, *pastLog, *signal.Look) {}); err != nil || l.asked != 2 || found[0].Record.Outcome != outcome.Sent {
		t.Errorf("asked %d times, %v", l.asked, err)
	}
	for name, change := range map[string]func(*world, *pastLog, *signal.Look){
		"refused": func(_ *world, l *pastLog, _ *signal.Look) { l.err = denied("logs:FilterLogEvents") },
		"no time": func(_ *world, _ *pastLog, look *signal.Look) { look.Asked = time.Time{} },
	} {
		_, found, err := diagnose(change)
		if err != nil || found[0].Record.Outcome != outcome.Braked || found[0].Verdict.Reason != guard.Braked || found[0].Message != nil {
			t.Errorf("%s: %+v, %v", name, found, err)
		}
	}
	busy := errors.New("busy")
	if _, _, err := diagnose(func(_ *world, l *pastLog, _ *signal.Look) { l.err = busy }); !errors.Is(err, busy) {
		t.Errorf("%v", err)
	}
}
