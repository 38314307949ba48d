// Package wire speaks AWS's wire protocols for the sandbox: it turns an HTTP
// request into the SDK's own input type, calls the handler, and writes the
// SDK's output type back as AWS would.
package wire

import (
	"context"
	"fmt"
	"reflect"
	"strings"
)

// A Protocol is one of AWS's wire protocols.
type Protocol uint8

// The protocols the sandbox's services speak.
const (
	JSON     Protocol = iota // AWS JSON 1.0 or 1.1
	Query                    // AWS query (Auto Scaling, IAM, STS)
	EC2Query                 // EC2 query
	CBOR                     // RPC v2 CBOR (CloudWatch)
	REST                     // REST JSON (Lambda), of requests without a body
)

// A Service is one AWS service of the sandbox.
type Service struct {
	Name       string // signing name, as in the credential scope, and IAM's prefix: "kms", "events", "logs"
	Protocol   Protocol
	Target     string // X-Amz-Target prefix of JSON protocols, as in "TrentService"; of CBOR the service's name in the path
	Version    string // API version of query protocols, as in "2011-01-01"; JSON: "1.0" or "1.1"
	Denied     string // error code of a refusal, as in "AccessDeniedException"
	DeniedCode int    // its HTTP status
	Operations []Operation

	// SelfAuthorizing services decide access in their handlers (KMS).
	SelfAuthorizing bool
}

// An Operation is one API operation.
type Operation struct {
	Name  string
	Path  string     // of REST, as in "/2015-03-31/functions/{FunctionName}/configuration"; asked by GET
	New   func() any // a new input, as in new(kms.CreateGrantInput)
	Call  func(ctx context.Context, in any) (any, error)
	Needs func(ctx context.Context, in any) []Check // nil: its action on "*"
}

// A Check is one IAM action that the caller must be allowed.
type Check struct {
	Action   string // "iam:PassRole"
	Resource string // ARN, or "*"
	Context  map[string][]string
}

// Handle makes an Operation of a typed handler.
func Handle[I, O any](name string, f func(context.Context, *I) (*O, error)) Operation {
	return Operation{
		Name: name,
		New:  func() any { return new(I) },
		Call: func(ctx context.Context, in any) (any, error) { return f(ctx, in.(*I)) },
	}
}

// On has each operation, but for those that say what they need themselves, need
// its action on the resources that an input names; on "*" where it names none.
func (s Service) On(resources func(c *Caller, in any) []string) Service {
	for i, op := range s.Operations {
		if op.Needs != nil {
			continue
		}
		action := s.Name + ":" + strings.TrimSuffix(op.Name, "Batch") // SQS: a batch needs what its single operation does
		s.Operations[i].Needs = func(ctx context.Context, in any) []Check {
			var checks []Check
			for _, r := range resources(CallerOf(ctx), in) {
				checks = append(checks, Check{Action: action, Resource: r})
			}
			if len(checks) == 0 {
				checks = []Check{{Action: action, Resource: "*"}}
			}
			return checks
		}
	}
	return s
}

// Member returns the first of the named members that an input has and that is
// text; "" where there is none.
func Member(in any, names ...string) string {
	for _, name := range names {
		f := reflect.ValueOf(in).Elem().FieldByName(name)
		if !f.IsValid() {
			continue
		}
		if text, ok := f.Interface().(*string); ok && text != nil && *text != "" {
			return *text
		}
	}
	return ""
}

// An Error is an answer that AWS would give with this code and status.
type Error struct {
	Code    string
	Message string
	Status  int // HTTP; 0 = 400
	// QueryCode is the code that SQS's older query protocol had, which clients
	// still show; "" where there was none. As in
	// "AWS.SimpleQueueService.NonExistentQueue".
	QueryCode string
}

// Error implements error.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf makes an Error with status 400.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Status: 400}
}
