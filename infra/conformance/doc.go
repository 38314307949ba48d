// Package conformance holds the synthesised stack to others' programs: cfn-lint reads
// the template, and moto is what the CDK's own CLI bootstraps and deploys it to. It
// has tests only.
package conformance
