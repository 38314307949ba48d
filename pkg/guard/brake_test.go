package guard_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"keymend/pkg/guard"
	"keymend/pkg/settings"
)

// Of all brakes the most careful counts: nothing is carried out unless everyone lets it
// be, and what isn't known stops all.
func TestBrakes(t *testing.T) {
	t.Parallel()
	modes := []settings.Mode{settings.Observe, settings.Propose, settings.Enforce, "", "Enforce"}
	switches := []guard.Switch{guard.SwitchNone, guard.SwitchOn, guard.SwitchOff, guard.SwitchMissing, guard.SwitchUnread}
	rapid.Check(t, func(t *rapid.T) {
		in := permitted()
		in.Mode, in.Switch = rapid.SampledFrom(modes).Draw(t, "mode"), rapid.SampledFrom(switches).Draw(t, "switch")
		may := in.Mode == settings.Enforce && in.Switch <= guard.SwitchOn
		for range rapid.IntRange(0, 3).Draw(t, "brakes") {
			b := guard.Brake{Wave: settings.Wave{Mode: rapid.SampledFrom(modes).Draw(t, "mode")}, Switch: rapid.SampledFrom(switches).Draw(t, "switch")}
			may = may && b.Wave.Mode == settings.Enforce && b.Switch == guard.SwitchOn
			in.Brakes = append(in.Brakes, b)
		}
		if v := guard.Judge(in, edit()); v.Allowed != may {
			t.Errorf("%+v: %+v", in.Brakes, v)
		}
	})
}

// The brake that stops it is named.
func TestBrakesAreNamed(t *testing.T) {
	t.Parallel()
	on := guard.Brake{Wave: settings.Wave{Mode: settings.Enforce}, WaveText: "not this", Switch: guard.SwitchOn, SwitchText: "nor this"}
	for name, tc := range map[string]struct {
		brake guard.Brake
		want  guard.Reason
		says  string
	}{
		"observe": {guard.Brake{WaveText: "account 1 observes", Switch: guard.SwitchOn}, guard.OnlyObserving, "account 1 observes"},
		"propose": {guard.Brake{Wave: settings.Wave{Mode: settings.Propose}, WaveText: "account 1 proposes", Switch: guard.SwitchOn}, guard.OnlyProposing, "account 1 proposes"},
		"switch":  {guard.Brake{Wave: settings.Wave{Mode: settings.Enforce}, Switch: guard.SwitchOff, SwitchText: "account 1 is off"}, guard.SwitchedOff, "account 1 is off"},
		"nobody":  {guard.Brake{SwitchText: "not read"}, guard.OnlyObserving, ""},
	} {
		in := permitted()
		in.Organization, in.Brakes = true, []guard.Brake{on, tc.brake}
		v := guard.Judge(in, edit())
		if v.Reason != tc.want || !strings.Contains(v.Text, tc.says) || strings.Contains(v.Text, "this") && tc.says != "" {
			t.Errorf("%s: %+v", name, v)
		}
		if tc.want == guard.OnlyProposing && (len(v.Run) != 1 || !strings.Contains(v.Run[0].Command, "--apply")) {
			t.Errorf("nobody may approve in an organization: %+v", v.Run)
		}
	}
}

// In an organization the word for it is consent where it stands alone, as IAM reads it;
// no list of accounts is asked for.
func TestConsentInAnOrganization(t *testing.T) {
	t.Parallel()
	for accounts, want := range map[string]guard.Reason{
		"organization": guard.Consented, account: guard.Consented, "organization " + account: guard.Consented,
		"organization " + owner: guard.ConsentElsewhere, "Organization": guard.ConsentElsewhere, "": guard.ConsentElsewhere, owner: guard.ConsentElsewhere,
	} {
		in := across()
		in.Organization, in.Accounts = true, nil
		in.Brakes = []guard.Brake{{Wave: settings.Wave{Mode: settings.Enforce}, Switch: guard.SwitchOn}}
		in.Finding.Tags["keymend-accounts"] = accounts
		v := guard.Judge(in, both())
		if v.Reason != want || want == guard.Consented && !strings.Contains(v.Consent, strings.Fields(accounts)[len(strings.Fields(accounts))-1]) {
			t.Errorf("%q: %+v", accounts, v)
		}
	}
	in := across()
	in.Organization, in.Brakes = true, []guard.Brake{{Wave: settings.Wave{Mode: settings.Enforce}, Switch: guard.SwitchOn}}
	in.Finding.Tags = map[string]string{"keymend": "ignore", "keymend-accounts": "organization"}
	if v := guard.Judge(in, both()); v.Reason != guard.KeyIgnored {
		t.Errorf("the owner's no: %+v", v)
	}
}
