package remediation_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"keymend/pkg/limit"
	"keymend/pkg/observe"
	"keymend/pkg/outcome"
	"keymend/pkg/remediation"
	"keymend/pkg/signal"
)

// asked is what a change of a key asks for.
func asked(now bool) signal.Looks {
	return signal.Looks{
		Schema: signal.LooksSchema, Account: accountID, Region: region, Why: signal.WhyKeyChanged, EventIDs: []string{"e-1"},
		Users: &signal.Users{Key: keyARN, Now: now}, Asked: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC),
	}
}

// TestUsersAreHandedOn: what somebody changed settles first, for as long as SQS drops
// what is asked for again. Then those that use it are handed on, each once, in pages.
func TestUsersAreHandedOn(t *testing.T) {
	t.Parallel()
	f := &fleet{}
	for i := range 60 {
		f.groups = append(f.groups, observe.Group{Name: fmt.Sprintf("g-%d", i), Lacks: i == 7})
	}
	l := newWorld().looker(f.of)
	if err := l.Users(t.Context(), asked(false)); err != nil || len(f.users) != 0 || len(f.sent) != 1 || f.after[0] != limit.Settling || !f.sent[0].Users.Now || f.sent[0].Users.Key != keyARN {
		t.Fatalf("%v, %+v after %v", err, f.sent, f.after)
	}
	due := f.sent[0]
	f.sent, f.after = nil, nil
	if err := l.Users(t.Context(), due); err != nil || len(f.users) != 1 || f.users[0] != *due.Users || len(f.sent) != 3 {
		t.Fatalf("%v, %+v, %d pages", err, f.users, len(f.sent))
	}
	var names []string
	for i, page := range f.sent {
		names = append(names, page.Groups...)
		if page.Why != signal.WhyKeyChanged || page.EventIDs[0] != "e-1" || !page.Full || page.Users != nil || (len(page.Lacking) == 1) != (i == 0) || f.after[i] >= 15*time.Minute {
			t.Errorf("%+v after %v", page, f.after[i])
		}
	}
	if len(names) != 60 || len(slices.Compact(slices.Sorted(slices.Values(names)))) != 60 {
		t.Errorf("%d names", len(names))
	}
	look := f.sent[0].Looks()[7]
	if look.Why != signal.WhyKeyChanged || look.Sweep == nil || !look.Sweep.Lacks || !look.Sweep.Full || look.EventIDs[0] != "e-1" {
		t.Errorf("%+v", look)
	}
}

// TestUsersThatCannotBeTold: what may not be read or sent is on record; what can't now
// comes again.
func TestUsersThatCannotBeTold(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(*remediation.Looker) error{
		"listing":  func(l *remediation.Looker) error { return l.Users(t.Context(), asked(true)) },
		"settling": func(l *remediation.Looker) error { return l.Users(t.Context(), asked(false)) },
		"asking":   func(l *remediation.Looker) error { return l.Ask(t.Context(), asked(false)) },
	} {
		w := newWorld()
		if err := do(w.looker((&fleet{err: denied("autoscaling:DescribeAutoScalingGroups")}).of)); err != nil || len(w.records) != 1 || w.records[0].Outcome != outcome.NotPermitted || w.records[0].Signal != "key-changed" {
			t.Errorf("%s: %v, %+v", name, err, w.records)
		}
		if err := do(w.looker((&fleet{err: throttled()}).of)); err == nil || len(w.records) != 1 {
			t.Errorf("%s: %v, %+v", name, err, w.records)
		}
	}
}
