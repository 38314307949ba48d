package wire

import (
	"context"
	"net/http"
	"time"
)

// A Fault is what goes wrong with one call. The zero Fault: nothing.
type Fault struct {
	Delay  time.Duration // real time, before the call is carried out
	Before *Error        // the answer; the call isn't carried out
	After  *Error        // the answer; the call was carried out
	Lost   bool          // the call was carried out, and its answer never arrives
	Behind time.Duration // the call reads what was there so long ago, in simulated time
	Then   func()        // called before the answer goes out; nil = nothing is
}

// faulty carries out an operation as far as its fault lets it.
func (d *dispatcher) faulty(ctx context.Context, e *endpoint, op Operation, call *Call) {
	var f Fault
	if d.faults != nil {
		f = d.faults(*call)
	}
	time.Sleep(f.Delay)
	call.Behind = f.Behind
	if f.Before != nil {
		call.Err = f.Before
	} else {
		call.Out, call.Err = d.run(ctx, e, op, call.In)
	}
	if d.onCall != nil {
		d.onCall(*call)
	}
	if f.Then != nil {
		f.Then()
	}
	switch {
	case f.Lost:
		panic(http.ErrAbortHandler) // closes the connection without an answer
	case f.After != nil && call.Err == nil:
		call.Err = f.After
	}
}
