// Package kms is the sandbox's KMS: keys with policies that are really
// enforced, aliases, tags and grants, for any number of accounts and Regions.
//
// Authorisation is pkg/access with the request's whole context. What KMS does
// to a policy it stores is in normal.go.
package kms
