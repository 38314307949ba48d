package command

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// A misuse is a fault in how the program was called.
type misuse struct{ err error }

func (m *misuse) Error() string { return m.err.Error() }
func (m *misuse) Unwrap() error { return m.err }

// misused reports wrong usage: what, where, and what to do instead.
func misused(format string, args ...any) error { return &misuse{fmt.Errorf(format, args...)} }

// The SDK's default chain didn't find these.
var (
	errNoEndpoint    = errors.New("is no endpoint")
	errNoRegion      = errors.New("no Region is known")
	errNoCredentials = errors.New("no AWS credentials are known")
)

// advice is an error with what a person can do about it: a sentence, and a command that
// takes back a write, or goes on with a scan; "" = no command does.
type advice struct {
	error
	hint, command string
}

// Unwrap returns the error.
func (a *advice) Unwrap() error { return a.error }

// hint says what a person can do about an error; "" = the error says it.
func hint(err error) string {
	var parse *kong.ParseError
	var api smithy.APIError
	var answer *smithyhttp.ResponseError
	var dial *net.OpError
	var files interface{ Hint() string }
	change := hintOfChange(err)
	advised, ok := errors.AsType[*advice](err)
	switch {
	case ok:
		return advised.hint
	case change != "":
		return change
	case errors.Is(err, errNoCredentials):
		return "Log in as for the AWS CLI: aws sts get-caller-identity must work, with the same --profile."
	case errors.Is(err, errNoRegion):
		return "Give --region, set AWS_REGION, or set a Region in the profile (aws configure)."
	case errors.As(err, &files) && files.Hint() != "":
		return files.Hint()
	case errors.As(err, &parse):
		return "See keymend" + commandOf(parse) + " --help."
	case errors.Is(err, syscall.EADDRINUSE):
		return "Something listens there already, another sandbox perhaps: --listen 127.0.0.1:0 takes any free port."
	case errors.As(err, &api) && hintByCode(api.ErrorCode()) != "":
		return hintByCode(api.ErrorCode())
	case errors.As(err, &answer) && answer.HTTPStatusCode() >= http.StatusInternalServerError:
		return "AWS couldn't answer: try again in a minute; https://health.aws.amazon.com tells of its outages."
	case errors.As(err, &dial):
		return "Nothing answers there: check the network, --endpoint-url and AWS_ENDPOINT_URL."
	}
	return ""
}

// commandOf returns the command whose arguments are wrong, after a space; "" = none is
// named.
func commandOf(err *kong.ParseError) string {
	if node := err.Context.Selected(); node != nil {
		return " " + node.Name
	}
	return ""
}

// hintByCode: the codes are those of the services' API references.
func hintByCode(code string) string {
	switch code {
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation":
		return "The credentials, or the role that they take (--role-prefix, KEYMEND_ROLE_PREFIX), may not do that: use others (--profile), or have the action allowed."
	case "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure", "RequestExpired":
		return "AWS doesn't take the credentials: log in again as for the AWS CLI."
	case "SignatureDoesNotMatch", "InvalidSignatureException", "RequestTimeTooSkewed", "RequestInTheFuture":
		return "AWS doesn't take the signature: is the secret key right, and the clock of this machine? It takes requests of the last minutes only."
	case "ThrottlingException", "Throttling", "RequestLimitExceeded":
		return "AWS asked to slow down: try again in a minute."
	case "NotInTheSandbox":
		return "The sandbox carries only what Keymend needs; docs/sandbox.md lists it."
	}
	return ""
}
