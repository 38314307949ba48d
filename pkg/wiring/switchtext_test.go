package wiring_test

import (
	"strings"
	"testing"

	"keymend/pkg/guard"
)

// The switch's setting may name any parameter, a secret one by mistake: audit
// records repeat a short word at most.
func TestSwitchDoesNotRepeatSecrets(t *testing.T) {
	t.Parallel()
	secret := "correct horse battery staple"
	got, text, err := switchOf(parameters{value: &secret}, "/db/password").Switch(t.Context())
	if got != guard.SwitchOff || err != nil || strings.Contains(text, "horse") || !strings.Contains(text, "/db/password") {
		t.Errorf("%v, %q, %v", got, text, err)
	}
}
