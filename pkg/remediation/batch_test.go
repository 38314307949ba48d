package remediation_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"keymend/pkg/apply"
	"keymend/pkg/guard"
	"keymend/pkg/outcome"
	"keymend/pkg/signal"
)

// A herd is a world that is asked for all groups at once.
type herd struct {
	*world
	gathered [][]string
}

// Gather implements remediation.Gatherer.
func (h *herd) Gather(groups []string) apply.Reader {
	h.gathered = append(h.gathered, groups)
	return h.world
}

// TestTogether: one view for the groups of an account and Region, one answer of
// the switch; an error of either is asked again.
func TestTogether(t *testing.T) {
	t.Parallel()
	h := &herd{world: newWorld()}
	views, switches := 0, 0
	broken := errors.New("throttled")
	l := h.looker(reading(func(r *readers) {
		r.view = func(context.Context, string, string) (apply.Reader, error) {
			if views++; views == 1 {
				return nil, broken
			}
			return h, nil
		}
		r.brake = func(context.Context) (guard.Switch, string, error) {
			if switches++; switches == 1 {
				return 0, "", broken
			}
			return guard.SwitchOn, "on", nil
		}
	}))
	one, other, far := failure(), failure(), failure()
	other.Group, far.Region = "no-such-group", "us-east-1"
	together := l.Together([]signal.Look{one, other, far}, time.Time{})
	for range 2 {
		if _, err := together.Diagnose(t.Context(), one); !errors.Is(err, broken) {
			t.Fatal(err)
		}
	}
	for range 3 {
		if found, err := together.Diagnose(t.Context(), one); err != nil || len(found) != 1 || found[0].Record.Outcome != outcome.Sent {
			t.Fatalf("%+v, %v", found, err)
		}
	}
	if found, err := together.Diagnose(t.Context(), other); err != nil || len(found) != 1 || found[0].Record.Outcome != outcome.Ignored {
		t.Errorf("%+v, %v", found, err)
	}
	if _, err := together.Diagnose(t.Context(), far); err != nil {
		t.Error(err)
	}
	if views != 3 || switches != 2 || len(h.gathered) != 2 || !slices.Equal(h.gathered[0], []string{"web-prod", "no-such-group"}) {
		t.Errorf("%d views, %d switches, gathered %q", views, switches, h.gathered)
	}
}
