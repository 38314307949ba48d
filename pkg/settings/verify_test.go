package settings_test

import (
	"strings"
	"testing"

	"keymend/pkg/settings"
	"keymend/pkg/settings/variable"
)

// remediate has a minute. Reads that don't fit into it would never end in an
// outcome: each delivery would begin to prove anew, until the dead-letter queue.
func TestTheProofFitsIntoTheFunctionsTime(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		reads, interval string
		ok              bool
	}{
		{"5", "1s", true}, {"20", "500ms", true}, {"1", "10s", true}, {"5", "2s", true},
		{"20", "30s", false}, {"20", "1s", false}, {"1", "30s", false}, {"5", "2001ms", false},
	} {
		c, err := settings.Parse(from(map[string]string{
			variable.Mode: "enforce", variable.VerifyReads: tc.reads, variable.VerifyInterval: tc.interval,
		}))
		if (err == nil) != tc.ok || (c.Mode == "enforce") != tc.ok || !tc.ok && !strings.Contains(err.Error(), variable.VerifyInterval) {
			t.Errorf("%s reads, one each %s: %s, %v", tc.reads, tc.interval, c.Mode, err)
		}
	}
}

// Whatever the environment holds, the mode is one that was written there to the
// letter, and with any problem it is observe.
func FuzzParse(f *testing.F) {
	f.Add("enforce", "all", "auto", "/keymend/switch", "5", "1s")
	f.Add("Enforce", "", "", "", "", "")
	f.Add("", "tagged", "grant", "a b", "0", "-1s")
	f.Add("propose", "all", "policy", "x", "9999999999999999999", "9999999h")
	f.Add("enforce\n", "\x00", "\xff", "/", "05", "1e9s")
	f.Fuzz(func(t *testing.T, mode, scope, own, parameter, reads, interval string) {
		c, err := settings.Parse(from(map[string]string{
			variable.Mode: mode, variable.Scope: scope, variable.OwnKey: own,
			variable.SwitchParameter: parameter, variable.VerifyReads: reads, variable.VerifyInterval: interval,
		}))
		if c.Mode != "observe" && (err != nil || string(c.Mode) != mode) || err == nil && string(c.Mode) != mode {
			t.Errorf("mode %q from %q, %v", c.Mode, mode, err)
		}
		if c.Scope != "tagged" && string(c.Scope) != scope || c.SwitchParameter != "" && c.SwitchParameter != parameter {
			t.Errorf("%+v", c)
		}
		if parameter != "" && c.SwitchParameter == "" && c.Mode != "observe" {
			t.Errorf("a switch was configured and isn't there: %+v", c)
		}
		if c.VerifyReads < 1 || c.VerifyInterval < 0 {
			t.Errorf("%+v", c)
		}
	})
}
