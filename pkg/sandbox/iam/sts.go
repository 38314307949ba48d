package iam

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"keymend/pkg/access"
	"keymend/pkg/keypolicy"
	"keymend/pkg/sandbox/wire"
)

// WireSTS returns STS as the dispatcher serves it. AssumeRole judges its caller
// itself, since the trust policy has a say; GetCallerIdentity needs nothing.
func (s *Service) WireSTS() wire.Service {
	return wire.Service{
		Name: "sts", Protocol: wire.Query, Version: "2011-06-15", Denied: "AccessDenied", DeniedCode: 403,
		SelfAuthorizing: true,
		Operations: []wire.Operation{
			wire.Handle("AssumeRole", s.assumeRole),
			wire.Handle("GetCallerIdentity", s.getCallerIdentity),
		},
	}
}

func (s *Service) getCallerIdentity(ctx context.Context, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	c := wire.CallerOf(ctx)
	return &sts.GetCallerIdentityOutput{Account: new(c.Account), Arn: new(c.ARN), UserId: new(c.UserID())}, nil
}

func (s *Service) assumeRole(ctx context.Context, in *sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
	c := wire.CallerOf(ctx)
	policies, lasts, err := checkAssume(c, in)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.find(aws.ToString(in.RoleArn))
	if action, why := s.refused(c, r, in); action != "" {
		return nil, &wire.Error{Code: "AccessDenied", Status: http.StatusForbidden,
			Message: "User: " + c.ARN + " is not authorized to perform: " + action + " on resource: " + aws.ToString(in.RoleArn) + why}
	}
	if lasts > time.Duration(r.maxSession)*time.Second {
		return nil, wire.Errorf("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	key, ses := s.issue(r, *in.RoleSessionName, lasts, policies)
	ses.tags, ses.sourceIdentity = tagsOf(in), aws.ToString(in.SourceIdentity)
	return &sts.AssumeRoleOutput{
		AssumedRoleUser: &types.AssumedRoleUser{
			Arn: new(s.caller(r, ses.name, c.Region).ARN), AssumedRoleId: new(r.ID + ":" + ses.name)},
		Credentials: &types.Credentials{
			AccessKeyId: &key, SecretAccessKey: &ses.secret, SessionToken: &ses.token, Expiration: &ses.expires},
	}, nil
}

// maxSessionPolicy is how long an inline session policy may be.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
const maxSessionPolicy = 2048

// checkAssume reads what an AssumeRole asks for beside the role.
func checkAssume(c *wire.Caller, in *sts.AssumeRoleInput) ([]*keypolicy.Document, time.Duration, error) {
	if !regexp.MustCompile(`^[\w+=,.@-]{2,64}$`).MatchString(aws.ToString(in.RoleSessionName)) {
		return nil, 0, wire.Errorf("ValidationError", "1 validation error detected: Value '%s' at 'roleSessionName' failed to satisfy constraint: "+
			"Member must have length between 2 and 64 and satisfy regular expression pattern: [\\w+=,.@-]*", aws.ToString(in.RoleSessionName))
	}
	if len(in.PolicyArns) > 0 || len(in.TransitiveTagKeys) > 0 || c.SourceIdentity != "" {
		return nil, 0, wire.Errorf("NotInTheSandbox", "PolicyArns and TransitiveTagKeys of sts:AssumeRole, and a call of it by a session with a source identity, are not in the sandbox")
	}
	lasts := time.Hour
	if in.DurationSeconds != nil {
		lasts = time.Duration(*in.DurationSeconds) * time.Second
	}
	switch {
	case lasts < 15*time.Minute || lasts > 12*time.Hour:
		return nil, 0, wire.Errorf("ValidationError", "1 validation error detected: Value '%d' at 'durationSeconds' failed to satisfy constraint: "+
			"Member must have value between 900 and 43200", *in.DurationSeconds)
	case c.Role != "" && lasts > time.Hour:
		return nil, 0, wire.Errorf("ValidationError",
			"The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	}
	policies, err := sessionPolicies(in.Policy)
	return policies, lasts, err
}

func sessionPolicies(text *string) ([]*keypolicy.Document, error) {
	if text == nil {
		return nil, nil
	}
	if len(*text) > maxSessionPolicy {
		return nil, wire.Errorf("ValidationError", "1 validation error detected: Value at 'policy' failed to satisfy constraint: "+
			"Member must have length less than or equal to %d", maxSessionPolicy)
	}
	doc, err := parse(*text)
	if err != nil {
		return nil, err
	}
	return []*keypolicy.Document{doc}, nil
}

// refused returns the first action that the caller lacks, and why where a wall says so;
// "" = none. Tags and a source identity take permissions of their own, on both sides.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
func (s *Service) refused(c *wire.Caller, r *role, in *sts.AssumeRoleInput) (refused, why string) {
	actions := []string{"sts:AssumeRole"}
	if len(in.Tags) > 0 {
		actions = append(actions, "sts:TagSession")
	}
	if in.SourceIdentity != nil {
		actions = append(actions, "sts:SetSourceIdentity")
	}
	for _, action := range actions {
		if r == nil {
			return action, ""
		}
		if j := s.may(c, r, action, in); j.Wall != "" {
			return action, " " + Because(j, action)
		} else if j.Decision != access.Allowed {
			return action, ""
		}
	}
	return "", ""
}

func tagsOf(in *sts.AssumeRoleInput) map[string]string {
	out := map[string]string{}
	for _, t := range in.Tags {
		out[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return out
}

// may weighs the role's trust policy against the caller's own policies.
// In one account, a trust that names the caller is enough; one that names the
// account leaves it to the caller's policies. Across accounts both must allow.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
func (s *Service) may(c *wire.Caller, r *role, action string, in *sts.AssumeRoleInput) access.Judgement {
	check := wire.Check{Action: action, Resource: r.ARN,
		Context: map[string][]string{"sts:rolesessionname": {*in.RoleSessionName}}}
	if in.ExternalId != nil {
		check.Context["sts:externalid"] = []string{*in.ExternalId}
	}
	if in.SourceIdentity != nil {
		check.Context["sts:sourceidentity"] = []string{*in.SourceIdentity}
	}
	for name, value := range tagsOf(in) {
		check.Context["aws:requesttag/"+strings.ToLower(name)] = []string{value}
		check.Context["aws:tagkeys"] = append(check.Context["aws:tagkeys"], name)
	}
	who := access.Principal{ARN: c.Principal(), ID: c.UniqueID}
	if c.Role != "" {
		who.SessionARN = c.ARN
	}
	trust := access.Resource(r.trust, who, check.Action, r.ARN, s.contextOf(c, check))
	if trust.Explicit || trust.Decision != access.Allowed && !trust.Delegated {
		return access.Judgement{Decision: access.Denied}
	}
	j := access.Judgement{Decision: access.Allowed}
	if own := access.Identity(c.Identity, check.Action, check.Resource, s.contextOf(c, check)); own.Explicit || !c.Admin && (trust.Delegated || c.Account != r.account) {
		j = own
	}
	return s.narrow(c, check, j) // walls narrow also what others give
}
