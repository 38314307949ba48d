package lambda

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
)

// drainMark stands in the output where drain was called. No program writes it.
const drainMark = "\x00keymend-drain\x00"

// An output takes in what a process writes, line by line.
type output struct {
	writer  *os.File
	drained chan struct{}
	done    chan struct{}
	mu      sync.Mutex // one drain at a time
}

func newOutput(line func(string)) (*output, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("open a pipe for the function's output: %w", err)
	}
	o := &output{writer: writer, drained: make(chan struct{}), done: make(chan struct{})}
	go o.read(reader, line)
	return o, nil
}

func (o *output) read(r io.ReadCloser, line func(string)) {
	defer close(o.done)
	defer func() { _ = r.Close() }()
	lines := bufio.NewReader(r)
	for {
		text, err := lines.ReadString('\n')
		text, marked := strings.CutSuffix(strings.TrimSuffix(text, "\n"), drainMark)
		if text != "" {
			line(text)
		}
		if marked {
			o.drained <- struct{}{}
		}
		if err != nil {
			return
		}
	}
}

// drain returns once everything that was written before has been taken in. It
// writes a mark behind it, into the same pipe.
func (o *output) drain() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, err := o.writer.WriteString(drainMark + "\n"); err != nil {
		return // closed: there is nothing more to take in
	}
	<-o.drained
}

// close ends the reading. Nothing is lost: the pipe is read to its end.
func (o *output) close() error {
	err := o.writer.Close()
	<-o.done
	return err
}
