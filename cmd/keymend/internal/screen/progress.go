package screen

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"keymend/pkg/quote"
)

// Terminal reports whether out is a terminal.
func Terminal(out io.Writer) bool {
	file, ok := out.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(file.Fd())) //nolint:gosec // descriptors are small
}

// A Progress is a line at a terminal that says what goes on. It is shown once that takes
// longer than a second, and erased at the end. The nil Progress shows nothing.
type Progress struct {
	out  io.Writer
	mu   sync.Mutex
	text string
	tick *time.Ticker
	done chan struct{}
	end  sync.Once
	left sync.WaitGroup
}

// Busy begins a line.
func Busy(out io.Writer, text string) *Progress {
	p := &Progress{out: out, text: text, tick: time.NewTicker(time.Second), done: make(chan struct{})}
	began := time.Now()
	p.left.Go(func() {
		for shown := false; ; shown = true {
			select {
			case <-p.done:
				if shown {
					p.write("")
				}
				return
			case <-p.tick.C:
				p.write(p.line(time.Since(began)))
			}
		}
	})
	return p
}

// Says changes what the line says.
func (p *Progress) Says(text string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text = text
}

// End erases the line.
func (p *Progress) End() {
	if p == nil {
		return
	}
	p.end.Do(func() {
		p.tick.Stop()
		close(p.done)
	})
	p.left.Wait()
}

// line fits into the narrowest terminal: a longer one couldn't be erased.
func (p *Progress) line(passed time.Duration) string {
	const narrow = 60
	p.mu.Lock()
	defer p.mu.Unlock()
	text, took := []rune(quote.Line(p.text)), fmt.Sprintf(" … %d s", int(passed.Seconds()))
	if most := narrow - 1 - len([]rune(took)); len(text) > most {
		text = append(text[:most-1], '…')
	}
	return strings.TrimRight(string(text), " ") + took
}

// write replaces the line. Who can't read it misses nothing that counts.
func (p *Progress) write(line string) { _, _ = fmt.Fprint(p.out, "\r\x1b[K"+line) }
