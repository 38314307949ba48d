package lambda

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"keymend/pkg/sandbox/ident"
)

// errFunction says that the invocation failed: by the function's own answer, by
// a crash or by a timeout. The log says which.
var errFunction = errors.New("function error")

// invoke runs one invocation, with the log lines that Lambda writes around it.
func (p *process) invoke(payload []byte) ([]byte, error) {
	p.invoking.Lock()
	defer p.invoking.Unlock()
	id := ident.UUID()
	p.log("START RequestId: " + id + " Version: $LATEST")
	began := time.Now()
	answer, err := p.run(invocation{id: id, payload: payload, deadline: began.Add(p.function.Timeout)})
	took := time.Since(began)
	p.log("END RequestId: " + id)
	p.log(fmt.Sprintf("REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %d ms\tMemory Size: %d MB%s",
		id, float64(took.Microseconds())/1000, took.Milliseconds()+1, p.function.MemoryMB, p.used()))
	return answer, err
}

// used says what the process has needed at most, as Lambda does; "" where it has ended, or
// where nothing counts that as Linux does.
func (p *process) used() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running == nil {
		return ""
	}
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.running.command.Process.Pid)) // none: it isn't told
	_, after, _ := strings.Cut(string(text), "VmHWM:")
	var kilobytes int
	if n, _ := fmt.Sscan(after, &kilobytes); n == 0 {
		return ""
	}
	return fmt.Sprintf("\tMax Memory Used: %d MB", (kilobytes+1023)/1024)
}

// run hands the invocation over and waits: for the answer, for the process to
// end, or for the time to be up.
func (p *process) run(in invocation) ([]byte, error) {
	r, err := p.start()
	if err != nil {
		p.log(err.Error())
		return nil, err
	}
	timeout := time.NewTimer(time.Until(in.deadline))
	defer timeout.Stop()
	hand := r.api.next
	for {
		select {
		case hand <- in:
			hand = nil // handed over; now for the answer
		case a := <-r.api.answers:
			if a.id != in.id {
				continue
			}
			return a.body, a.err
		case <-r.exited:
			p.stop()
			p.log(fmt.Sprintf("RequestId: %s Error: Runtime exited with error: %v", in.id, r.failure))
			return nil, errFunction
		case <-timeout.C:
			p.stop()
			p.log(fmt.Sprintf("%s %s Task timed out after %.2f seconds", p.service.clock.Now().Format(time.RFC3339), in.id, p.function.Timeout.Seconds()))
			return nil, errFunction
		}
	}
}

// log writes a line into the function's log group, where its role lets it.
func (p *process) log(line string) {
	f := p.function
	if !p.service.mayAs(f, "logs", "PutLogEvents", "arn:aws:logs:"+f.Region+":"+f.Account+":log-group:"+f.LogGroup+":*") {
		return
	}
	at := p.service.clock.Now()
	p.service.logs.Append(f.Account, f.Region, f.LogGroup, p.stream(), at, line)
}

// stream is the log stream's name, one for each function.
func (p *process) stream() string { return "$LATEST/" + p.function.Name }
