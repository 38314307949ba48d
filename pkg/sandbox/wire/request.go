package wire

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
)

// A signature is what the sandbox reads of a request's Signature Version 4. The
// signature itself isn't checked: an administrator's secret may be anything.
type signature struct {
	accessKey, region, service string
}

// parseSignature reads the credential scope of the Authorization header,
// <access key>/<date>/<region>/<service>/aws4_request.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
func parseSignature(r *http.Request) (signature, error) {
	missing := &Error{Code: "MissingAuthenticationToken", Status: http.StatusForbidden,
		Message: "Request is missing Authentication Token"}
	_, rest, ok := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	if !ok {
		return signature{}, missing
	}
	scope, _, _ := strings.Cut(rest, ",")
	parts := strings.Split(strings.TrimSpace(scope), "/")
	if len(parts) < 5 {
		return signature{}, missing
	}
	return signature{accessKey: parts[0], region: parts[2], service: parts[3]}, nil
}

// regions are those of the partition aws, as the SDKs know them: every ARN and every
// service's name in the sandbox is of that partition.
// https://github.com/aws/aws-sdk-go-v2/blob/main/internal/endpoints/awsrulesfn/partitions.json
var regions = regexp.MustCompile(`^(us|eu|ap|sa|ca|me|af|il|mx)-\w+-\d+$`)

// Region refuses a Region that the sandbox doesn't have.
func Region(name string) error {
	if regions.MatchString(name) {
		return nil
	}
	return Errorf("NotInTheSandbox", "Region %q is not in the sandbox: it has the Regions of the partition aws, such as eu-west-1, and no others", name)
}

// operationName returns the operation a request names.
func (e *endpoint) operationName(r *http.Request) (string, error) {
	if e.Protocol == REST {
		return e.routed(r), nil
	}
	if e.Protocol == CBOR {
		return strings.TrimPrefix(r.URL.Path, "/service/"+e.Target+"/operation/"), nil
	}
	if e.Protocol != JSON {
		if err := r.ParseForm(); err != nil {
			return "", Errorf("MalformedQueryString", "%v", err)
		}
		return r.Form.Get("Action"), nil
	}
	target := r.Header.Get("X-Amz-Target")
	dot := strings.LastIndexByte(target, '.')
	if e.Target != "" && (dot < 0 || lastLabel(target[:dot]) != lastLabel(e.Target)) {
		return "", Errorf("UnknownOperationException", "X-Amz-Target %q is not of %s", target, e.Target)
	}
	return target[dot+1:], nil
}

// lastLabel drops the namespace that CloudTrail's target has in some SDKs only.
func lastLabel(target string) string { return target[strings.LastIndexByte(target, '.')+1:] }

// stranger stands for a service that the sandbox doesn't have: it has no
// operations, and answers in the protocol that the request seems to speak.
func stranger(r *http.Request, service string) *endpoint {
	s := Service{Name: service, Protocol: Query}
	if r.Header.Get("X-Amz-Target") != "" {
		s.Protocol = JSON
	}
	if s.Protocol == Query && r.FormValue("Action") == "" && service != "s3" { // whose errors are XML
		s.Protocol = JSON // REST services: Lambda, EKS, …
	}
	return newEndpoint(s)
}

// unauthenticated turns the authenticator's answer into the protocol's own.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
func (e *endpoint) unauthenticated(err error) error {
	var w *Error
	if !errors.As(err, &w) {
		return err
	}
	expired := w.Code == "ExpiredToken"
	switch {
	case e.Protocol == JSON && expired:
		return &Error{Code: "ExpiredTokenException", Message: w.Message}
	case e.Protocol == REST && expired:
		return &Error{Code: "ExpiredTokenException", Message: w.Message, Status: http.StatusForbidden}
	case e.Protocol == REST:
		return &Error{Code: "UnrecognizedClientException", Message: w.Message, Status: http.StatusForbidden}
	case e.Protocol == JSON:
		return &Error{Code: "UnrecognizedClientException", Message: w.Message}
	case e.Protocol == EC2Query && expired:
		return &Error{Code: "RequestExpired", Message: w.Message}
	case e.Protocol == EC2Query:
		return &Error{Code: "AuthFailure", Status: http.StatusUnauthorized,
			Message: "AWS was not able to validate the provided access credentials"}
	}
	return &Error{Code: w.Code, Message: w.Message, Status: http.StatusForbidden}
}
