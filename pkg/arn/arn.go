// Package arn takes Amazon Resource Names apart.
//
// The package is pure: no I/O, no clock, no SDK.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
package arn

import "strings"

// An ARN is a name in its parts. Which of them may be empty is each service's own:
// an IAM role has no Region, a snapshot no account.
type ARN struct {
	Partition string // aws, aws-cn, aws-us-gov
	Service   string
	Region    string
	Account   string
	Resource  string // all that follows, colons and slashes too
}

// Parse takes an ARN apart; false for what is none, such as a bare id or an alias.
func Parse(text string) (ARN, bool) {
	rest, ok := strings.CutPrefix(text, "arn:")
	var p [4]string
	for i := range p {
		if ok {
			p[i], rest, ok = strings.Cut(rest, ":")
		}
	}
	if !ok {
		return ARN{}, false
	}
	return ARN{Partition: p[0], Service: p[1], Region: p[2], Account: p[3], Resource: rest}, true
}

// String returns the ARN as AWS writes it.
func (a ARN) String() string {
	return strings.Join([]string{"arn", a.Partition, a.Service, a.Region, a.Account, a.Resource}, ":")
}

// Partition returns the partition in an ARN; "" in what is none.
func Partition(text string) string {
	a, _ := Parse(text)
	return a.Partition
}

// PartitionOf returns the partition that a Region is in.
func PartitionOf(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// Global returns the Region of a partition in which the services are that are global in it,
// as IAM, and their events.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
func Global(partition string) string {
	return map[string]string{"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}[partition]
}

// Region returns the Region in an ARN; "" in what is none.
func Region(text string) string {
	a, _ := Parse(text)
	return a.Region
}

// Service returns the service in an ARN; "" in what is none.
func Service(text string) string {
	a, _ := Parse(text)
	return a.Service
}

// Account returns the account in an ARN; "" in what is none.
func Account(text string) string {
	a, _ := Parse(text)
	return a.Account
}

// Owner returns the account in an ARN where it is an account's id; else "".
// It is for what people wrote: nothing is asked of an account that can be none.
func Owner(text string) string {
	if id := Account(text); IsAccount(id) {
		return id
	}
	return ""
}

// IsAccount reports whether a text is an account's id: 12 digits.
func IsAccount(text string) bool {
	const digits = 12
	return len(text) == digits && strings.Trim(text, "0123456789") == ""
}

// Resource returns what an ARN names in its account; "" in what is none.
func Resource(text string) string {
	a, _ := Parse(text)
	return a.Resource
}

// Last returns what follows the last slash, as a role's name, without its path, or a key's
// id; all of it where there is no slash.
func Last(text string) string { return text[strings.LastIndexByte(text, '/')+1:] }

// Root returns the ARN of an account's root.
func Root(partition, account string) string { return "arn:" + partition + ":iam::" + account + ":root" }
