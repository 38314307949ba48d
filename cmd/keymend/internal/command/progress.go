package command

import "keymend/cmd/keymend/internal/screen"

// busy says at a terminal what takes its time, on standard error. What it returns ends
// that; so does a question.
func (p *program) busy(text string) func() {
	p.quiet()
	if screen.Terminal(p.Err) {
		p.goesOn = screen.Busy(p.Err, screen.Columns(p.Err, p.Getenv), text)
	}
	return p.quiet
}

// quiet erases what is said about what goes on.
func (p *program) quiet() {
	p.goesOn.End()
	p.goesOn = nil
}
