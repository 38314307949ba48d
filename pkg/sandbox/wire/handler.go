package wire

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"keymend/pkg/sandbox/ident"
)

// An Authenticator knows who holds an access key, and what they may do.
type Authenticator interface {
	// Authenticate returns the caller behind an access key in a Region. Its
	// error is an *Error with the code "InvalidClientTokenId" or
	// "ExpiredToken", which the protocol's own code then replaces.
	Authenticate(accessKeyID, sessionToken, region string) (*Caller, error)
	// Authorize returns nil, or an *Error whose empty Code the service's code
	// for a refusal replaces.
	Authorize(c *Caller, check Check) error
}

// A Call is one API call as it ended, also a refused one.
type Call struct {
	Caller             *Caller
	Service, Operation string
	In, Out            any // the SDK's input and output; Out is nil after an error
	Err                error
	Resources          []string       // ARNs the call was about, where the handler says so
	Params             map[string]any // instead of In in the event's requestParameters, when set
	Behind             time.Duration  // what is read is as it was so long ago, in simulated time
}

type callKey struct{}

// CallOf returns the call that ctx belongs to, for a handler to add Resources
// or Params to. Without one it returns a Call that nobody reads.
func CallOf(ctx context.Context) *Call {
	if c, ok := ctx.Value(callKey{}).(*Call); ok {
		return c
	}
	return &Call{}
}

// NewHandler serves the services on one endpoint, as AWS_ENDPOINT_URL wants
// it: the credential scope of the signature says which service is meant. It
// calls onCall after each call that reached an operation. Where faults are given,
// they are asked before it what goes wrong with it.
func NewHandler(services []Service, auth Authenticator, onCall func(Call), faults ...func(Call) Fault) http.Handler {
	d := &dispatcher{services: map[string]*endpoint{}, auth: auth, onCall: onCall}
	for _, d.faults = range faults {
	}
	for _, s := range services {
		d.services[s.Name] = newEndpoint(s)
	}
	return d
}

type dispatcher struct {
	services map[string]*endpoint
	auth     Authenticator
	onCall   func(Call)
	faults   func(Call) Fault // nil = nothing goes wrong
}

// An endpoint is a Service made ready to look operations up in.
type endpoint struct {
	Service
	operations map[string]Operation
	codec      codec
}

// A codec is one wire protocol.
type codec interface {
	decode(r *http.Request, in any) error
	encode(operation, requestID string, out any) ([]byte, error)
	failure(e *Error, requestID string) []byte
	contentType() string
}

func newEndpoint(s Service) *endpoint {
	e := &endpoint{Service: s, operations: map[string]Operation{}, codec: codecFor(s)}
	for _, op := range s.Operations {
		e.operations[op.Name] = op
	}
	return e
}

func (d *dispatcher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := ident.UUID()
	sig, err := parseSignature(r)
	e := d.services[sig.service]
	switch {
	case e == nil:
		e = stranger(r, sig.service)
	case e.Protocol == CBOR && r.Header.Get("X-Amz-Target") != "": // as boto3 asks, which doesn't speak CBOR
		s := e.Service
		s.Protocol, s.Version = JSON, "1.0"
		e = newEndpoint(s)
	}
	if err != nil {
		e.refuse(w, id, err)
		return
	}
	out, err := d.call(e, sig, r, id)
	if err != nil {
		e.refuse(w, id, err)
		return
	}
	e.answer(w, out.operation, id, out.value)
}

type result struct {
	operation string
	value     any
}

func (d *dispatcher) call(e *endpoint, sig signature, r *http.Request, id string) (result, error) {
	name, err := e.operationName(r)
	if err != nil {
		return result{}, err
	}
	op, ok := e.operations[name]
	if !ok && name == "" {
		return result{}, Errorf("NotInTheSandbox", "%s is not in the sandbox; docs/sandbox.md lists what is", sig.service)
	}
	if !ok {
		return result{}, Errorf("NotInTheSandbox", "%s:%s is not in the sandbox", sig.service, name)
	}
	if err := Region(sig.region); err != nil {
		return result{}, err
	}
	known, err := d.auth.Authenticate(sig.accessKey, r.Header.Get("X-Amz-Security-Token"), sig.region)
	if err != nil {
		return result{}, e.unauthenticated(err)
	}
	caller := *known
	caller.Agent, caller.RequestID = r.UserAgent(), id
	attempt, _, _ := strings.Cut(r.Header.Get("Amz-Sdk-Request"), ";") // as in "attempt=2; max=3"
	caller.Retry = attempt != "" && attempt != "attempt=1"
	call := &Call{Caller: &caller, Service: e.Name, Operation: name, In: op.New()}
	if err := e.codec.decode(r, call.In); err != nil {
		return result{}, err
	}
	ctx := context.WithValue(WithCaller(r.Context(), &caller), callKey{}, call)
	d.faulty(ctx, e, op, call)
	return result{operation: name, value: call.Out}, call.Err
}

// run authorises and carries out one operation. A handler that panics is a
// fault of the sandbox: it is told as one, and the sandbox lives on.
func (d *dispatcher) run(ctx context.Context, e *endpoint, op Operation, in any) (out any, err error) {
	defer func() {
		if p := recover(); p != nil {
			out, err = nil, &Error{Code: "InternalFailure", Status: 500,
				Message: fmt.Sprintf("the sandbox broke in %s:%s: %v", e.Name, op.Name, p)}
		}
	}()
	if err := d.authorize(ctx, e, op, in); err != nil {
		return nil, err
	}
	if e.Protocol == EC2Query && dryRun(in) {
		return nil, &Error{Code: "DryRunOperation", Status: http.StatusPreconditionFailed,
			Message: "Request would have succeeded, but DryRun flag is set."}
	}
	out, err = op.Call(ctx, in)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (d *dispatcher) authorize(ctx context.Context, e *endpoint, op Operation, in any) error {
	if e.SelfAuthorizing {
		return nil
	}
	checks := []Check{{Action: e.Name + ":" + op.Name, Resource: "*"}}
	if op.Needs != nil {
		checks = op.Needs(ctx, in)
	}
	for _, check := range checks {
		if err := d.auth.Authorize(CallerOf(ctx), check); err != nil {
			return e.denied(err)
		}
	}
	return nil
}

// denied puts the service's own code for a refusal into an error without one.
func (e *endpoint) denied(err error) error {
	var w *Error
	if !errors.As(err, &w) || w.Code != "" {
		return err
	}
	message := w.Message
	if e.Protocol == EC2Query {
		message = "You are not authorized to perform this operation. " + message
	}
	return &Error{Code: e.Denied, Message: message, Status: e.DeniedCode}
}

// dryRun reports whether an EC2 input asks only whether the call is permitted.
func dryRun(in any) bool {
	f := reflect.ValueOf(in).Elem().FieldByName("DryRun")
	if !f.IsValid() || f.Kind() != reflect.Pointer || f.IsNil() {
		return false
	}
	return f.Elem().Kind() == reflect.Bool && f.Elem().Bool()
}

func (e *endpoint) answer(w http.ResponseWriter, operation, id string, out any) {
	body, err := e.codec.encode(operation, id, out)
	if err != nil {
		e.refuse(w, id, fmt.Errorf("encode %s: %w", operation, err))
		return
	}
	e.write(w, http.StatusOK, id, body)
}

func (e *endpoint) write(w http.ResponseWriter, status int, id string, body []byte) {
	w.Header().Set("X-Amzn-RequestId", id)
	w.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
	w.Header().Set("Content-Type", e.codec.contentType())
	if e.Protocol == CBOR {
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client has gone: nobody is left to tell
}
