package iam

import (
	"crypto/rand"
	"encoding/base32"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"keymend/pkg/access"
	"keymend/pkg/keypolicy"
	"keymend/pkg/sandbox/wire"
)

// A session is one set of temporary credentials.
type session struct {
	roleARN, roleID string
	name, token     string
	secret          string
	expires         time.Time // real time: the SDKs measure it
	policies        []*keypolicy.Document
	function        string // ARN of the function that they were made for
	tags            map[string]string
	sourceIdentity  string
}

// Authenticate returns the caller behind an access key id. An account's number
// is its administrator's; any other key must be a living session's.
func (s *Service) Authenticate(accessKeyID, sessionToken, region string) (*wire.Caller, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if isAccount(accessKeyID) {
		s.use(accessKeyID)
		return &wire.Caller{Account: accessKeyID, Region: region, Admin: true,
			ARN: "arn:aws:iam::" + accessKeyID + ":user/admin"}, nil
	}
	invalid := &wire.Error{Code: "InvalidClientTokenId", Status: http.StatusForbidden,
		Message: "The security token included in the request is invalid."}
	ses := s.sessions[accessKeyID]
	if ses == nil || ses.token != sessionToken {
		return nil, invalid
	}
	if !s.now().Before(ses.expires) {
		return nil, &wire.Error{Code: "ExpiredToken", Status: http.StatusForbidden,
			Message: "The security token included in the request is expired"}
	}
	r := s.find(ses.roleARN)
	if r == nil || r.ID != ses.roleID {
		return nil, invalid // deleted, and perhaps made again
	}
	c := s.caller(r, ses.name, region)
	c.Narrowing, c.Function, c.SourceIdentity = ses.policies, ses.function, ses.sourceIdentity
	maps.Copy(c.Tags, ses.tags)
	return c, nil
}

// caller is the role in a session. The caller holds the lock.
func (s *Service) caller(r *role, sessionName, region string) *wire.Caller {
	c := &wire.Caller{
		Account: r.account, Region: region, Role: r.ARN, UniqueID: r.ID, Session: sessionName, Tags: map[string]string{},
		ARN: "arn:aws:sts::" + r.account + ":assumed-role/" + r.Name + "/" + sessionName,
	}
	for _, name := range slices.Sorted(maps.Keys(r.inline)) {
		c.Identity = append(c.Identity, r.inline[name].doc)
	}
	for _, t := range r.tags {
		c.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	if r.boundary != "" {
		c.Boundary = []*keypolicy.Document{s.policies[r.boundary]}
	}
	return c
}

// RoleSession returns the caller that a service is when it acts as a role: Auto
// Scaling as its service-linked role, in a session called "AutoScaling".
func (s *Service) RoleSession(roleARN, sessionName, region, invokedBy string) (*wire.Caller, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.find(roleARN)
	if r == nil {
		return nil, missing("The role %s cannot be found.", roleARN)
	}
	c := s.caller(r, sessionName, region)
	c.InvokedBy = invokedBy
	return c, nil
}

// Credentials returns credentials of a role for a process that runs as it, as
// Lambda gives them to a function: the function's ARN is in what its calls are judged
// by. They hold for twelve hours of real time, in every Region.
// https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
func (s *Service) Credentials(roleARN, sessionName, functionARN string) (accessKey, secret, token string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.find(roleARN)
	if r == nil {
		return "", "", "", missing("The role %s cannot be found.", roleARN)
	}
	key, ses := s.issue(r, sessionName, 12*time.Hour, nil)
	ses.function = functionARN
	return key, ses.secret, ses.token, nil
}

// issue makes a session. The caller holds the lock.
func (s *Service) issue(r *role, name string, lasts time.Duration, policies []*keypolicy.Document) (string, *session) {
	key := "ASIA" + random(16)
	ses := &session{roleARN: r.ARN, roleID: r.ID, name: name, policies: policies,
		expires: s.now().Add(lasts).UTC().Truncate(time.Second), token: random(64), secret: random(40)}
	s.sessions[key] = ses
	return key, ses
}

// random returns n letters and digits.
func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails, by its contract
	return base32.StdEncoding.EncodeToString(b)[:n]
}

// ServiceRole returns the caller that a service is when it takes a role for a resource of
// an account, if the role's trust lets it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
func (s *Service) ServiceRole(roleARN, service, sourceAccount, region string) (*wire.Caller, error) {
	c, err := s.RoleSession(roleARN, service, region, service)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	values := map[string][]string{"aws:sourceaccount": {sourceAccount}}
	if access.Resource(s.find(roleARN).trust, access.Principal{Service: service}, "sts:AssumeRole", roleARN, access.Context{Values: values, Complete: true}).Decision != access.Allowed {
		return nil, &wire.Error{Code: "AccessDenied", Status: http.StatusForbidden, Message: service + " is not authorized to perform: sts:AssumeRole on resource: " + roleARN}
	}
	return c, nil
}
