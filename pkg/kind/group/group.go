// Package group has the change that has a group launch as another service-linked
// role. The same change with both roles exchanged takes it back.
//
// The package is pure: no I/O, no clock, no SDK.
//
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html
package group

import (
	"strings"

	"keymend/pkg/arn"
	"keymend/pkg/change"
	"keymend/pkg/change/code"
	"keymend/pkg/outcome"
	"keymend/pkg/permission"
)

// Update has a group launch as another service-linked role. Its instances stay as
// they are.
type Update struct {
	Group  string `json:"group"` // ARN
	Name   string `json:"name"`
	Before string `json:"before"` // ARN of the role that it launched as
	After  string `json:"after"`
}

// Kind implements change.Step.
func (Update) Kind() string { return "UpdateGroup" }

// At implements change.Step.
func (s Update) At() change.Place {
	if s.Name != "" && !strings.HasSuffix(s.Group, ":autoScalingGroupName/"+s.Name) {
		return change.Place{} // it would be about another group
	}
	return change.Place{Account: arn.Account(s.Group), Target: s.Group}
}

// Effect implements change.Step.
func (s Update) Effect() any { return []string{s.Kind(), s.Group, s.Before, s.After} }

// Calls implements change.Writes.
func (s Update) Calls() []change.Call {
	return []change.Call{{Role: permission.GroupWriter, Account: arn.Account(s.Group), Action: "autoscaling:UpdateAutoScalingGroup", Target: s.Group, Pass: s.After}}
}

// Undo implements change.Writes.
func (s Update) Undo(change.Mark, change.Result) change.Steps {
	s.Before, s.After = s.After, s.Before
	return change.Steps{s}
}

// Claim implements change.Writes.
func (s Update) Claim() change.Claim {
	return change.Claim{Consent: change.Operator, Principal: s.After, Back: true}
}

// Words implements change.Writes.
func (s Update) Words() change.Words {
	return change.Words{
		Brief: "group's role", What: "the group launches as " + name(s.After) + " instead of " + name(s.Before),
		Then: s.Name + " launches as " + name(s.After) + " at its next launch",
	}
}

// End implements change.Ender.
func (Update) End(change.Result) change.End { return change.End{Outcome: outcome.Fixed, Last: true} }

// Code implements code.Coder.
func (s Update) Code() code.Code {
	as := code.Argument{Name: "ServiceLinkedRoleARN", Value: s.After}
	return code.Code{
		Service: "autoscaling", Action: "UpdateAutoScalingGroup", Arguments: code.Arguments{{Name: "AutoScalingGroupName", Value: s.Name}, as},
		Terraform:      code.Resource{Type: "aws_autoscaling_group", Part: true, Arguments: code.Arguments{as}},
		CloudFormation: code.Resource{Type: "AWS::AutoScaling::AutoScalingGroup", Part: true, Arguments: code.Arguments{as}},
	}
}

// name leaves out the path, which all such roles share.
func name(role string) string { return role[strings.LastIndexByte(role, '/')+1:] }
