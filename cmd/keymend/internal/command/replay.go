package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/settings/variable"
	"keymend/pkg/signal"
)

type replay struct {
	Event string `arg:"" help:"File with one EventBridge event, JSON; - is standard input." placeholder:"EVENT.json"`
	applying
	settable
}

func (replay) about() about {
	e := ofGroups()
	e[report.Healed] = "nothing to do, healed, or an event that asks for nothing"
	return about{
		examples: []string{"keymend replay event.json", "keymend replay - --output json < event.json"},
		ends:     e,
	}
}

// Run does with the event what the functions would do.
func (c replay) Run(ctx context.Context, p *program) error {
	if err := p.askable(c.Apply, c.Yes); err != nil {
		return err
	}
	text, err := p.read(c.Event, "an event has at most 256 KB")
	if err != nil {
		return misused("read event: %w", err)
	}
	event, err := signal.Decode(text, cmp.Or(p.Getenv(variable.RolePrefix), "keymend-"))
	var ignored *signal.Ignored
	switch {
	case errors.As(err, &ignored):
		return p.ignored(c.Event, ignored)
	case err != nil:
		return misused("%s: %w; it must be one event as EventBridge delivers it", file(c.Event), err)
	}
	s, err := p.login(ctx)
	if err != nil {
		return err
	}
	if of := event.From(); of.Account != s.account || of.Region != s.aws.Region {
		return misused("%s is about account %s, Region %s; these credentials are for account %s, Region %s: give --profile and --region to match",
			file(c.Event), of.Account, of.Region, s.account, s.aws.Region)
	}
	look, err := p.look(ctx, s, event)
	if errors.As(err, &ignored) {
		if _, users := event.(signal.Looks); users {
			return p.ignored(c.Event, ignored, s.place.Keymend("diagnose", "GROUP", p.given.settings...))
		}
		return p.ignored(c.Event, ignored)
	} else if err != nil {
		return err
	}
	records, err := p.handle(ctx, s, look, c.applying)
	if err != nil && !wrote(records) {
		return p.answered(err)
	}
	return p.tell(ctx, s, records, p.history(ctx, s, look), c.applying, err)
}

// look returns the look that an event asks for.
func (p *program) look(ctx context.Context, s session, event signal.Signal) (signal.Look, error) {
	switch event := event.(type) {
	case signal.OwnWrite:
		return signal.Look{}, &signal.Ignored{Reason: "it is about " + event.Action + " by " + event.Role + "; diagnose holds that to remediate's log"}
	case signal.Looks:
		return signal.Look{}, &signal.Ignored{Reason: "it names no group; diagnose looks at those that use what it is about. Look at one:"}
	case interface{ Look() signal.Look }:
		return event.Look(), nil
	case signal.ImageChanged:
		return p.fixer(s, &auditLog{}, applying{}).Place(ctx, event)
	}
	return signal.Look{}, &signal.Ignored{Reason: "it asks for nothing"}
}

// ignored says why an event is nothing for Keymend. That is no fault.
func (p *program) ignored(name string, why *signal.Ignored, instead ...string) error {
	p.code = report.Healed
	if p.json() {
		return p.object(map[string]any{"schema": "keymend.ignored/1", "event": name, "reason": why.Reason, "instead": append([]string{}, instead...)})
	}
	page := p.page()
	page.Row(screen.Doubt, "ignored", file(name)+": "+why.Reason)
	for _, command := range instead {
		page.Whole(screen.Bold, "", command)
	}
	return page.Flush()
}

// file names a file as people do.
func file(name string) string {
	if name == "-" {
		return "standard input"
	}
	return name
}

// read reads a file, or standard input, of at most 1 MB. AWS takes less; taken says how
// much.
func (p *program) read(name, taken string) ([]byte, error) {
	in := p.In
	if name != "-" {
		opened, err := os.Open(name) //nolint:gosec // the person names the file to read
		if err != nil {
			return nil, err
		}
		defer opened.Close() //nolint:errcheck // it was only read
		in = opened
	}
	const most = 1 << 20
	text, err := io.ReadAll(io.LimitReader(in, most+1))
	if err == nil && len(text) > most {
		err = fmt.Errorf("%s is longer than 1 MB; %s", file(name), taken)
	}
	return text, err
}
