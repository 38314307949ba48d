// Package code says how a change is written as code, for whoever keeps what it changes
// in an infrastructure repository. A kind of change that can be written so says how in
// its own room; keymend export has the formats.
//
// The package is pure: no I/O, no clock, no SDK.
package code

// A Coder is a step that can be written as code.
type Coder interface {
	Code() Code
}

// Code is one change as code: statements of a key's policy, or a call. The zero value is
// one that nobody can write down beforehand.
type Code struct {
	Policy    *Policy // nil = it is a call
	Service   string  // of AWS, as its CLI names it
	Action    string  // as AWS's API names it: CreateGrant
	Arguments Arguments
	Probe     []string // words of the AWS CLI that succeed where it is done already; none = the call may be repeated

	Terraform, CloudFormation Resource
}

// A Policy is what a key's policy is to have.
type Policy struct {
	Statements    []string // JSON, as they are to stand in it
	Before, After string   // the whole policy, as it was read and as it is to be; "" = it couldn't be read
}

// A Resource is what a tool has for a change.
type Resource struct {
	Type      string    // "" = the tool has none
	Part      bool      // somebody's code has the resource already: only these arguments of it change
	Arguments Arguments // as AWS's API names them; nil = those of the call
}

// An Argument is one of a call, as AWS's API names it. Its value is a string, true, a
// list of strings, or a json.RawMessage.
type Argument struct {
	Name  string
	Value any
}

// Arguments are in the order in which people read them.
type Arguments []Argument
