package account_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"keymend/pkg/account"
)

func api(code, message string) error {
	return fmt.Errorf("get key policy: %w", &smithy.OperationError{
		ServiceID: "KMS", OperationName: "GetKeyPolicy", Err: &smithy.GenericAPIError{Code: code, Message: message},
	})
}

func status(code int) error {
	return &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: code}}, Err: errors.New("x")}
}

func TestTransient(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		err  error
		want bool
	}{
		"KMS throttles by 400": {api("ThrottlingException", "Rate exceeded"), true},
		"EC2 throttles":        {api("RequestLimitExceeded", ""), true},
		"server's fault":       {status(503), true},
		"time is up":           {fmt.Errorf("read: %w", context.DeadlineExceeded), true},
		"refused":              {api("AccessDeniedException", ""), false},
		"not there":            {api("NotFoundException", ""), false},
		"bad request":          {status(400), false},
		"nothing":              {nil, false},
		"anything":             {errors.New("x"), false},
	} {
		if got := account.Transient(tc.err); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestDenied(t *testing.T) {
	t.Parallel()
	const tail = " on resource: arn:aws:kms:eu-west-1:111122223333:key/1 because no identity-based policy allows the action"
	for name, tc := range map[string]struct {
		err    error
		action string
		denied bool
	}{
		"KMS":            {api("AccessDeniedException", "User: arn:x is not authorized to perform: kms:GetKeyPolicy"+tail), "kms:GetKeyPolicy", true},
		"EC2":            {api("UnauthorizedOperation", "You are not authorized to perform this operation. User: arn:x is not authorized to perform: ec2:DescribeImages because"), "ec2:DescribeImages", true},
		"IAM":            {api("AccessDenied", "User: arn:x is not authorized to perform: iam:GetRole"+tail), "iam:GetRole", true},
		"names nothing":  {api("UnauthorizedOperation", "You are not authorized to perform this operation."), "kms:GetKeyPolicy", true},
		"something else": {api("ValidationError", "is not authorized to perform: kms:Decrypt"), "", false},
		"not AWS":        {errors.New("AccessDenied"), "", false},
	} {
		d, known := account.DenialOf(tc.err)
		if denied := account.AccessDenied(tc.err); d.Action != tc.action || denied != tc.denied || known != denied {
			t.Errorf("%s: %q, %v", name, d.Action, denied)
		}
	}
}

func TestFinal(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		err  error
		want bool
	}{
		"refused":              {api("AccessDeniedException", ""), true},
		"not there":            {api("NotFoundException", ""), true},
		"throttled":            {api("ThrottlingException", ""), false},
		"server's fault":       {status(500), false},
		"session ran out":      {api("ExpiredTokenException", ""), false},
		"time is up":           {context.DeadlineExceeded, false},
		"cancelled":            {context.Canceled, false},
		"not an answer of AWS": {errors.New("x"), false},
	} {
		if got := account.Final(tc.err); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestUntold: it is neither AWS's refusal nor anything that passes.
func TestUntold(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("describe it: %w", account.NewUntold("it isn't told"))
	if !account.Untold(err) || account.AccessDenied(err) || account.Transient(err) || account.Message(err) != "it isn't told" {
		t.Errorf("%v", err)
	}
	if account.Untold(errors.New("untold")) {
		t.Error("any error is one")
	}
}
