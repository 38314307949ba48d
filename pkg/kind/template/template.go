// Package template has the changes of a launch template: a version that names
// copies of one's own, the default version moved, and a version deleted again.
//
// The package is pure: no I/O, no clock, no SDK.
//
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/manage-launch-template-versions.html
package template

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"keymend/pkg/arn"
	"keymend/pkg/change"
	"keymend/pkg/change/code"
	"keymend/pkg/outcome"
	"keymend/pkg/permission"
)

// A Scene is what every step here has.
type Scene struct {
	Account  string `json:"account"`
	Region   string `json:"region"`
	Key      string `json:"key"`      // ARN of the other account's key, which the launch is to do without
	Template string `json:"template"` // id
}

// NewVersion makes a version that differs from another only in the image, the
// snapshots and the keys that the copies replace.
type NewVersion struct {
	Scene
	From     int64             `json:"from"`               // version that it is made of
	ImageID  string            `json:"imageId,omitempty"`  // "" = as there
	Mappings []json.RawMessage `json:"mappings,omitempty"` // the whole list, as EC2's API names its members; none = as there
	Wanted   string            `json:"wanted"`             // digest of the whole version as it shall be
	CopyKey  string            `json:"copyKey"`
	Asked    string            `json:"asked"`            // the version as the group names it
	Mixed    bool              `json:"mixed,omitempty"`  // in a mixed instances policy
	Follow   []string          `json:"follow,omitempty"` // groups on $Latest, which launch from it from then on
	Group    string            `json:"group"`
}

// SetDefault makes a version the template's default.
type SetDefault struct {
	Scene
	Version int64    `json:"version,omitempty"` // 0 = the one that was made just before, of version From
	Before  int64    `json:"before"`            // the default that it replaces; 0 = the version that is described as Made
	From    int64    `json:"from,omitempty"`
	Made    string   `json:"made,omitempty"`   // description
	Follow  []string `json:"follow,omitempty"` // groups on $Default
}

// DeleteVersion deletes the version that a remediation made of another.
type DeleteVersion struct {
	change.Back
	Scene
	From        int64  `json:"from"` // version that it was made of
	Remediation string `json:"remediation"`
}

// Kind implements change.Step.
func (NewVersion) Kind() string { return "NewTemplateVersion" }

// Kind implements change.Step.
func (SetDefault) Kind() string { return "SetDefaultVersion" }

// Kind implements change.Step.
func (DeleteVersion) Kind() string { return "DeleteTemplateVersion" }

// At implements change.Step.
func (s Scene) At() change.Place {
	return change.Place{Account: s.Account, Key: s.Key, Target: "arn:" + arn.Partition(s.Key) + ":ec2:" + s.Region + ":" + s.Account + ":launch-template/" + s.Template}
}

func (s Scene) call(action string) []change.Call {
	return []change.Call{{Role: permission.Copier, Account: s.Account, Action: action, Target: s.Template, ARN: s.At().Target}}
}

// Effect implements change.Step.
func (s NewVersion) Effect() any { return change.Typed{Step: s} }

// Effect implements change.Step.
func (s SetDefault) Effect() any {
	s.From = 0
	return change.Typed{Step: s}
}

// Effect implements change.Step.
func (s DeleteVersion) Effect() any { return change.Typed{Step: s} }

// Calls implements change.Writes.
func (s NewVersion) Calls() []change.Call { return s.call("ec2:CreateLaunchTemplateVersion") }

// Calls implements change.Writes.
func (s SetDefault) Calls() []change.Call { return s.call("ec2:ModifyLaunchTemplate") }

// Calls implements change.Writes.
func (s DeleteVersion) Calls() []change.Call { return s.call("ec2:DeleteLaunchTemplateVersions") }

// Undo implements change.Writes: the version is found again by its description.
func (s NewVersion) Undo(by change.Mark, _ change.Result) change.Steps {
	return change.Steps{DeleteVersion{Scene: s.Scene, From: s.From, Remediation: by.Remediation}}
}

// Undo implements change.Writes. It moves the default back whichever groups follow by then.
func (s SetDefault) Undo(by change.Mark, done change.Result) change.Steps {
	back := SetDefault{Scene: s.Scene, Version: s.Before, Before: s.Version}
	if made, err := strconv.ParseInt(done.ID, 10, 64); err == nil {
		back.Before = made
	}
	if back.Before == 0 {
		back.From, back.Made = s.From, Description(s.From, by.Remediation)
	}
	return change.Steps{back}
}

