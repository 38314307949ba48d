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
	return ok && term.IsTerminal(int(file.Fd()))
}

// A Progress is a line at a terminal that says what goes on. It is shown once that takes
// longer than a second, and erased at the end. The nil Progress shows nothing.
type Progress struct {
	out  io.Writer
	most int // columns of the terminal
	mu   sync.Mutex
	text string
	tick *time.Ticker
	done chan struct{}
	end  sync.Once
	left sync.WaitGroup
}

// Busy begins a line at a terminal that has so many columns.
func Busy(out io.Writer, columns int, text string) *Progress {
	p := &Progress{out: out, most: columns, text: text, tick: time.NewTicker(time.Second), done: make(chan struct{})}
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

// line fits into the terminal: a longer one couldn't be erased.
func (p *Progress) line(passed time.Duration) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	text, took := []rune(quote.Line(p.text)), fmt.Sprintf(" … %d s", int(passed.Seconds()))
	if most := p.most - 1 - len([]rune(took)); len(text) > most {
		text = append(text[:most-1], '…')
	}
	return strings.TrimRight(string(text), " ") + took
}

// write replaces the line. Who can't read it misses nothing that counts.
func (p *Progress) write(line string) { _, _ = fmt.Fprint(p.out, "\r\x1b[K"+line) }
