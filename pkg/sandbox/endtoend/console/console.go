// Package console has programs run at a terminal, as a person would. Only tests import
// it; where there is none of Linux's terminals, they are skipped and say so.
package console

import (
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Interrupt is what Ctrl-C types.
const Interrupt = "\x03"

// A Console is a program at a terminal: what it says comes to the terminal, and what is
// typed goes to it, an interrupt as well.
type Console struct {
	t    testing.TB
	run  *exec.Cmd
	file *os.File // the terminal's other end
	read chan struct{}

	mu   sync.Mutex
	said strings.Builder
}

// Start starts a program at a terminal of its own. Where it has a standard output
// already, that stays.
func Start(t testing.TB, run *exec.Cmd) *Console {
	t.Helper()
	main, side := pair(t)
	c := &Console{t: t, run: run, file: main, read: make(chan struct{})}
	run.Stdin, run.Stderr = side, side
	if run.Stdout == nil {
		run.Stdout = side
	}
	run.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	must(t, run.Start())
	must(t, side.Close())
	go c.reads()
	return c
}

func (c *Console) reads() {
	defer close(c.read)
	part := make([]byte, 1<<12)
	for {
		n, err := c.file.Read(part)
		c.mu.Lock()
		c.said.Write(part[:n])
		c.mu.Unlock()
		if err != nil {
			return // the program ended
		}
	}
}

// Text is what the terminal was sent so far.
func (c *Console) Text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.said.String()
}

// Waits until the program says something, for a minute at most.
func (c *Console) Waits(says string) {
	c.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(time.Minute)
	for !strings.Contains(c.Text(), says) {
		select {
		case <-c.read:
			c.t.Fatalf("it doesn't say %q:\n%s", says, c.Text())
		case <-late:
			c.t.Fatalf("it doesn't say %q in a minute:\n%q", says, c.Text())
		case <-tick.C:
		}
	}
}

// Types sends keys to the program.
func (c *Console) Types(keys string) {
	c.t.Helper()
	_, err := io.WriteString(c.file, keys)
	must(c.t, err)
}

// Ends waits for the program's end, and returns its exit code and all it said.
func (c *Console) Ends() (code int, text string) {
	c.t.Helper()
	_ = c.run.Wait() // the exit code says it
	<-c.read
	return c.run.ProcessState.ExitCode(), c.Text()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
