package iam

import (
	"maps"
	"net/http"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/arn"
	"keymend/pkg/sandbox/wire"
)

// Authorize returns nil where the caller's identity policies allow a check, and what
// bounds it lets that through. An administrator's policies allow everything; the
// organization's bind them, too. The error has AWS's words and no code: each service has
// its own.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func (s *Service) Authorize(c *wire.Caller, check wire.Check) error {
	j := access.Judgement{Decision: access.Allowed}
	if !c.Admin {
		j = access.Identity(c.Identity, check.Action, check.Resource, s.contextOf(c, check))
	}
	j = s.narrow(c, check, j)
	if j.Decision == access.Allowed {
		return nil
	}
	on := ""
	if check.Resource != "*" {
		on = " on resource: " + check.Resource
	}
	return &wire.Error{Status: http.StatusForbidden,
		Message: "User: " + c.ARN + " is not authorized to perform: " + check.Action + on + " " + Because(j, check.Action)}
}

// narrow is what is left of a judgement within what bounds the caller, and the resource.
func (s *Service) narrow(c *wire.Caller, check wire.Check, j access.Judgement) access.Judgement {
	return s.walls(c, bounded(check)).Narrow(j, check.Action, check.Resource, s.contextOf(c, check))
}

// Because says in AWS's words which kind of policy refuses.
func Because(j access.Judgement, action string) string {
	kind, known := kinds()[j.Wall]
	if !known {
		kind = "identity-based policy"
	}
	if !j.Explicit {
		return "because no " + kind + " allows the " + action + " action"
	}
	if strings.HasPrefix(kind, "i") {
		return "with an explicit deny in an " + kind
	}
	return "with an explicit deny in a " + kind
}

// kinds are AWS's names of the policies that bound what others give.
func kinds() map[access.Reason]string {
	return map[access.Reason]string{
		access.DeniedBySession: "session policy", access.SessionTooNarrow: "session policy",
		access.DeniedByBoundary: "permissions boundary", access.BoundaryTooNarrow: "permissions boundary",
		access.DeniedByServiceControl: "service control policy", access.ServiceControlTooNarrow: "service control policy",
		access.DeniedByResourceControl: "resource control policy",
	}
}

// contextOf returns the request's condition keys. Everything is known here:
// what isn't among them is not in the request.
func (s *Service) contextOf(c *wire.Caller, check wire.Check) access.Context {
	values := c.Context()
	maps.Copy(values, s.Organizational(c.Account, arn.Account(check.Resource)))
	for name, v := range check.Context {
		values[strings.ToLower(name)] = v
	}
	return access.Context{Values: values, Complete: true}
}
