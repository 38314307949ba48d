package lambda

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// An invocation is handed to the function by /next.
type invocation struct {
	id       string
	payload  []byte
	deadline time.Time
}

// An answer is what the function says to it.
type answer struct {
	id   string
	body []byte
	err  error
}

// A runtimeAPI serves one process.
type runtimeAPI struct {
	function Function
	drain    func() // takes in what the function has written so far
	next     chan invocation
	answers  chan answer
}

func newRuntimeAPI(f Function, drain func()) *runtimeAPI {
	return &runtimeAPI{function: f, drain: drain, next: make(chan invocation), answers: make(chan answer, 1)}
}

func (a *runtimeAPI) handler() http.Handler {
	const version = "/2018-06-01/runtime/"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+version+"invocation/next", a.serveNext)
	mux.HandleFunc("POST "+version+"invocation/{id}/response", a.serveAnswer(nil))
	mux.HandleFunc("POST "+version+"invocation/{id}/error", a.serveAnswer(errFunction))
	mux.HandleFunc("POST "+version+"init/error", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusAccepted) // the process ends by itself now
	})
	return mux
}

func (a *runtimeAPI) serveNext(w http.ResponseWriter, r *http.Request) {
	select {
	case in := <-a.next:
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", in.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(in.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", a.function.ARN())
		h.Set("Lambda-Runtime-Trace-Id", fmt.Sprintf("Root=1-%08x-%.24s;Sampled=0", in.deadline.Unix(), "000000000000000000000000"))
		_, _ = w.Write(in.payload)
	case <-r.Context().Done():
	}
}

// serveAnswer takes the answer in once all that the function wrote before it is
// in the log.
func (a *runtimeAPI) serveAnswer(failure error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		a.drain()
		w.WriteHeader(http.StatusAccepted)
		a.answers <- answer{id: r.PathValue("id"), body: body, err: failure}
	}
}
