// Package activity reads what AWS says about a launch that failed: the text of a
// scaling activity as a Cause, and CloudTrail's records of KMS's refusal and of edits of
// key policies.
//
// The package is pure: no I/O, no clock, no SDK.
package activity
