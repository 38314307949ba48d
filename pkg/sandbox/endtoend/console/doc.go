// Package console has programs run at a terminal, as a person would. Only tests on Linux
// import it.
package console
