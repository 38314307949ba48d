// Package export writes changes as code: for Terraform, for CloudFormation, as a script
// for the AWS CLI, and as AWS's API has them. Names, texts and policies that others
// chose can't end the string, comment or here-document that they stand in, nor move a cursor.
//
// The package is pure: no I/O, no clock, no SDK.
package export

import (
	"slices"

	"keymend/pkg/change/code"
)

// A Format is how the changes are written.
type Format string

// The formats.
const (
	Terraform      Format = "terraform"
	CloudFormation Format = "cloudformation"
	CLI            Format = "cli"
	JSON           Format = "json"
)

// Changes are what is exported, in the order in which it is done.
type Changes struct {
	Version                string // of Keymend
	Of                     string // a remediation's or proposal's id; "" = the group as it is
	Group, Account, Region string
	Profile                string   // by which its account is reached; "" = the credentials come from elsewhere
	Flags                  []string // of the AWS CLI: Region, endpoint
	Look                   string   // the command that shows whether the group launches
	Sections               []Section
}

// Text writes the changes.
func (c Changes) Text(f Format) (string, error) {
	c.Sections = joined(c.Sections)
	switch f {
	case Terraform:
		return c.terraform()
	case CloudFormation:
		return c.cloudFormation()
	case CLI:
		return c.script(), nil
	default:
		return c.json()
	}
}

// joined makes one section of those in which one policy is opened to several roles.
func joined(all []Section) []Section {
	var out []Section
	for _, s := range all {
		i := slices.IndexFunc(out, func(o Section) bool { return o.Key == s.Key && o.Code.Policy != nil && s.Code.Policy != nil })
		if i < 0 {
			out = append(out, s)
			continue
		}
		o := &out[i]
		p := code.Policy{Before: o.Code.Policy.Before, After: s.Code.Policy.After, Statements: o.Code.Policy.Statements}
		for _, text := range s.Code.Policy.Statements {
			p.Statements = with(p.Statements, text)
		}
		o.Code.Policy, o.To = &p, append(slices.Clip(o.To), s.To...)
		o.Why, o.Notes = merged(o.Why, s.Why), merged(o.Notes, s.Notes)
	}
	return out
}

// with puts a statement in the place of the one with its Sid, which it extends.
func with(all []string, text string) []string {
	all = slices.Clone(all)
	for i, old := range all {
		if sid(old) == sid(text) {
			all[i] = text
			return all
		}
	}
	return append(all, text)
}

func merged(a, b []string) []string {
	out := slices.Clone(a)
	for _, line := range b {
		if !slices.Contains(out, line) {
			out = append(out, line)
		}
	}
	return out
}