// Claim implements change.Writes.
func (s NewVersion) Claim() change.Claim {
	if s.CopyKey == "" {
		return change.Claim{}
	}
	return change.Claim{Consent: change.DataOwners, Key: s.Key, Under: s.CopyKey}
}

// Claim implements change.Writes.
func (s SetDefault) Claim() change.Claim {
	return change.Claim{Consent: change.DataOwners, Key: s.Key, Back: true}
}

// Code implements code.Coder. Terraform has block device mappings in another form than
// EC2's API.
func (s NewVersion) Code() code.Code {
	data := map[string]any{}
	of := code.Resource{}
	if s.ImageID != "" {
		data["ImageId"] = s.ImageID
		of = code.Resource{Type: "aws_launch_template", Part: true, Arguments: code.Arguments{{Name: "ImageId", Value: s.ImageID}}}
	}
	if len(s.Mappings) > 0 {
		data[Mappings], of = s.Mappings, code.Resource{}
	}
	text, err := json.Marshal(data)
	if err != nil {
		return code.Code{} // the mappings aren't JSON
	}
	return code.Code{
		Service: "ec2", Action: "CreateLaunchTemplateVersion", Terraform: of,
		Arguments: code.Arguments{
			{Name: "LaunchTemplateId", Value: s.Template}, {Name: "SourceVersion", Value: strconv.FormatInt(s.From, 10)}, {Name: "LaunchTemplateData", Value: json.RawMessage(text)},
		},
	}
}

// Code implements code.Coder. The number of a version that is made just before isn't
// known.
func (s SetDefault) Code() code.Code {
	if s.Version == 0 {
		return code.Code{}
	}
	version := code.Argument{Name: "DefaultVersion", Value: strconv.FormatInt(s.Version, 10)}
	return code.Code{
		Service: "ec2", Action: "ModifyLaunchTemplate", Arguments: code.Arguments{{Name: "LaunchTemplateId", Value: s.Template}, version},
		Terraform: code.Resource{Type: "aws_launch_template", Part: true, Arguments: code.Arguments{version}},
	}
}

// Words implements change.Writes.
func (s NewVersion) Words() change.Words {
	return change.Words{Brief: "new version", What: fmt.Sprintf("1 version of %s made of version %d", s.Template, s.From)}
}

// Words implements change.Writes.
func (s SetDefault) Words() change.Words {
	to := "the version that was made"
	if s.Version > 0 {
		to = fmt.Sprintf("version %d", s.Version)
	}
	return change.Words{Brief: "new default", What: "the default version of " + s.Template + " moved", Then: "groups that follow the template's default version launch from " + to}
}

// Words implements change.Writes.
func (s DeleteVersion) Words() change.Words {
	return change.Words{
		Brief: "version gone", What: fmt.Sprintf("the version of %s made of version %d deleted", s.Template, s.From),
		Then: "the template's other versions stay as they are",
	}
}

// End implements change.Ender. A version that the group follows by $Latest is
// launched from; else a person points the group at it.
func (s NewVersion) End(done change.Result) change.End {
	what := fmt.Sprintf("version %s of %s does without %s", done.ID, s.Template, s.Key)
	version, _ := strconv.ParseInt(done.ID, 10, 64) // EC2's own number
	next, run := s.Next(version)
	follow := strings.Join(s.Follow, " and ")
	if next == "" {
		return moved(what + "; group " + follow + " follows $Latest, and launches from it")
	}
	if follow != "" {
		what += "; group " + follow + " follows $Latest, and launches from it already"
	}
	return change.End{Outcome: outcome.HandedOver, Unseen: true, Reason: what + "; what is left is to " + next + ".", Run: run}
}

// End implements change.Ender.
func (s SetDefault) End(done change.Result) change.End {
	return moved(fmt.Sprintf("version %s of %s is its default now, from which group %s launches", done.ID, s.Template, strings.Join(s.Follow, " and ")))
}

func moved(what string) change.End {
	return change.End{Outcome: outcome.Moved, Reason: what + "; what it needs of the key that the copy lies under comes with the group's next launch"}
}
