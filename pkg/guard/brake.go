package guard

import "keymend/pkg/settings"

// A Brake is what holds the hub of an organization back in one account and Region: how
// far whoever governs the organization lets it go there, and the account owner's switch.
// Its zero value stops all.
type Brake struct {
	Wave       settings.Wave
	WaveText   string // how it was read, or why it couldn't be; it names the account
	Switch     Switch // the owner's; SwitchNone counts as off
	SwitchText string // as WaveText
}

// Outside is the brake of an account that doesn't let the hub in, as the text says: what
// it says of its switch, or by tags, can't be read. So nothing is written for its keys;
// what is missing is proposed.
func Outside(text string) Brake {
	wave := settings.Careful()
	wave.Mode = settings.Propose
	return Brake{Wave: wave, WaveText: text, Switch: SwitchUnread, SwitchText: text}
}

// Careful returns the most careful of a mode and of the brakes', and the text of the
// brake by which it is less than the mode; "" = by none.
func Careful(mode settings.Mode, brakes []Brake) (settings.Mode, string) {
	text := ""
	for _, b := range brakes {
		if least := mode.AtMost(b.Wave.Mode); least != mode {
			mode, text = least, b.WaveText
		}
	}
	return mode, text
}

// braking returns the input with the most careful of everyone's words: the settings', and
// those of each account that counts. Only an owner's on is on.
func (in Input) braking() Input {
	in.Mode, in.modeText = Careful(in.Mode, in.Brakes)
	for _, b := range in.Brakes {
		if b.Switch != SwitchOn && (in.Switch == SwitchNone || in.Switch == SwitchOn) {
			in.Switch, in.SwitchText = max(b.Switch, SwitchOff), b.SwitchText
		}
	}
	return in
}
