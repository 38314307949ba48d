package account

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/middleware"
)

// A session is a role's that is kept. Where the role is deleted and made anew meanwhile,
// AWS takes its credentials no more, or lets them do nothing, as long as they last: the
// new role is another one by its unique id. So a refusal has the session made anew for the
// next call, unless it is young: a role that may not do something is refused again and
// again, and that costs an AssumeRole a minute.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
type session struct {
	credentials *aws.CredentialsCache
	made        atomic.Int64 // Unix nanoseconds
}

// young is how old a session may be that a refusal doesn't end: shorter than the time
// until a message comes again.
const young = time.Minute

func newSession(assume aws.CredentialsProvider) *session {
	s := &session{}
	s.credentials = aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		s.made.Store(time.Now().UnixNano())
		return assume.Retrieve(ctx)
	}))
	return s
}

// serve has the calls by a configuration use the session.
func (s *session) serve(cfg *aws.Config) {
	cfg.Credentials = s.credentials
	cfg.APIOptions = append(slices.Clip(cfg.APIOptions), func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("keymend-session", s.watch), middleware.Before)
	})
}

func (s *session) watch(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleInitialize(ctx, in)
	if untaken(err) && time.Since(time.Unix(0, s.made.Load())) > young {
		s.credentials.Invalidate()
	}
	return out, metadata, err
}

// untaken reports whether AWS didn't take the credentials of a call, or didn't let them
// make it. EC2 says AuthFailure.
// https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
func untaken(err error) bool {
	switch Code(err) {
	case "InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure":
		return true
	}
	return AccessDenied(err)
}
