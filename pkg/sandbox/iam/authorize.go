package iam

import (
	"fmt"
	"maps"
	"net/http"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/arn"
	"keymend/pkg/keypolicy"
	"keymend/pkg/sandbox/wire"
)

// Authorize returns nil where the caller's identity policies, and its session
// policies if it has any, allow a check. The administrator may do everything.
// The error has AWS's words and no code: each service has its own.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func (s *Service) Authorize(c *wire.Caller, check wire.Check) error {
	if c.Admin {
		return nil
	}
	if err := s.judge(c, check, c.Identity, "identity-based"); err != nil {
		return err
	}
	if c.Narrowing != nil {
		return s.judge(c, check, c.Narrowing, "session")
	}
	return nil
}

// judge asks one layer of policies. Only Allowed allows.
func (s *Service) judge(c *wire.Caller, check wire.Check, policies []*keypolicy.Document, layer string) error {
	j := access.Identity(policies, check.Action, check.Resource, s.contextOf(c, check))
	article := "a"
	if layer == "identity-based" {
		article = "an"
	}
	switch {
	case j.Explicit:
		return refusal(c, check, fmt.Sprintf(" with an explicit deny in %s %s policy", article, layer))
	case j.Decision != access.Allowed:
		return refusal(c, check, fmt.Sprintf(" because no %s policy allows the %s action", layer, check.Action))
	}
	return nil
}

func refusal(c *wire.Caller, check wire.Check, why string) error {
	on := ""
	if check.Resource != "*" {
		on = " on resource: " + check.Resource
	}
	return &wire.Error{Status: http.StatusForbidden,
		Message: "User: " + c.ARN + " is not authorized to perform: " + check.Action + on + why}
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
