package sandbox_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"keymend/pkg/sandbox"
)

// At speed 60, a second of real time is a minute of simulated time.
func TestRunFollowsRealTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		box, err := sandbox.New(sandbox.Options{Start: start, Switches: sandbox.DefaultSwitches()})
		must(t, err)
		ctx, stop := context.WithCancel(t.Context())
		go box.Run(ctx, 60)
		time.Sleep(10*time.Second + time.Millisecond) // of the bubble's own time
		synctest.Wait()
		if passed := box.Clock().Now().Sub(start); passed != 10*time.Minute {
			t.Errorf("%s passed, want 10m", passed)
		}
		stop()
		synctest.Wait()
	})
}
