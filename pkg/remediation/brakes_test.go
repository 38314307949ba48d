package remediation_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"keymend/pkg/guard"
	"keymend/pkg/outcome"
	"keymend/pkg/remediation"
	"keymend/pkg/settings"
	"keymend/pkg/signal"
)

// A board is what the accounts of an organization say, by their ids.
type board map[string]guard.Brake

func (b board) hub(x *remediation.Fixer) {
	x.Settings.Accounts = []string{"organization"}
	x.Brake = func(_ context.Context, accountID, _ string) (guard.Brake, error) { return b[accountID], nil }
}

// letting is a brake that holds nothing back.
func letting(ownKey settings.OwnKey, foreignKey settings.ForeignKey) guard.Brake {
	return guard.Brake{Wave: settings.Wave{Mode: settings.Enforce, OwnKey: ownKey, ForeignKey: foreignKey}, WaveText: "enforce", Switch: guard.SwitchOn}
}

// What the account's wave asks for is planned, and no more than the hub's settings do.
func TestTheWaveIsPlanned(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		hub, wave settings.OwnKey
		want      string
	}{
		"both statements": {settings.OwnKeyAuto, settings.OwnKeyAuto, "EditKeyPolicy"},
		"the wave grants": {settings.OwnKeyAuto, settings.OwnKeyGrant, "CreateGrant"},
		"the hub grants":  {settings.OwnKeyGrant, settings.OwnKeyAuto, "CreateGrant"},
	} {
		w := newWorld()
		b := board{accountID: letting(tc.wave, settings.ForeignReport)}
		r := w.diagnose(t, w.looker(b.hub, func(x *remediation.Fixer) { x.Settings.OwnKey = tc.hub }))
		if r.Outcome != outcome.Sent || r.Mode != settings.Enforce || len(r.Plan.Steps) != 1 || r.Plan.Steps[0].Kind() != tc.want {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// Of another member's key the owner's wave says whether its policy may be edited; the
// session says for which member it is written.
func TestTheOwnersWaveIsPlanned(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		group, owner settings.ForeignKey
		want         outcome.Outcome
	}{
		"the owner's lets it be": {settings.ForeignReport, settings.ForeignGrant, outcome.Sent},
		"the owner's doesn't":    {settings.ForeignGrant, settings.ForeignReport, outcome.NoFix},
		"the owner's copies":     {settings.ForeignGrant, settings.ForeignCopy, outcome.NoFix},
	} {
		b := newBorder()
		members := board{accountID: letting(settings.OwnKeyGrant, tc.group), ownerID: letting(settings.OwnKeyGrant, tc.owner)}
		if r := b.diagnose(t, &b.fixer(members.hub).Looker); r.Outcome != tc.want {
			t.Errorf("%s: %s %s", name, r.Outcome, r.Reason)
		}
		if tc.want != outcome.Sent {
			continue
		}
		m := wired(t, b.sent[0])
		if r, err := b.fixer(members.hub).Remediate(t.Context(), m); err != nil || r.Outcome != outcome.Fixed {
			t.Fatalf("%s %s, %v", r.Outcome, r.Reason, err)
		}
		for _, s := range b.opened {
			if s.For != accountID {
				t.Errorf("a session for %s", s.For)
			}
		}
	}
}

// Both accounts' brakes count for another member's key, and are read anew before the
// change; for the keys of one that lets nobody in nothing is written.
func TestBothBrakesCount(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		account string
		brake   guard.Brake
		want    outcome.Outcome
		says    string
	}{
		"the group's switch":        {accountID, guard.Brake{Wave: letting("grant", "grant").Wave, Switch: guard.SwitchOff, SwitchText: "off here"}, outcome.Proposed, "off here"},
		"the owner's switch":        {ownerID, guard.Brake{Wave: letting("grant", "grant").Wave, Switch: guard.SwitchMissing, SwitchText: "off there"}, outcome.Proposed, "off there"},
		"the owner's wave":          {ownerID, guard.Brake{Wave: settings.Wave{Mode: settings.Observe, ForeignKey: "grant"}, WaveText: "observe there", Switch: guard.SwitchOn}, outcome.Observed, "observe there"},
		"the group's can't be told": {accountID, guard.Brake{WaveText: "not told"}, outcome.Observed, "not told"},
		"the owner lets in no more": {ownerID, lettingNobodyIn("grant"), outcome.Proposed, "not in"},
		"nothing is said of it all": {ownerID, guard.Brake{Wave: settings.Wave{ForeignKey: "grant"}}, outcome.Observed, ""},
	} {
		b := newBorder()
		whole := board{accountID: letting("grant", "grant"), ownerID: letting("grant", "grant")}
		b.diagnose(t, &b.fixer(whole.hub).Looker)
		m := wired(t, b.sent[0])
		whole[tc.account] = tc.brake
		r, err := b.fixer(whole.hub).Remediate(t.Context(), m)
		if err != nil || r.Outcome != tc.want || !strings.Contains(r.Reason, tc.says) || b.puts+b.made != 0 {
			t.Errorf("%s: %s %s, %v", name, r.Outcome, r.Reason, err)
		}
	}
}

