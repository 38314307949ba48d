package jsonlines

import (
	"errors"
	"fmt"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/arn"
)

// principal reads who asks. A session's ARN doesn't tell its role's path, so
// only that of Auto Scaling's service-linked role, whose path is known, will do.
func (l line) principal(q *question) error {
	if l.Principal == "" {
		return errors.New("principal: is missing")
	}
	p, ok := arn.Parse(l.Principal)
	if !ok || p.Account == "" {
		return fmt.Errorf("principal: %q is not the ARN of a principal", l.Principal)
	}
	who := access.Principal{ARN: l.Principal, ID: l.RoleID}
	switch {
	case p.Service == "iam":
	case p.Service == "sts" && strings.HasPrefix(p.Resource, "assumed-role/AWSServiceRoleForAutoScaling"):
		name, _, _ := strings.Cut(strings.TrimPrefix(p.Resource, "assumed-role/"), "/")
		who.ARN = "arn:" + p.Partition + ":iam::" + p.Account + ":role/aws-service-role/autoscaling.amazonaws.com/" + name
		who.SessionARN = l.Principal
	case p.Service == "sts":
		return fmt.Errorf("principal: %s is a session: give its role's ARN", l.Principal)
	default:
		return fmt.Errorf("principal: %q is not the ARN of a principal", l.Principal)
	}
	q.request.Principal = who
	return nil
}
