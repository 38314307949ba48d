package remediation_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"keymend/pkg/audit"
	"keymend/pkg/guard"
	"keymend/pkg/remediation"
)

// A herd is a world that is asked for all groups at once.
type herd struct {
	*world
	gathered [][]string
}

func (h *herd) Gather(groups []string) remediation.View {
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
	e := h.engine(func(e *remediation.Engine) {
		e.View = func(context.Context, string, string) (remediation.View, error) {
			if views++; views == 1 {
				return nil, broken
			}
			return h, nil
		}
		e.Switch = func(context.Context) (guard.Switch, string, error) {
			if switches++; switches == 1 {
				return 0, "", broken
			}
			return guard.SwitchOn, "on", nil
		}
	})
	one, other, far := failure(), failure(), failure()
	other.Group, far.Region = "no-such-group", "us-east-1"
	look := e.Together([]remediation.Signal{one, other, far})
	for range 2 {
		if _, err := look(t.Context(), one); !errors.Is(err, broken) {
			t.Fatal(err)
		}
	}
	for range 3 {
		if found, err := look(t.Context(), one); err != nil || len(found) != 1 || found[0].Record.Outcome != audit.Sent {
			t.Fatalf("%+v, %v", found, err)
		}
	}
	if found, err := look(t.Context(), other); err != nil || len(found) != 1 || found[0].Record.Outcome != audit.Ignored {
		t.Errorf("%+v, %v", found, err)
	}
	if _, err := look(t.Context(), far); err != nil {
		t.Error(err)
	}
	if views != 3 || switches != 2 || len(h.gathered) != 2 || !slices.Equal(h.gathered[0], []string{"web-prod", "no-such-group"}) {
		t.Errorf("%d views, %d switches, gathered %q", views, switches, h.gathered)
	}
}
