package wire

import (
	"cmp"
	"context"
	"strings"

	"keymend/pkg/keypolicy"
)

// A Caller is who makes a request, where.
type Caller struct {
	Account string
	Region  string
	// ARN as CloudTrail shows it: a session's ARN for an assumed role.
	ARN string
	// Role is the role's ARN for an assumed role (policies name it); "" else.
	Role string
	// UniqueID is the role's or user's unique id; "" for the administrator.
	UniqueID string
	// Session is the role session name; "" where there is none.
	Session string
	// InvokedBy is the service that calls on the caller's behalf, as in
	// "autoscaling.amazonaws.com"; "" = the caller itself.
	InvokedBy string
	// Admin may do everything in Account by identity policy.
	Admin bool
	// Function is the ARN of the Lambda function whose credentials make the call; ""
	// where none does, and for sessions that it assumed.
	Function string
	// Tags are the role's and its session's, and SourceIdentity who it says is behind it.
	Tags           map[string]string
	SourceIdentity string
	// Identity are the role's policies, Narrowing the session policies, Boundary the
	// role's permissions boundary (nil: it has none).
	Identity, Narrowing, Boundary []*keypolicy.Document
	// Agent is the User-Agent header.
	Agent string
	// Retry: the SDK asks for the same once more, as its header amz-sdk-request says.
	Retry bool
	// RequestID of this request.
	RequestID string
}

// Principal is the ARN that policies name: the role's, not the session's.
func (c *Caller) Principal() string { return cmp.Or(c.Role, c.ARN) }

// UserID is aws:userid, as GetCallerIdentity shows it.
func (c *Caller) UserID() string {
	if c.Role != "" {
		return c.UniqueID + ":" + c.Session
	}
	return cmp.Or(c.UniqueID, "AIDASANDBOX"+c.Account)
}

// Context returns the condition keys that every request of the caller has.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
func (c *Caller) Context() map[string][]string {
	kind := "User"
	if c.Role != "" {
		kind = "AssumedRole"
	}
	v := map[string][]string{
		"aws:principalarn":          {c.Principal()},
		"aws:principalaccount":      {c.Account},
		"aws:principaltype":         {kind},
		"aws:principalisawsservice": {"false"},
		"aws:requestedregion":       {c.Region},
		"aws:securetransport":       {"true"}, // AWS's own endpoints speak nothing else
		"aws:userid":                {c.UserID()},
		"aws:viaawsservice":         {"false"},
	}
	if c.Role == "" {
		v["aws:username"] = []string{c.ARN[strings.LastIndexByte(c.ARN, '/')+1:]}
	}
	for name, value := range map[string]string{"lambda:sourcefunctionarn": c.Function, "aws:sourceidentity": c.SourceIdentity} {
		if value != "" {
			v[name] = []string{value}
		}
	}
	for name, value := range c.Tags {
		v["aws:principaltag/"+strings.ToLower(name)] = []string{value}
	}
	return v
}

type callerKey struct{}

// WithCaller returns a context that carries c.
func WithCaller(ctx context.Context, c *Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerOf returns the caller of a request. It panics where there is none: a
// handler is never reached without one.
func CallerOf(ctx context.Context) *Caller { return ctx.Value(callerKey{}).(*Caller) }
