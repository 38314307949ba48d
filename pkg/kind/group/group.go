// Package group has the changes of an Auto Scaling group: it launches as another
// service-linked role, or it may launch again after Auto Scaling stopped it.
//
// The package is pure: no I/O, no clock, no SDK.
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
// they are. The same change with both roles exchanged takes it back.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html
type Update struct {
	Group  string `json:"group"` // ARN
	Name   string `json:"name"`
	Before string `json:"before"` // ARN of the role that it launched as
	After  string `json:"after"`
}

// Kind implements change.Step.
func (Update) Kind() string { return "UpdateGroup" }

// At implements change.Step.
func (s Update) At() change.Place { return at(s.Group, s.Name) }

// at is the place of a group, by its ARN and its name.
func at(group, name string) change.Place {
	if name == "" || !strings.HasSuffix(group, ":autoScalingGroupName/"+name) {
		return change.Place{} // it would be about another group
	}
	return change.Place{Account: arn.Account(group), Target: group}
}

// Effect implements change.Step.
func (s Update) Effect() any { return []string{s.Kind(), s.Group, s.Before, s.After} }

// Calls implements change.Writes.
func (s Update) Calls() []change.Call {
	return calls(change.Call{Action: "autoscaling:UpdateAutoScalingGroup", Target: s.Group, Pass: s.After})
}

// calls is the one call that changes a group. CloudTrail names the group by its name.
func calls(c change.Call) []change.Call {
	c.Role, c.Account = permission.GroupWriter, arn.Account(c.Target)
	_, c.Shown, _ = strings.Cut(c.Target, ":autoScalingGroupName/")
	return []change.Call{c}
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
