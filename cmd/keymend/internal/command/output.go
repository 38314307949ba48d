package command

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/screen"
)

// asksJSON reports whether the arguments ask for JSON, also where they can't be parsed.
func asksJSON(args []string) bool {
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	for i, a := range args {
		if a == "--output=json" || a == "json" && i > 0 && args[i-1] == "--output" {
			return true
		}
	}
	return false
}

// outputsOf are the forms that a command writes. A list has more than others.
func outputsOf(args []string) []string {
	if slices.Contains(args, "scan") {
		return []string{"text", "table", "json", "csv", "html"}
	}
	return []string{"text", "json"}
}

// An answer is what a command found: an exit code, a page for people, and lines of JSON
// for programs.
type answer interface {
	Code() report.Code
	Show(to *screen.Page)
	Lines() []any
}

// reply writes an answer, and has the program end with its exit code.
func (p *program) reply(a answer) error {
	p.code = a.Code()
	if !p.json() {
		page := p.page()
		a.Show(page)
		return page.Flush()
	}
	for _, line := range a.Lines() {
		if err := p.object(line); err != nil {
			return err
		}
	}
	return nil
}

// json reports whether the answer is for programs.
func (p *program) json() bool { return p.flags.Output == "json" }

// object writes one object of an answer, on a line of its own.
func (p *program) object(v any) error {
	p.quiet()
	if err := line(p.Out, v); err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	return nil
}

func line(to io.Writer, v any) error {
	out := json.NewEncoder(to)
	out.SetEscapeHTML(false)
	return out.Encode(v)
}

// page begins a page on standard output.
func (p *program) page() *screen.Page {
	p.quiet()
	return screen.New(p.Out, p.coloured(p.Out)).Within(screen.Columns(p.Out, p.Getenv))
}

// coloured reports whether what goes to out has colours.
func (p *program) coloured(out io.Writer) bool {
	return p.flags.Color == "always" || p.flags.Color == "auto" && screen.Coloured(out, p.Getenv)
}

// busy shows on standard error, where that is a terminal, what the program is doing. The
// function that it returns erases that. A question does, too.
func (p *program) busy(text string) func() {
	p.quiet()
	if screen.Terminal(p.Err) {
		p.progress = screen.Busy(p.Err, screen.Columns(p.Err, p.Getenv), text)
	}
	return p.quiet
}

// quiet erases the line that says what the program is doing.
func (p *program) quiet() {
	p.progress.End()
	p.progress = nil
}
