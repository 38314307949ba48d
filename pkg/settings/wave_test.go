package settings_test

import (
	"strings"
	"testing"

	"keymend/pkg/settings"
)

func TestParseWave(t *testing.T) {
	t.Parallel()
	const whole = `{"mode":"enforce","hub":"eu-west-1","ownKey":"auto","foreignKey":"grant"}`
	got, err := settings.ParseWave(whole)
	if want := (settings.Wave{Mode: "enforce", Hub: "eu-west-1", OwnKey: "auto", ForeignKey: "grant"}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := settings.ParseWave(strings.Replace(whole, "{", `{"later":[1],`, 1)); err != nil || got.Mode != settings.Enforce {
		t.Errorf("a member of a later version: %+v, %v", got, err)
	}
	for _, text := range []string{
		"", "enforce", "{", "[]", "null", whole + whole, `{"mode":true}`, `"` + whole + `"`, `{}`,
		strings.Replace(whole, "enforce", "Enforce", 1), strings.Replace(whole, `"mode":"enforce",`, "", 1),
		strings.Replace(whole, "auto", "all", 1), strings.Replace(whole, "grant", "", 1),
	} {
		if got, err := settings.ParseWave(text); err == nil || got != settings.Careful() {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}

// Neither the hub nor the wave alone widens what is done.
func TestAtMost(t *testing.T) {
	t.Parallel()
	modes := []settings.Mode{"", "Enforce", settings.Observe, settings.Propose, settings.Enforce} // the first three are one
	for i, a := range modes {
		for j, b := range modes {
			want := modes[min(i, j)]
			if min(i, j) < 2 {
				want = settings.Observe
			}
			if got := a.AtMost(b); got != want {
				t.Errorf("%s and %s: %s", a, b, got)
			}
		}
	}
	wave := settings.Wave{OwnKey: settings.OwnKeyAuto, ForeignKey: settings.ForeignGrant}
	if got := wave.AtMost(settings.Config{OwnKey: settings.OwnKeyAuto, ForeignKey: settings.ForeignGrant}); got != wave {
		t.Errorf("%+v", got)
	}
	if got := wave.AtMost(settings.Config{OwnKey: settings.OwnKeyGrant, ForeignKey: settings.ForeignReport}); got.OwnKey != settings.OwnKeyGrant || got.ForeignKey != settings.ForeignReport {
		t.Errorf("%+v", got)
	}
	wave = settings.Wave{OwnKey: settings.OwnKeyGrant, ForeignKey: settings.ForeignCopy}
	if got := wave.AtMost(settings.Config{OwnKey: settings.OwnKeyAuto, ForeignKey: settings.ForeignCopy}); got.OwnKey != settings.OwnKeyGrant || got.ForeignKey != settings.ForeignReport {
		t.Errorf("copies without a key: %+v", got)
	}
	if got := wave.AtMost(settings.Config{OwnKey: settings.OwnKeyAuto, ForeignKey: settings.ForeignCopy, CopyKey: "alias/ebs"}); got.ForeignKey != settings.ForeignCopy {
		t.Errorf("%+v", got)
	}
}
