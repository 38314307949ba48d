package iam

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"keymend/pkg/keypolicy"
	"keymend/pkg/sandbox/wire"
)

// linkedPath is where service-linked roles live.
const linkedPath = "/aws-service-role/"

// linkedService returns the service that a role's path links it to.
func linkedService(path string) (string, bool) {
	rest, ok := strings.CutPrefix(path, linkedPath)
	return strings.TrimSuffix(rest, "/"), ok
}

// linkedName returns the name of a service's role.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/autoscaling-service-linked-role.html
func linkedName(service, suffix string) (string, error) {
	switch {
	case service == "autoscaling.amazonaws.com" && suffix == "":
		return "AWSServiceRoleForAutoScaling", nil
	case service == "autoscaling.amazonaws.com":
		return "AWSServiceRoleForAutoScaling_" + suffix, nil
	case service == "spot.amazonaws.com" && suffix == "":
		return "AWSServiceRoleForEC2Spot", nil
	case service == "spot.amazonaws.com":
		return "", wire.Errorf("InvalidInput", "Custom suffix is not allowed for %s", service)
	}
	return "", wire.Errorf("NotInTheSandbox", "service-linked roles of %s are not in the sandbox", service)
}

// createServiceLinkedRoleOperation carries the condition key by which policies
// say for which service.
func (s *Service) createServiceLinkedRoleOperation() wire.Operation {
	op := wire.Handle("CreateServiceLinkedRole", s.createServiceLinkedRole)
	op.Needs = func(ctx context.Context, in any) []wire.Check {
		input := in.(*awsiam.CreateServiceLinkedRoleInput)
		service := aws.ToString(input.AWSServiceName)
		name, _ := linkedName(service, aws.ToString(input.CustomSuffix)) // the handler tells what is wrong
		return []wire.Check{{
			Action:   "iam:CreateServiceLinkedRole",
			Resource: arnOf(wire.CallerOf(ctx).Account, linkedPath+service+"/", name),
			Context:  map[string][]string{"iam:awsservicename": {service}},
		}}
	}
	return op
}

func (s *Service) createServiceLinkedRole(ctx context.Context, in *awsiam.CreateServiceLinkedRoleInput) (*awsiam.CreateServiceLinkedRoleOutput, error) {
	account := wire.CallerOf(ctx).Account
	s.mu.Lock()
	defer s.mu.Unlock()
	name, err := linkedName(aws.ToString(in.AWSServiceName), aws.ToString(in.CustomSuffix))
	if err != nil {
		return nil, err
	}
	if s.accounts[account][name] != nil {
		return nil, wire.Errorf("InvalidInput",
			"Service role name %s has been taken in this account, please try a different suffix.", name)
	}
	r, err := s.link(account, *in.AWSServiceName, name)
	if err != nil {
		return nil, err
	}
	r.description = aws.ToString(in.Description)
	return &awsiam.CreateServiceLinkedRoleOutput{Role: new(r.sdk())}, nil
}

// link makes a service-linked role, with the trust policy that the AWS CLI's
// reference shows for one. The caller holds the lock.
// https://docs.aws.amazon.com/cli/latest/reference/iam/create-service-linked-role.html
func (s *Service) link(account, service, name string) (*role, error) {
	if len(name) > 64 { // [?] the text; a suffix of more than 35 characters does it (facts/kms.md 6)
		return nil, wire.Errorf("InvalidInput", "Role name %s is longer than 64 characters", name)
	}
	trust := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Action":["sts:AssumeRole"],"Effect":"Allow","Principal":{"Service":[%q]}}]}`, service)
	doc, err := keypolicy.Parse(trust)
	if err != nil {
		return nil, fmt.Errorf("parse trust policy of %s: %w", name, err)
	}
	return s.add(account, linkedPath+service+"/", name, trust, doc), nil
}

// EnsureServiceLinkedRole returns a service's role in an account, and makes it
// where it isn't there: Auto Scaling does so for the first group.
func (s *Service) EnsureServiceLinkedRole(account, service, suffix string) (Role, error) {
	name, err := linkedName(service, suffix)
	if err != nil {
		return Role{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.accounts[account][name]; r != nil {
		return r.Role, nil
	}
	r, err := s.link(account, service, name)
	if err != nil {
		return Role{}, err
	}
	return r.Role, nil
}

// deleteServiceLinkedRole deletes at once. Whether groups still use the role
// isn't asked, so that a dead role can be staged.
func (s *Service) deleteServiceLinkedRole(ctx context.Context, in *awsiam.DeleteServiceLinkedRoleInput) (*awsiam.DeleteServiceLinkedRoleOutput, error) {
	var out awsiam.DeleteServiceLinkedRoleOutput
	return &out, s.with(ctx, in.RoleName, func(r *role) error {
		service, linked := linkedService(r.Path)
		if !linked {
			return wire.Errorf("InvalidInput", "Role %s is not a service-linked role", r.Name)
		}
		out.DeletionTaskId = new(fmt.Sprintf("task%s%s/%s/%s", linkedPath, service, r.Name, strings.ToLower(r.ID)))
		s.tasks[*out.DeletionTaskId] = true
		delete(s.accounts[r.account], r.Name)
		return nil
	})
}

func (s *Service) getDeletionStatus(_ context.Context, in *awsiam.GetServiceLinkedRoleDeletionStatusInput) (*awsiam.GetServiceLinkedRoleDeletionStatusOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.tasks[aws.ToString(in.DeletionTaskId)] {
		return nil, missing("Deletion task %s cannot be found.", aws.ToString(in.DeletionTaskId))
	}
	return &awsiam.GetServiceLinkedRoleDeletionStatusOutput{Status: types.DeletionTaskStatusTypeSucceeded}, nil
}
