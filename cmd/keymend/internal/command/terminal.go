package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"keymend/pkg/account"
	"keymend/pkg/guard"
	"keymend/pkg/quote"
	"keymend/pkg/record"
	"keymend/pkg/settings"
	"keymend/pkg/wiring"
)

// A terminal is AWS as a person at a terminal reaches it.
type terminal struct {
	wiring.AWS
	// writeAll asks the person whether to write all the same, though the switch may
	// not be read; nil: nothing is to be written.
	writeAll func(ctx context.Context, says string) bool
	turnOn   func(command string) // takes the command that turns on a switch that is off
	file     string               // with the records of earlier commands
}

// Switch implements remediation.Readers. Where the environment names no switch, it
// is the one of a Keymend that may be deployed in the account. If that parameter
// isn't there, there is no switch.
func (t terminal) Switch(ctx context.Context) (guard.Switch, string, error) {
	named := t.Settings.SwitchParameter != ""
	if !named {
		t.Settings.SwitchParameter = settings.DefaultSwitch
	}
	position, says, err := t.AWS.Switch(ctx)
	says, command, _ := strings.Cut(says, wiring.ToWrite)
	t.turnOn(command) // a line of its own on the screen: it is to be pasted
	switch {
	case named || err != nil:
	case position == guard.SwitchMissing, position == guard.SwitchUnread && (t.writeAll == nil || t.writeAll(ctx, says)):
		position = guard.SwitchNone
	case position == guard.SwitchUnread:
		says += ". To write all the same, run it at a terminal without --yes."
	}
	return position, says, err
}

// writeAll returns what asks once, and remembers the answer.
func (p *program) writeAll(s session, a applying) func(context.Context, string) bool {
	if !a.Apply {
		return nil
	}
	var answer *bool
	return func(ctx context.Context, says string) bool {
		if answer == nil {
			answer = new(!a.Yes && p.Asks)
			if *answer {
				*answer, _ = p.ask(ctx, fmt.Sprintf( // an interrupt is no yes
					"The switch that stops all writes in account %s, %s, may say off. %s.\nWrite all the same?", s.account, s.aws.Region, quote.Line(says)))
			}
		}
		return *answer
	}
}

// Logged implements remediation.Readers: what earlier commands wrote to the audit file,
// and what the functions logged, if Keymend is deployed in the account. Only the file is
// the person's: where the log may not be read, the file is what there is.
func (t terminal) Logged(ctx context.Context, id string, from, to time.Time) ([]record.Record, error) {
	var out []record.Record
	_, err := inFile(t.file).each(ctx, "", time.Time{}, func(r record.Record) {
		if (r.Key == id || r.RemediationID == id) && !r.Time.Before(from) && !r.Time.After(to) {
			out = append(out, r)
		}
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read audit file: %w", err)
	}
	t.Settings.RolePrefix = cmp.Or(t.Settings.RolePrefix, deployed)
	logged, err := t.AWS.Logged(ctx, id, from, to)
	if account.AccessDenied(err) {
		err = nil
	}
	return append(out, logged...), err
}
