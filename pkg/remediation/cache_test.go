package remediation_test

import (
	"context"
	"testing"
	"time"

	"keymend/pkg/apply"
	"keymend/pkg/guard"
	"keymend/pkg/outcome"
	"keymend/pkg/remediation"
	"keymend/pkg/signal"
)

// TestRemembering: what was read in one invocation counts in the next for some seconds,
// if it was read after what a look asks about; or where it comes to nothing but what was
// sent by then. Nothing is said to be well by what was read before.
func TestRemembering(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	at := func(d time.Duration) time.Time { return start.Add(d) }
	failed := func(d time.Duration) signal.Look {
		look := failure()
		look.Failed = at(d)
		return look
	}
	unknown := failure()
	unknown.Failed = time.Time{}
	asked := signal.Look{Why: signal.WhyAsked, Account: accountID, Region: region, Group: "web-prod"}
	followed := signal.Look{Why: signal.WhyFollowed, Account: accountID, Region: region, Group: "web-prod", Follow: &signal.Follow{Key: keyARN, Principal: slr, Round: 3}}
	for name, tc := range map[string]struct {
		look  signal.Look
		asked time.Duration // before the first invocation; 0 = nobody did
		now   time.Duration // after the first invocation; -1 = not known
		open  bool          // the key was opened since, or before where it was open
		was   bool          // the key was open at the first look
		views int
		want  outcome.Outcome
		read  string // what the record says
	}{
		"failed before":                           {look: failed(-time.Second), now: 10 * time.Second, views: 1, want: outcome.Sent, read: "2026-03-02T09:00:00Z"},
		"failed since, and sent":                  {look: failed(time.Second), now: 10 * time.Second, views: 1, want: outcome.Sent, read: "2026-03-02T09:00:00Z"},
		"open, failed before":                     {look: failed(-time.Second), now: 10 * time.Second, was: true, views: 1, want: outcome.NothingToDo, read: "2026-03-02T09:00:00Z"},
		"open, failed since":                      {look: failed(time.Second), now: 10 * time.Second, was: true, views: 2, want: outcome.NothingToDo},
		"too long ago":                            {look: failed(-time.Second), now: 31 * time.Second, views: 2, want: outcome.Sent},
		"the time isn't known":                    {look: failed(-time.Second), now: -1, views: 2, want: outcome.Sent},
		"the failure's time isn't known":          {look: unknown, now: time.Second, views: 2, want: outcome.Sent},
		"asked before":                            {look: asked, asked: time.Second, now: time.Second, views: 1, want: outcome.Sent, read: "2026-03-02T09:00:00Z"},
		"asked later":                             {look: asked, asked: -time.Second, now: 2 * time.Second, was: true, views: 2, want: outcome.NothingToDo},
		"asked, too long ago":                     {look: asked, asked: time.Second, now: 31 * time.Second, views: 2, want: outcome.Sent},
		"asked before, failed since":              {look: failed(time.Second), asked: time.Second, now: 10 * time.Second, was: true, views: 2, want: outcome.NothingToDo},
		"asked before, and it follows a change":   {look: followed, asked: time.Second, now: time.Second, open: true, views: 2, want: outcome.Waiting},
		"what follows a change is looked at anew": {look: followed, now: time.Second, open: true, views: 2, want: outcome.Waiting},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := &herd{world: newWorld()}
			if tc.was {
				h.policy = open
			}
			views, brakes := 0, 0
			l := h.looker(reading(func(r *readers) {
				r.view = func(context.Context, string, string) (apply.Reader, error) { views++; return lasting{h}, nil }
				r.brake = func(context.Context) (guard.Switch, string, error) { brakes++; return guard.SwitchOn, "on", nil }
			}), (&fleet{}).of)
			l = l.Remembering()
			if tc.asked != 0 {
				l = l.Since(at(-tc.asked))
			}
			see := func(look signal.Look, now time.Time) remediation.Diagnosis {
				t.Helper()
				found, err := l.Together([]signal.Look{look}, now).Diagnose(t.Context(), look)
				if err != nil || len(found) != 1 {
					t.Fatalf("%+v, %v", found, err)
				}
				return found[0]
			}
			first := see(failed(-time.Second), start)
			if first.Record.ReadAt != "" {
				t.Errorf("read at %s", first.Record.ReadAt)
			}
			if tc.open {
				h.policy = open
			}
			now := at(tc.now)
			if tc.now < 0 {
				now = time.Time{}
			}
			if got := see(tc.look, now).Record; got.Outcome != tc.want || got.ReadAt != tc.read || views != tc.views {
				t.Errorf("%s %s, read at %q, %d views", got.Outcome, got.Reason, got.ReadAt, views)
			}
			if once := tc.asked > 0 && tc.now <= 30*time.Second; once != (brakes == 1) {
				t.Errorf("the switch was read %d times", brakes)
			}
			if sent := map[bool]int{true: 1, false: len(h.sent)}[tc.views == 1 && !tc.was]; len(h.sent) != sent {
				t.Errorf("%d messages", len(h.sent))
			}
		})
	}
}

// A lasting reader gathers for ever new groups.
type lasting struct{ *herd }

// Gather implements remediation.Gatherer.
func (l lasting) Gather(groups []string) apply.Reader { l.herd.Gather(groups); return l }
