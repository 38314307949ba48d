// Package failure tells apart the errors that AWS answers with: those that a
// later try may not meet, and refusals, with the action that was refused.
package failure

import (
	"context"
	"errors"
	"net"
	"regexp"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Transient reports whether the same call may succeed later: throttling, time
// running out, a server's fault, the network.
func Transient(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return true
	}
	var api smithy.APIError
	if errors.As(err, &api) && transientCode(api.ErrorCode()) {
		return true
	}
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) {
		return response.HTTPStatusCode() >= 500 || response.HTTPStatusCode() == 429
	}
	var network net.Error
	return errors.As(err, &network)
}

// transientCode knows the codes that come with a status below 500: AWS throttles
// by 400. The SDK's own retries are over by the time one is seen here.
// https://docs.aws.amazon.com/kms/latest/developerguide/throttling.html
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
func transientCode(code string) bool {
	switch code {
	case "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException",
		"TooManyRequestsException", "RequestLimitExceeded", "SlowDown", "PriorRequestNotComplete",
		"RequestTimeout", "RequestTimeoutException", "RequestExpired",
		"DependencyTimeoutException", "KMSInternalException", "KeyUnavailableException",
		"InternalError", "InternalFailure", "ServiceUnavailable", "Unavailable", "ServiceFailure", "ResourceContention",
		"ExpiredToken", "ExpiredTokenException":
		return true
	}
	return false
}

// Denied reports whether AWS refused for want of permission, and the action it
// names; "" where it names none.
func Denied(err error) (action string, denied bool) {
	var api smithy.APIError
	if !errors.As(err, &api) || !deniedCode(api.ErrorCode()) {
		return "", false
	}
	if found := refusedAction().FindStringSubmatch(api.ErrorMessage()); found != nil {
		action = found[1]
	}
	return action, true
}

func deniedCode(code string) bool {
	switch code {
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "NotAuthorized":
		return true
	}
	return false
}

// refusedAction reads AWS's sentence about a refusal.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func refusedAction() *regexp.Regexp {
	return regexp.MustCompile(`is not authorized to perform: ([A-Za-z0-9-]+:[A-Za-z0-9]+)`)
}
