// Package command holds the program's commands: what they take, what they do in
// which order, and the exit code that each ends with.
package command

import (
	"bufio"
	"context"
	"io"
	"os/signal"
	"slices"
	"syscall"

	"github.com/alecthomas/kong"

	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/quote"
	"keymend/pkg/settings"
)

// Surroundings are what a program finds around it.
type Surroundings struct {
	Version  string
	In       io.Reader
	Out, Err io.Writer
	Getenv   func(string) string
	Asks     bool // a person sits at In, who can be asked

	asJSON  bool     // the answer is for programs, an error too
	outputs []string // what --output takes
}

// A program is one run: its surroundings, the flags that every command has, and
// the exit code it will end with.
type program struct {
	Surroundings
	flags    flags
	given    given
	config   settings.Config // of flags and environment; not all of it where the command takes no settings
	code     report.Code
	turnOn   quote.Task // what turns on the switch that stops all writes, where that was read as off
	progress *screen.Progress
	shown    bool          // they were asked, and so saw what is about to change
	input    *bufio.Reader // what the person types; nil: they weren't asked yet
}

// flags are those that every command takes. Credentials and Region come as for
// the AWS CLI where they aren't given.
type flags struct {
	Region      string `help:"AWS Region; as in the AWS CLI where it isn't given." placeholder:"REGION" group:"place"`
	Profile     string `help:"Profile of the shared AWS config; as in the AWS CLI where it isn't given." placeholder:"NAME" group:"place"`
	EndpointURL string `name:"endpoint-url" help:"Send every call to this endpoint (as $AWS_ENDPOINT_URL does)." placeholder:"URL" group:"place"`
	Output      string `help:"text for people; json for programs: one object a line, as docs/schemas has it, an error on standard error." enum:"${outputs}" default:"text" placeholder:"${outputForms}" group:"output"`
	Color       string `help:"Colours: auto is where standard output is a terminal, and neither NO_COLOR nor TERM=dumb says otherwise." enum:"auto,always,never" default:"auto" placeholder:"auto|always|never" group:"output"`

	Number kong.VersionFlag `name:"version" help:"Print the version, and end." group:"output"`
}

type commands struct {
	flags `embed:""`

	Scan     scanCmd   `cmd:"" help:"Say how all groups stand, the worst first: here, in all Regions, in other accounts; read-only."`
	Report   reportCmd `cmd:"" help:"Write a page about all groups to show to others: what fails, why, what to do first; read-only."`
	Diagnose diagnose  `cmd:"" help:"Say why a group can't launch; read-only unless --apply."`
	Check    checkCmd  `cmd:"" help:"Say what a change would break: EBS's defaults, a key policy, a grant, a service-linked role; read-only."`
	Enroll   enroll    `cmd:"" help:"Say what a key's owner does so that Keymend may open it, and what that opens."`
	Replay   replay    `cmd:"" help:"Do with an event, from a file, what the functions would do; read-only unless --apply."`
	Access   accessCmd `cmd:"" help:"Answer questions about access to keys, as JSON lines from standard input to standard output."`
	Undo     undo      `cmd:"" help:"Take back what a remediation wrote; says what that would be unless --apply."`
	Export   exportCmd `cmd:"" help:"Write what keeps a group's keys open for good as code: Terraform, CloudFormation, a script, JSON; read-only."`
	Grants   grants    `cmd:"" help:"List the grants that the functions made, with their age: which stand in for a key policy's own statements."`
	Doctor   doctorCmd `cmd:"" help:"Say whether Keymend is deployed here and well, and what your own credentials may read; read-only."`
	Approve  approve   `cmd:"" help:"Approve a proposal, so that the functions carry it out; shows it and asks."`

	History historyCmd `cmd:"" help:"List what Keymend changed, and what it proposes, newest first; read-only."`
	Show    showCmd    `cmd:"" help:"Show all that is on record about one change: who, when, why, what, and what takes it back; read-only."`

	CheckOrganization checkOrganization `cmd:"" name:"check-organization" help:"Say what stands in the way of a deployment to an organization; read-only."`
	Coverage          coverageCmd       `cmd:"" help:"Say where Keymend stands in an organization, and where it doesn't; read-only."`

	Sandbox sandboxed `cmd:"" help:"Serve an AWS on this machine, to any AWS client."`
	Demo    demoCmd   `cmd:"" help:"Watch Keymend work in the sandbox; nothing leaves this machine."`
	Version version   `cmd:"" help:"Print the version."`

	Completion completion `cmd:"" help:"Print what has a shell complete commands, flags and values."`

	Help helpCmd `cmd:"" help:"Show the help of a command, as its --help does."`
}

// Run runs the program with its arguments, and returns the exit code.
func Run(args []string, around Surroundings) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends the program at once
	var c commands
	helped := false
	around.asJSON, around.outputs = asksJSON(args), outputsOf(args)
	parser, err := newParser(ctx, &c, around, func() { helped = true })
	if err != nil {
		return around.complain(err)
	}
	if len(args) > 0 && args[0] == toComplete {
		return around.complete(parser, args[1:])
	}
	if len(args) > 0 && args[0] == "help" {
		if around.asJSON {
			return around.complain(misused("help is text for people: leave --output json out"))
		}
		args = append(slices.Clone(args[1:]), "--help")
	}
	parsed, err := parser.Parse(args)
	switch {
	case helped:
		return int(report.Healed)
	case len(args) == 0:
		return around.complain(misused("a command is missing: keymend help lists them"))
	case err != nil:
		return around.complain(&misuse{err})
	}
	p := &program{Surroundings: around, flags: c.flags, given: givenBy(parsed)}
	p.Getenv = p.given.over(around.Getenv)
	if command := parsed.Selected().Name; !slices.Contains(outputsOf([]string{command}), p.flags.Output) {
		return around.complain(misused("--output %s: %s has text and json", p.flags.Output, command))
	}
	if p.config, err = p.settings(); p.given.takes && err != nil {
		return around.complain(err)
	}
	if err := parsed.Run(p); err != nil {
		p.quiet()
		return around.complain(halted(ctx, err))
	}
	return int(p.code)
}
