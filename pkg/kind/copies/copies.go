// Package copies has the change that copies an image or a snapshot under a key of
// the group's account, and the one that takes such a copy away.
//
// The package is pure: no I/O, no clock, no SDK.
//
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-instancelaunchfailure.html
package copies

import (
	"fmt"
	"strings"

	"keymend/pkg/arn"
	"keymend/pkg/change"
	"keymend/pkg/change/code"
	"keymend/pkg/outcome"
	"keymend/pkg/permission"
	"keymend/pkg/tag"
)

// Make copies an image with its snapshots, or a snapshot.
type Make struct {
	Account string   `json:"account"`
	Region  string   `json:"region"`
	Key     string   `json:"key"`            // ARN of the other account's key
	Source  string   `json:"source"`         // id of the image or snapshot
	Name    string   `json:"name,omitempty"` // an image's; no two of an account's have the same
	CopyKey string   `json:"copyKey"`        // ARN
	Keys    []string `json:"keys"`           // ARNs of those that the data lies under
	Group   string   `json:"group"`
}

// Remove deregisters an image that Keymend copied and deletes its snapshots, or
// deletes a copied snapshot.
type Remove struct {
	Account     string   `json:"account"`
	Region      string   `json:"region"`
	Key         string   `json:"key"`
	Source      string   `json:"source"`
	CopyKey     string   `json:"copyKey"`
	ID          string   `json:"id,omitempty"` // "" = the copy that the remediation made, or none is left but its snapshots
	Snapshots   []string `json:"snapshots,omitempty"`
	Remediation string   `json:"remediation,omitempty"` // that made it
	Why         string   `json:"why,omitempty"`
}

// IsImage reports whether an id is an image's; else it is a snapshot's.
func IsImage(id string) bool { return strings.HasPrefix(id, "ami-") }

// Tags are those of the copy that a remediation makes.
func (s Make) Tags(remediation string) map[string]string {
	return map[string]string{tag.CopyOf: s.Source, tag.CopyKey: s.CopyKey, tag.Group: s.Group, tag.Remediation: remediation}
}

// Kind implements change.Step.
func (s Make) Kind() string {
	if IsImage(s.Source) {
		return "CopyImage"
	}
	return "CopySnapshot"
}

// Kind implements change.Step.
func (Remove) Kind() string { return "RemoveCopy" }

// At implements change.Step. Images' and snapshots' own ARNs have no account; the
// target's is the group's, whose copy it is about.
func (s Make) At() change.Place { return at(s.Account, s.Region, s.Key, s.Source) }

// At implements change.Step.
func (s Remove) At() change.Place { return at(s.Account, s.Region, s.Key, s.Source) }

func at(account, region, key, source string) change.Place {
	return change.Place{Account: account, Key: key, Target: named(key, region, account, source)}
}

// named is the ARN of an image or snapshot, in the partition of a key.
func named(key, region, account, id string) string {
	what := "snapshot/"
	if IsImage(id) {
		what = "image/"
	}
	return "arn:" + arn.Partition(key) + ":ec2:" + region + ":" + account + ":" + what + id
}

// Effect implements change.Step.
func (s Make) Effect() any { return change.Typed{Step: s} }

// Effect implements change.Step.
func (s Remove) Effect() any { return change.Typed{Step: s} }

// Calls implements change.Writes.
func (s Make) Calls() []change.Call {
	return []change.Call{{Role: permission.Copier, Account: s.Account, Action: "ec2:" + s.Kind(), Target: s.Source, Keys: append([]string{s.CopyKey}, s.Keys...)}}
}

// Calls implements change.Writes.
func (s Remove) Calls() []change.Call {
	var out []change.Call
	for _, id := range append([]string{s.ID}, s.Snapshots...) {
		if id != "" {
			out = append(out, s.Call(id))
		}
	}
	return out
}

// Call is the call that takes one image or snapshot away.
func (s Remove) Call(id string) change.Call {
	action := "ec2:DeleteSnapshot"
	if IsImage(id) {
		action = "ec2:DeregisterImage"
	}
	return change.Call{Role: permission.Copier, Account: s.Account, Action: action, Target: id, ARN: named(s.Key, s.Region, "", id)}
}

// Undo implements change.Writes: the copy is found again by its tags.
func (s Make) Undo(by change.Mark, _ change.Result) change.Steps {
	return change.Steps{Remove{Account: s.Account, Region: s.Region, Key: s.Key, Source: s.Source, CopyKey: s.CopyKey, Remediation: by.Remediation}}
}

// Undo implements change.Writes: a copy that failed isn't made again.
func (Remove) Undo(change.Mark, change.Result) change.Steps { return nil }

// Claim implements change.Writes.
func (s Make) Claim() change.Claim {
	if s.CopyKey == "" {
		return change.Claim{}
	}
	return change.Claim{Consent: change.DataOwners, Key: s.Key, Keys: s.Keys, Under: s.CopyKey}
}

// Claim implements change.Writes.
func (s Remove) Claim() change.Claim {
	if s.CopyKey == "" {
		return change.Claim{}
	}
	return change.Claim{Consent: change.OwnCopyOnly, Key: s.Key, Under: s.CopyKey, Back: true}
}

// Words implements change.Writes.
func (s Make) Words() change.Words {
	return change.Words{What: "1 copy of " + s.Source, Brief: "1 copy"}
}

// Words implements change.Writes.
func (s Remove) Words() change.Words {
	return change.Words{Brief: "copy gone", What: "the copy of " + s.Source + " taken away", Then: "to launch without the other account's key takes a new copy"}
}

// Code implements code.Coder.
func (s Make) Code() code.Code {
	under := code.Arguments{{Name: "SourceRegion", Value: s.Region}, {Name: "Encrypted", Value: true}, {Name: "KmsKeyId", Value: s.CopyKey}}
	if !IsImage(s.Source) {
		return code.Code{
			Service: "ec2", Action: s.Kind(), Arguments: append(code.Arguments{{Name: "SourceSnapshotId", Value: s.Source}}, under...),
			Terraform: code.Resource{Type: "aws_ebs_snapshot_copy"},
		}
	}
	return code.Code{
		Service: "ec2", Action: s.Kind(),
		Arguments: append(code.Arguments{{Name: "Name", Value: s.Name}, {Name: "SourceImageId", Value: s.Source}}, under...),
		Terraform: code.Resource{Type: "aws_ami_copy", Arguments: append(code.Arguments{
			{Name: "Name", Value: s.Name}, {Name: "SourceAmiId", Value: s.Source}, {Name: "SourceAmiRegion", Value: s.Region},
		}, under[1:]...)},
	}
}

// End implements change.Ender.
func (s Make) End(done change.Result) change.End {
	return change.End{Outcome: outcome.Copying, Unseen: true, Reason: fmt.Sprintf(
		"%s, a copy of %s under %s, was begun; the group goes on when EC2 tells that it is ready, or with its next failure after", done.ID, s.Source, s.CopyKey)}
}

// End implements change.Ender.
func (s Remove) End(change.Result) change.End {
	return change.End{Outcome: outcome.Failed, Unseen: true, Reason: s.Why +
		"; what was left of it was taken away, and Keymend copies anew when the group next fails"}
}
