package endtoend_test

import (
	"strings"
	"testing"

	"keymend/pkg/outcome"
)

// TestFullSweepTakesDeadIDsOut: the id of a role that was deleted goes from Keymend's own
// statements, once, and stays in anyone else's, where KMS refuses every edit for it.
// Where the owner, the mode or the switch says no, nothing is written.
func TestFullSweepTakesDeadIDsOut(t *testing.T) {
	t.Parallel()
	const dead = "AROAEXAMPLEGONE123456"
	foreign := `{"Sid":"Theirs","Effect":"Allow","Principal":{"AWS":"` + dead + `"},"Action":"kms:Decrypt","Resource":"*"}`
	for name, tc := range map[string]struct {
		options []option
		change  func(w *world, key string)
		gone    bool
	}{
		"ours": {gone: true},
		"a foreign statement's too": {change: func(w *world, key string) {
			must(w.t, w.box.SeedKeyPolicy(key, strings.Replace(w.policy(key), "[ {", "[ "+foreign+", {", 1)))
		}},
		"not enrolled any more": {change: func(w *world, key string) { w.untag(key, "keymend") }},
		"the switch is off":     {change: func(w *world, _ string) { w.parameter("/keymend/switch", "off") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, append(tc.options, sweeping())...)
			key := w.key(rootOnly, enrolled)
			w.whole(key)
			if strings.Count(w.policy(key), `"`+role+`"`) != 2 {
				t.Fatalf("%s", w.policy(key))
			}
			must(t, w.box.SeedKeyPolicy(key, strings.ReplaceAll(w.policy(key), `"`+role+`"`, `["`+role+`", "`+dead+`"]`)))
			if tc.change != nil {
				tc.change(w, key)
			}
			before, failed := w.policy(key), w.failedLaunches()
			w.fullSweep()
			w.fullSweep()
			after, writes := w.policy(key), w.writes()-1
			if !tc.gone {
				if after != before || writes != 0 {
					t.Errorf("%d writes: %s\n%v", writes, after, w.story())
				}
				return
			}
			if strings.Contains(after, dead) || writes != 1 || !w.opens(after, role) || w.failedLaunches() != failed {
				t.Errorf("%d writes: %s\n%v", writes, after, w.story())
			}
			r := w.last(outcome.Fixed)
			if r.Signal != "sweep" || len(r.Undo) != 0 || !strings.Contains(r.Steps[0].Words().What, dead) {
				t.Errorf("%s: %+v", r.Signal, r.Steps)
			}
			if code, text := w.run(account, nil, "undo", r.RemediationID, "--file", w.auditFile(), "--apply"); code == 0 || w.policy(key) != after {
				t.Errorf("undo: %d\n%s", code, text)
			}
		})
	}
}
