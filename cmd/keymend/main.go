// Command keymend is Keymend at a terminal: it diagnoses, heals and undoes with
// the caller's own AWS credentials, and carries the sandbox and its demo.
package main

import (
	"io"
	"os"

	"golang.org/x/term"

	"keymend/cmd/keymend/internal/command"
)

// version is set by the linker (Makefile).
var version = "dev"

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return command.Run(args, command.Surroundings{
		Version: version, In: stdin, Out: stdout, Err: stderr, Getenv: os.Getenv, Asks: term.IsTerminal(int(os.Stdin.Fd())),
	})
}
