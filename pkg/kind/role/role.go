// Package role has the change that makes a service-linked role of Auto Scaling, and
// the one that deletes it.
//
// The package is pure: no I/O, no clock, no SDK.
//
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/autoscaling-service-linked-role.html
package role

import (
	"strings"

	"keymend/pkg/arn"
	"keymend/pkg/change"
	"keymend/pkg/change/code"
	"keymend/pkg/permission"
	"keymend/pkg/slr"
)

// Ensure makes a service-linked role with a suffix, where it is missing. Before it,
// there is no such role.
type Ensure struct {
	Role   string `json:"role"` // ARN
	Suffix string `json:"suffix"`
}

// Delete deletes a service-linked role, if no group uses it.
type Delete struct {
	change.Back
	Role string `json:"role"` // ARN
}

// Kind implements change.Step.
func (Ensure) Kind() string { return "EnsureServiceLinkedRole" }

// Kind implements change.Step.
func (Delete) Kind() string { return "DeleteServiceLinkedRole" }

// At implements change.Step.
func (s Ensure) At() change.Place { return at(s.Role) }

// At implements change.Step.
func (s Delete) At() change.Place { return at(s.Role) }

func at(role string) change.Place { return change.Place{Account: arn.Account(role), Target: role} }

// Effect implements change.Step.
func (s Ensure) Effect() any { return []string{s.Kind(), s.Role} }

// Effect implements change.Step.
func (s Delete) Effect() any { return []string{s.Kind(), s.Role} }

// Calls implements change.Writes.
func (s Ensure) Calls() []change.Call { return calls("iam:CreateServiceLinkedRole", s.Role) }

// Calls implements change.Writes.
func (s Delete) Calls() []change.Call { return calls("iam:DeleteServiceLinkedRole", s.Role) }

func calls(action, role string) []change.Call {
	return []change.Call{{Role: permission.GroupWriter, Account: arn.Account(role), Action: action, Target: role}}
}

// Undo implements change.Writes.
func (s Ensure) Undo(change.Mark, change.Result) change.Steps {
	return change.Steps{Delete{Role: s.Role}}
}

// Claim implements change.Writes.
func (s Ensure) Claim() change.Claim {
	return change.Claim{Consent: change.Operator, Principal: s.Role}
}

// Words implements change.Writes.
func (s Ensure) Words() change.Words {
	return change.Words{What: "role " + Name(s.Role) + " made", Brief: "role made"}
}

// Words implements change.Writes.
func (s Delete) Words() change.Words {
	return change.Words{
		Brief: "role deleted", What: "role " + Name(s.Role) + " deleted", Would: Name(s.Role) + " would be deleted, if no group launches as it",
		Then: "a group that is to launch as " + Name(s.Role) + " needs it made again",
	}
}

// Code implements code.Coder.
func (s Ensure) Code() code.Code {
	return code.Code{
		Service: "iam", Action: "CreateServiceLinkedRole", Probe: []string{"aws", "iam", "get-role", "--role-name", Name(s.Role)},
		Arguments: code.Arguments{{Name: "AWSServiceName", Value: slr.AutoScaling}, {Name: "CustomSuffix", Value: s.Suffix}},
		Terraform: code.Resource{Type: "aws_iam_service_linked_role"}, CloudFormation: code.Resource{Type: "AWS::IAM::ServiceLinkedRole"},
	}
}

// Name is the role's name, without the path that all such roles share.
func Name(role string) string { return role[strings.LastIndexByte(role, '/')+1:] }
