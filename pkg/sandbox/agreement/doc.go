// Package agreement holds two readings of the same AWS pages to each other:
// pkg/launch says which keys a group's next launch needs, and the sandbox's
// launch asks KMS for keys by code of its own. For any group they must agree.
package agreement
