package signal_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/signal"
)

func TestLook(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.FixedZone("CET", 3600))
	for name, tc := range map[string]struct {
		look   signal.Look
		failed bool
		at, by string
	}{
		"a launch failed":        {signal.Look{Why: signal.WhyLaunchUnsuccessful, Failed: at}, true, "2026-11-23T09:00:00Z", "event"},
		"at a time unknown":      {signal.Look{Why: signal.WhyLaunchUnsuccessful}, true, "", "event"},
		"a change was followed":  {signal.Look{Why: signal.WhyFollowed, Follow: &signal.Follow{Failed: at}}, false, "2026-11-23T09:00:00Z", "event"},
		"its message came back":  {signal.Look{Why: signal.WhyFollowed, Failed: at}, false, "2026-11-23T09:00:00Z", "event"},
		"for no failure":         {signal.Look{Why: signal.WhyFollowed, Follow: &signal.Follow{}}, false, "", "event"},
		"a sweep found it":       {signal.Look{Why: signal.WhySwept, Text: "x", Failed: at}, true, "2026-11-23T09:00:00Z", "event"},
		"KMS denied the key":     {signal.Look{Why: signal.WhyKeyDenied, Text: "x", Failed: at}, true, "2026-11-23T09:00:00Z", "event"},
		"a key was changed":      {signal.Look{Why: signal.WhyKeyChanged, Failed: at}, false, "", "event"},
		"a group was created":    {signal.Look{Why: signal.WhyGroupCreated, Text: "x", Failed: at}, false, "", "event"},
		"an image changed":       {signal.Look{Why: signal.WhyImageChanged, Text: "x", Failed: at}, false, "", "event"},
		"a person asked":         {signal.Look{Why: signal.WhyAsked, Failed: at}, false, "", "a person"},
		"about a launch, failed": {signal.Look{Why: signal.WhyAsked, Text: "x", Failed: at}, true, "2026-11-23T09:00:00Z", "a person"},
	} {
		l := tc.look
		if l.HasFailed() != tc.failed || l.FailedAt() != tc.at || l.By() != tc.by {
			t.Errorf("%s: failed %v, at %q, by %q", name, l.HasFailed(), l.FailedAt(), l.By())
		}
	}
}

func TestKnown(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]signal.Why{
		"launch-unsuccessful": signal.WhyLaunchUnsuccessful, "followed": signal.WhyFollowed, "sweep": signal.WhySwept,
		"group-created": signal.WhyGroupCreated, "image-changed": signal.WhyImageChanged, "asked": signal.WhyAsked,
		"": signal.WhyAsked, "own-write": signal.WhyAsked, "Group-Created": signal.WhyAsked,
	} {
		if got := signal.Why(name).Known(); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}

// TestCollapse: the earliest failure's words win, wherever it comes; what follows
// a change stays apart, and so does every other account, Region and group.
func TestCollapse(t *testing.T) {
	t.Parallel()
	at := func(minute int) time.Time { return time.Date(2026, 11, 23, 9, minute, 0, 0, time.UTC) }
	of := func(group string, why signal.Why, id string, minute int) signal.Look {
		l := signal.Look{Why: why, Account: "111122223333", Region: "eu-west-1", Group: group, EventIDs: []string{id}}
		if why == signal.WhyLaunchUnsuccessful {
			l.Failed, l.Text = at(minute), "text "+id
		}
		if why == signal.WhyFollowed {
			l.Follow = &signal.Follow{Remediation: "r-" + id}
		}
		return l
	}
	elsewhere := of("a", signal.WhyGroupCreated, "7", 0)
	elsewhere.Region = "us-east-1"
	looks := []signal.Look{
		of("a", signal.WhyGroupCreated, "1", 0), of("b", signal.WhyLaunchUnsuccessful, "2", 5), of("a", signal.WhyLaunchUnsuccessful, "3", 4),
		of("a", signal.WhyFollowed, "4", 6), of("a", signal.WhyLaunchUnsuccessful, "5", 2), of("a", signal.WhyFollowed, "6", 7),
		elsewhere, of("a", signal.WhyLaunchUnsuccessful, "8", 3), of("b", signal.WhyImageChanged, "9", 1),
	}
	got, members := signal.Collapse(looks)
	if diff := cmp.Diff([][]int{{0, 2, 4, 7}, {1, 8}, {3}, {5}, {6}}, members); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	a, b, first, second := of("a", signal.WhyLaunchUnsuccessful, "5", 2), of("b", signal.WhyLaunchUnsuccessful, "2", 5), of("a", signal.WhyFollowed, "4", 6), of("a", signal.WhyFollowed, "6", 7)
	a.EventIDs, b.EventIDs = strings.Fields("1 3 5 8"), strings.Fields("2 9")
	a.Last = at(4) // what is read after that answers for all
	if diff := cmp.Diff([]signal.Look{a, b, first, second, elsewhere}, got); diff != "" {
		t.Errorf("looks (-want +got):\n%s", diff)
	}
	if len(looks[0].EventIDs) != 1 || looks[0].Why != signal.WhyGroupCreated {
		t.Errorf("a look that was given changed: %+v", looks[0])
	}
	if got, members := signal.Collapse(nil); len(got)+len(members) > 0 {
		t.Errorf("of nothing: %v, %v", got, members)
	}
}
