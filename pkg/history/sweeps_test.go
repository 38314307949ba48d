package history_test

import (
	"testing"
	"time"

	"keymend/pkg/history"
)

// TestASweepInParts: it went to all only if each of its parts did, in whichever order the
// log has them.
func TestASweepInParts(t *testing.T) {
	t.Parallel()
	const to, rest = `{"schema":"keymend.audit/2","phase":"sweep","sweep":{"asked":"2026-03-02T09:00:00Z","more":true,"all":`, `{"schema":"keymend.audit/2","phase":"sweep","sweep":{"asked":"2026-03-02T09:00:00Z","all":`
	for _, tc := range []struct {
		first, second string
		all           bool
	}{{to + `true}}`, rest + `true}}`, true}, {to + `true}}`, rest + `false}}`, false}, {to + `false}}`, rest + `true}}`, false}} {
		for _, lines := range [][2]string{{tc.first, tc.second}, {tc.second, tc.first}} {
			var s history.Sweeps
			for _, line := range lines {
				s.Add(read(line, time.Time{}))
			}
			if _, last := s.Groups(); last.IsZero() == tc.all || tc.all && !last.Equal(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)) {
				t.Errorf("%v went to all at %s", lines, last)
			}
		}
	}
}
