package group

import (
	"keymend/pkg/change"
	"keymend/pkg/change/code"
	"keymend/pkg/outcome"
)

// Launch is the one process that is resumed. Any other is the matter of whoever stopped it.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html
const Launch = "Launch"

// Resume lets a group launch that Auto Scaling stopped after a day of failures. It
// launches at once what it lacks.
type Resume struct {
	Group  string `json:"group"` // ARN
	Name   string `json:"name"`
	Reason string `json:"reason"` // AWS's text about why it was stopped
}

// Suspend stops a group from launching, as it was.
type Suspend struct {
	change.Back
	Group string `json:"group"` // ARN
	Name  string `json:"name"`
}

// Kind implements change.Step.
func (Resume) Kind() string { return "ResumeLaunch" }

// Code implements code.Coder.
func (s Resume) Code() code.Code {
	return code.Code{
		Service: "autoscaling", Action: "ResumeProcesses",
		Arguments: code.Arguments{{Name: "AutoScalingGroupName", Value: s.Name}, {Name: "ScalingProcesses", Value: []string{Launch}}},
	}
}

// Kind implements change.Step.
func (Suspend) Kind() string { return "SuspendLaunch" }

// At implements change.Step.
func (s Resume) At() change.Place { return at(s.Group, s.Name) }

// At implements change.Step.
func (s Suspend) At() change.Place { return at(s.Group, s.Name) }

// Effect implements change.Step.
func (s Resume) Effect() any { return []string{s.Kind(), s.Group, s.Reason} }

// Effect implements change.Step.
func (s Suspend) Effect() any { return []string{s.Kind(), s.Group} }

// Calls implements change.Writes.
func (s Resume) Calls() []change.Call {
	return calls(change.Call{Action: "autoscaling:ResumeProcesses", Target: s.Group})
}

// Calls implements change.Writes. No role may do it: only a person undoes.
func (s Suspend) Calls() []change.Call {
	return calls(change.Call{Action: "autoscaling:SuspendProcesses", Target: s.Group})
}

// Undo implements change.Writes.
func (s Resume) Undo(change.Mark, change.Result) change.Steps {
	return change.Steps{Suspend{Group: s.Group, Name: s.Name}}
}

// Claim implements change.Writes.
func (Resume) Claim() change.Claim { return change.Claim{Consent: change.ResumeAllowed} }

// Words implements change.Writes.
func (Resume) Words() change.Words {
	return change.Words{Brief: "resumed", What: "the group may launch again", Why: "Auto Scaling stopped it, and no person"}
}

// Words implements change.Writes.
func (Suspend) Words() change.Words {
	return change.Words{
		Brief: "stopped", What: "the group is stopped from launching",
		Then: "it launches nothing until someone resumes Launch; a deployed Keymend never resumes what a person stopped",
	}
}

// End implements change.Ender.
func (Resume) End(change.Result) change.End {
	return change.End{Outcome: outcome.Fixed, Reason: "Launch is resumed; the group launches what it lacks at once"}
}