// lettingNobodyIn is the brake of an account that doesn't let the hub in.
func lettingNobodyIn(foreignKey settings.ForeignKey) guard.Brake {
	b := guard.Outside("not in")
	b.Wave.ForeignKey = foreignKey
	return b
}

// A grant alone writes nothing in the owner's account, and still waits for its brakes: the
// policy that lets it be made may be older than the owner's no, which can't be seen.
func TestNoGrantUnseen(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		owner  guard.Brake
		hidden bool
		says   string
	}{
		"its switch is off":              {guard.Brake{Wave: letting("grant", "report").Wave, Switch: guard.SwitchOff, SwitchText: "off there"}, false, "off there"},
		"it lets nobody in":              {guard.Outside("not in"), false, "not in"},
		"nor lets anything be seen":      {guard.Outside("not in"), true, "whether the owner forbids it (not onboarded)"},
		"its key's tags may not be read": {letting("grant", "report"), true, "whether the owner forbids it (not onboarded)"},
	} {
		b := newBorder()
		b.hidden = tc.hidden
		b.with(strings.ReplaceAll(byRoot, "Theirs", "KeymendCreateGrantBy"+accountID))
		m := b.message(t)
		whole := board{accountID: letting("grant", "report"), ownerID: tc.owner}
		r, err := b.fixer(whole.hub).Remediate(t.Context(), m)
		if err != nil || r.Outcome != outcome.Proposed || !strings.Contains(r.Reason, tc.says) || b.puts+b.made != 0 {
			t.Errorf("%s: %s %s, %d made, %v", name, r.Outcome, r.Reason, b.made, err)
		}
		sent := len(b.sent)
		if d := b.diagnose(t, b.looker(whole.hub)); d.Outcome != outcome.Proposed || d.Plan.ForOwner == nil || !strings.Contains(d.Reason, "aws kms create-grant") || len(b.sent) != sent {
			t.Errorf("%s: %s %s", name, d.Outcome, d.Reason)
		}
	}
}

// Whoever writes a template writes any ARN: what can be no account isn't asked, since AWS
// calls that a wrong request, which would end the whole look.
func TestNobodysBrakesArentAsked(t *testing.T) {
	t.Parallel()
	w := newWorld()
	other := w.launch.Keys[0]
	other.ID = "arn:aws:kms:eu-west-1:12:key/x"
	w.launch.Keys = append(w.launch.Keys, other)
	l := w.looker(board{}.hub, func(x *remediation.Fixer) {
		x.Brake = func(_ context.Context, id, _ string) (guard.Brake, error) {
			if id != accountID {
				return guard.Brake{}, errors.New("ValidationError: " + id)
			}
			return letting("grant", "report"), nil
		}
	})
	if found, err := l.Diagnose(t.Context(), failure()); err != nil || found[0].Record.Outcome != outcome.Sent {
		t.Errorf("%+v, %v", found, err)
	}
}

// The hub of an organization without anybody to ask writes nothing, nor does one that
// couldn't ask: then the look comes again.
func TestBrakesThatCantBeAsked(t *testing.T) {
	t.Parallel()
	w := newWorld()
	hub := board{}.hub
	r := w.diagnose(t, w.looker(hub, func(x *remediation.Fixer) { x.Brake = nil }))
	if r.Outcome != outcome.Observed || len(w.sent) != 0 || !strings.Contains(r.Reason, "brakes weren't read") {
		t.Errorf("%s %s", r.Outcome, r.Reason)
	}
	throttled, asked := errors.New("throttled"), 0
	l := w.looker(hub, func(x *remediation.Fixer) {
		x.Brake = func(context.Context, string, string) (guard.Brake, error) {
			if asked++; asked == 1 {
				return guard.Brake{}, throttled
			}
			return letting("grant", "report"), nil
		}
	}).Together([]signal.Look{failure()}, time.Time{})
	if _, err := l.Diagnose(t.Context(), failure()); !errors.Is(err, throttled) {
		t.Errorf("%v", err)
	}
	for range 3 {
		if found, err := l.Diagnose(t.Context(), failure()); err != nil || found[0].Record.Outcome != outcome.Sent || asked != 2 {
			t.Errorf("%+v, %v; asked %d times", found, err, asked)
		}
	}
}
