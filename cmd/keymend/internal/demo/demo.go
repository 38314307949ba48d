// Package demo tells Keymend's story in the sandbox, in seven parts. Nothing of it
// is made up: the built functions run, and every line is read back from their
// audit records or from AWS's own APIs.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"keymend/cmd/keymend/internal/screen"
)

// Options are what the demo needs.
type Options struct {
	Out      io.Writer
	Colour   bool
	Binaries map[string]string // of the functions, by name
	// FunctionsEndpoint is given to the functions instead of the sandbox's, to
	// see the demo fail; "" = the sandbox's.
	FunctionsEndpoint string
	// Undo takes a remediation back, as `keymend undo` does, with the credentials
	// of an account's administrator.
	Undo func(ctx context.Context, endpoint, account, region, logGroup, id string) error
	// Played hears of each scene once its lines are written; nil: nobody does.
	Played func(Scene) error
}

// A Scene is one part of the story, and whether it happened as told.
type Scene struct {
	Schema   string   `json:"schema"`
	Number   int      `json:"number"`
	Of       int      `json:"of"`
	Name     string   `json:"name"`
	Happened bool     `json:"happened"` // as told
	Says     []string `json:"says"`     // the lines, as people see them
}

// A part is one scene. It returns the stage that did not happen as an error.
type part struct {
	name string
	play func(*stage, context.Context) error
}

func parts() []part {
	return []part{
		{"HEAL", (*stage).heal},
		{"AGAIN", (*stage).again},
		{"OBSERVE", (*stage).observe},
		{"NOT ASKED", (*stage).notAsked},
		{"NOT KMS", (*stage).notKMS},
		{"UNDO", (*stage).undo},
		{"SILENCE", (*stage).silence},
	}
}

// Run plays the parts. Its error names the part and the stage that did not
// happen; the parts after it build on it, and aren't played.
func Run(ctx context.Context, o Options) (err error) {
	page := screen.New(o.Out, o.Colour)
	page.Text(screen.Bold, "LOCAL SANDBOX. Nothing leaves this machine. Simulated time.")
	page.Blank()
	if err := page.Flush(); err != nil {
		return err
	}
	s, err := open(page, o)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer func() { err = errors.Join(err, s.box.Close()) }()
	all := parts()
	for i, p := range all {
		s.part = fmt.Sprintf("%d %-10s", i+1, p.name)
		s.calls = s.lastCall()
		if err := p.play(s, ctx); err != nil {
			page.Text(screen.Bad, fmt.Sprintf("%sdid not happen as told: %v", s.part, err))
			told := o.played(page, Scene{Number: i + 1, Of: len(all), Name: p.name})
			page.Blank()
			page.Text(screen.Bad, fmt.Sprintf("%d of %d as expected.", i, len(all)))
			return errors.Join(fmt.Errorf("demo: %s: %w", p.name, err), told, page.Flush())
		}
		if err := o.played(page, Scene{Number: i + 1, Of: len(all), Name: p.name, Happened: true}); err != nil {
			return err
		}
	}
	page.Blank()
	page.Text(screen.Good, fmt.Sprintf("%d of %d as expected.", len(all), len(all)))
	return page.Flush()
}

// played shows a scene, and tells of it.
func (o Options) played(page *screen.Page, s Scene) error {
	if err := page.Flush(); err != nil || o.Played == nil {
		return err
	}
	return o.Played(s)
}

// clock shows a moment of simulated time as minutes and seconds since start.
func clock(start, at time.Time) string {
	seconds := int(at.Sub(start).Round(time.Second).Seconds())
	return fmt.Sprintf("%02d:%02d", seconds/60, seconds%60)
}
