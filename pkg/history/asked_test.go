package history_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"keymend/pkg/history"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
)

// A finding is open from what asks a person to what ends it, in whichever order and how
// often its lines are read.
func TestAsked(t *testing.T) {
	t.Parallel()
	for story, want := range map[string]bool{
		"": false,
		"finding/sent outcome/fixed proof/waiting":       false,
		"finding/proposed":                               true,
		"finding/proposed finding/sent outcome/fixed":    true,
		"finding/proposed finding/sent outcome/undone":   false,
		"finding/proposed outcome/superseded":            true,
		"finding/sent outcome/failed":                    true,
		"finding/sent intent/":                           false,
		"outcome/failed proof/recovered":                 false,
		"finding/no-fix finding/nothing-to-do":           false,
		"finding/no-fix finding/ignored finding/braked":  true,
		"finding/proposed proof/still-failing intent/":   true,
		"proof/gave-up finding/waiting finding/observed": true,
	} {
		var lines []int
		parts := strings.Fields(story)
		for i := range parts {
			lines = append(lines, i, i)
		}
		rand.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		var a history.Asked
		for _, i := range lines {
			phase, o, _ := strings.Cut(parts[i], "/")
			at := time.Unix(int64(i), 0)
			if i%2 == 0 {
				a.Add(read(`{"schema":"keymend.audit/2","phase":"`+phase+`","outcome":"`+o+`"}`, at))
			} else {
				a.Add(history.Entry{At: at, Record: record.Record{Phase: record.Phase(phase), Outcome: outcome.Outcome(o)}})
			}
		}
		if a.Open() != want {
			t.Errorf("%s: open %v", story, !want)
		}
	}
}
