// Package layers holds the tests that keep the layers of docs/architecture.md
// apart and every package within its budget. The linter looks at imports, file
// by file; these tests look at what is linked.
package layers
