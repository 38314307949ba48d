// Package differential holds pkg/access to an evaluator that others wrote: the
// npm package @cloud-copilot/iam-simulate, run by Node as a separate process.
//
// It has tests and nothing else. They generate policies by seed, ask both
// evaluators, and fail where Keymend's says Allowed and the simulator doesn't,
// and at any other difference that no rule of the committed list explains. A
// rule explains a difference only by showing it: the policy is rewritten as the
// simulator reads it, and Keymend's evaluator must then answer as the simulator
// did.
//
// The simulator's licence is the AGPL; docs/decisions/0007-simulator-as-referee.md
// says why it may be used here, and only here.
package differential
