// Package endtoend holds the tests that run the built Lambda binaries against
// the sandbox, from the event that AWS sends to the instance that launches.
package endtoend
