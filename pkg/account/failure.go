package account

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// finalError is an error of Keymend's own that trying again doesn't mend.
type finalError struct{ error }

// NewFinal returns an error with a text that trying again doesn't mend: see Final.
func NewFinal(text string) error { return &finalError{errors.New(text)} }

// untoldCode isn't one of AWS's: it never says that it doesn't know.
const untoldCode = "Untold"

// UntoldState is the state of an image or a snapshot as such an answer has it: EC2 has no
// such state.
const UntoldState = "untold"

// NewUntold returns the error of what answers in AWS's place, and doesn't know whether
// what was asked for is there.
func NewUntold(text string) error { return &smithy.GenericAPIError{Code: untoldCode, Message: text} }

// Untold reports whether an error is one of NewUntold's.
func Untold(err error) bool { return Code(err) == untoldCode }

// AccessDenied reports whether AWS refused a call for want of permission. KMS,
// STS, SQS and SSM say AccessDeniedException or AccessDenied, EC2 says
// UnauthorizedOperation.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
func AccessDenied(err error) bool {
	switch Code(err) {
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation":
		return true
	}
	return false
}

// UnlessAbsent returns an error as it is; nil where it says that what was asked for isn't
// there.
func UnlessAbsent(err error) error {
	switch Code(err) {
	case "NoSuchEntity", "NoSuchEntityException", "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "ParameterNotFound", "ResourceNotFoundException":
		return nil
	}
	return err
}

// calledAction is the action of the call itself, for refusals whose text names
// none: EC2's.
func calledAction(err error) string {
	// The innermost call: a call for credentials is inside the one that needs them.
	var call *smithy.OperationError
	for inner := err; errors.As(inner, &call); inner = call.Err {
	}
	if call == nil {
		return ""
	}
	return prefixOf(call.ServiceID) + ":" + call.OperationName
}

// Message returns AWS's own text, without what the SDK lays around it.
func Message(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorMessage()
	}
	if err == nil {
		return ""
	}
	return err.Error()
}

// Transient reports whether the same call may well succeed later: throttling, a
// fault of AWS, a connection or a deadline. The SDK has retried by then.
//
// LimitExceededException isn't among them, though the SDK retries it: in KMS it
// means a quota that is full or a policy that is too long.
func Transient(err error) bool {
	switch Code(err) {
	case "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException",
		"TooManyRequestsException", "RequestLimitExceeded", "EC2ThrottledException", "SlowDown", "BandwidthLimitExceeded",
		"PriorRequestNotComplete", "RequestTimeout", "RequestTimeoutException", "ResourceContention",
		"DependencyTimeoutException", "KMSInternalException", "InternalFailure", "InternalError", "InternalException",
		"ServiceUnavailable", "ServiceUnavailableException", "Unavailable":
		return true
	}
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) && response.HTTPStatusCode() >= http.StatusInternalServerError {
		return true
	}
	var send *smithyhttp.RequestSendError
	var network net.Error
	return errors.As(err, &send) || errors.As(err, &network) && network.Timeout() || errors.Is(err, context.DeadlineExceeded)
}

// Final reports whether trying again doesn't mend an error: one of NewFinal's, or
// AWS's answer that is neither Transient nor about credentials, which
// are made anew.
func Final(err error) bool {
	var api smithy.APIError
	if _, own := errors.AsType[*finalError](err); own {
		return true
	}
	if !errors.As(err, &api) || Transient(err) {
		return false
	}
	switch api.ErrorCode() {
	case "ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId", "UnrecognizedClientException",
		"InvalidSignatureException", "SignatureDoesNotMatch", "RequestTimeTooSkewed":
		return false
	}
	return true
}

// Code returns the code of AWS's error; "" = it isn't one of AWS's.
func Code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// prefixOf returns the prefix of a service's actions in IAM, where it isn't the
// SDK's name in lower case.
func prefixOf(serviceID string) string {
	switch serviceID {
	case "Auto Scaling":
		return "autoscaling"
	case "CloudWatch Logs":
		return "logs"
	case "EventBridge":
		return "events"
	}
	return strings.ToLower(serviceID)
}
