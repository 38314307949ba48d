package settings

import (
	"encoding/json"
	"fmt"
	"slices"
)

// A Wave is what whoever governs an organization lets its hub do in an account and
// Region: JSON in an SSM parameter there (permission.Wave). The account owner's own
// switch there is DefaultSwitch. What isn't known of it counts as the most careful: see
// Careful.
type Wave struct {
	Mode       Mode       `json:"mode"`
	Hub        string     `json:"hub"` // the Region whose hub stack may write here
	OwnKey     OwnKey     `json:"ownKey"`
	ForeignKey ForeignKey `json:"foreignKey"` // of keys of this account, and of copies for its groups
}

// Careful is the Wave of an account and Region where none can be read.
func Careful() Wave { return Wave{Mode: Observe, OwnKey: OwnKeyGrant, ForeignKey: ForeignReport} }

// ParseWave reads the parameter's value. With an error the Wave is Careful. Members
// that aren't known are left to later versions.
func ParseWave(text string) (Wave, error) {
	var w Wave
	if err := json.Unmarshal([]byte(text), &w); err != nil {
		return Careful(), fmt.Errorf("it isn't the JSON object that the stack set writes: %w", err)
	}
	for _, err := range []error{
		known("mode", w.Mode, Observe, Propose, Enforce),
		known("ownKey", w.OwnKey, OwnKeyGrant, OwnKeyAuto, OwnKeyPolicy),
		known("foreignKey", w.ForeignKey, ForeignReport, ForeignGrant, ForeignCopy),
	} {
		if err != nil {
			return Careful(), err
		}
	}
	return w, nil
}

func known[T ~string](name string, value T, allowed ...T) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("its %s is %q, which isn't known", name, value)
}

// AtMost returns the Wave with ways no wider than the settings': one that either leaves
// to grants is left to them, and a key policy that either leaves to its owner is.
func (w Wave) AtMost(c Config) Wave {
	if c.OwnKey == OwnKeyGrant {
		w.OwnKey = OwnKeyGrant
	}
	if c.ForeignKey == ForeignReport || w.ForeignKey == ForeignCopy && c.CopyKey == "" {
		w.ForeignKey = ForeignReport
	}
	return w
}

// AtMost returns the more careful of two modes.
func (m Mode) AtMost(other Mode) Mode {
	order := []Mode{Enforce, Propose} // all else is Observe
	a, b := slices.Index(order, m), slices.Index(order, other)
	if a < 0 || b < 0 {
		return Observe
	}
	return order[max(a, b)]
}
