package jsonlines

import (
	"errors"
	"fmt"
	"strings"

	"keymend/pkg/access"
)

// principal reads who asks. A session's ARN doesn't tell its role's path, so
// only that of Auto Scaling's service-linked role, whose path is known, will do.
func (l line) principal(q *question) error {
	if l.Principal == "" {
		return errors.New("principal: is missing")
	}
	const parts = 6
	p := strings.SplitN(l.Principal, ":", parts)
	if len(p) != parts || p[0] != "arn" || p[4] == "" {
		return fmt.Errorf("principal: %q is not the ARN of a principal", l.Principal)
	}
	who := access.Principal{ARN: l.Principal, ID: l.RoleID}
	switch {
	case p[2] == "iam":
	case p[2] == "sts" && strings.HasPrefix(p[5], "assumed-role/AWSServiceRoleForAutoScaling"):
		name, _, _ := strings.Cut(strings.TrimPrefix(p[5], "assumed-role/"), "/")
		who.ARN = "arn:" + p[1] + ":iam::" + p[4] + ":role/aws-service-role/autoscaling.amazonaws.com/" + name
		who.SessionARN = l.Principal
	case p[2] == "sts":
		return fmt.Errorf("principal: %s is a session: give its role's ARN", l.Principal)
	default:
		return fmt.Errorf("principal: %q is not the ARN of a principal", l.Principal)
	}
	q.request.Principal = who
	return nil
}
