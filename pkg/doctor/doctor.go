// Package doctor says whether Keymend is deployed in an account and Region and well, and
// what a person's own credentials may do there: facts in, checks out. What has to stand
// follows from the template that was deployed (infra/template), not from a second list.
//
// The package is pure: no I/O, no clock, no SDK.
package doctor

import (
	"slices"
	"time"

	"keymend/pkg/blueprint"
	"keymend/pkg/coverage"
	"keymend/pkg/quote"
)

// A State is how a check ended.
type State string

// The states. What wasn't seen is never OK.
const (
	OK      State = "ok"
	NotOK   State = "not-ok"
	Unknown State = "unknown"
)

// A Check is one thing that was looked at, and what mends it where it isn't well.
type Check struct {
	Schema string   `json:"schema"`
	Check  string   `json:"check"`
	About  string   `json:"about,omitempty"` // of several alike
	State  State    `json:"state"`
	Says   string   `json:"says"`
	Do     []string `json:"do"`             // commands, in order
	Page   string   `json:"page,omitempty"` // that says what to do
}

// Facts are what was read.
type Facts struct {
	Who, Account, Region, Partition string
	Endpoint, Profile               string // "" = AWS's own; none is named
	Version                         string // of this program
	Now                             time.Time
	// Placed says how a command of the AWS CLI leads where this asks.
	Placed func(quote.Task) string

	Skew   coverage.Answer[time.Duration] // how far this machine's clock is ahead of AWS's
	Reads  []Read                         // that diagnose needs
	Stacks coverage.Answer[[]Stack]       // Keymend's here
	Member coverage.Answer[string]        // template of keymend-reader, where it is an organization's; "" = none

	Roles      map[string]coverage.Answer[*blueprint.Role] // each by what AWS calls it; nil = it isn't there
	Queues     map[string]coverage.Answer[*Queue]
	Functions  map[string]coverage.Answer[*Function]
	Sources    map[string]coverage.Answer[string] // states; "" = it isn't there
	Parameters map[string]coverage.Answer[string] // values; "" = it isn't there
	Rules      coverage.Answer[[]blueprint.Rule]
	Alarms     coverage.Answer[[]Alarm]
	LogGroups  coverage.Answer[map[string]int] // days that lines are kept; 0 = for ever
	Trails     coverage.Answer[[]coverage.Trail]
	Swept      coverage.Answer[int] // how often the sweep's schedule came within the last hour
	Newest     coverage.Answer[Newest]
}

// A Read is a call that diagnose makes too, tried with a person's credentials.
type Read struct {
	Call string // as in kms:ListAliases
	For  string // what it is needed for
	coverage.Answer[bool]
}

// A Stack is one of CloudFormation's.
type Stack struct {
	Name, Status, Reason string
	Given                map[string]string // parameters
	Made                 []Made
	Since                time.Time // when it was made, or last changed
}

// Made is a resource of a stack: what the template calls it, and what AWS does.
type Made struct{ ID, Type, Name string }

// A Queue is one of SQS's.
type Queue struct {
	Waiting int
	Policy  string
}

// A Function is one of Lambda's.
type Function struct {
	State string
	Env   map[string]string
}

// An Alarm is one of CloudWatch's.
type Alarm struct {
	Name, State, Reason, Description string
	Since                            time.Time
}

// Newest is the newest line of a function's log that has a version.
type Newest struct {
	At      time.Time // zero: there is none within a day
	Version string
}

// Examine holds facts to what has to be.
func Examine(f Facts) []Check {
	e := &examiner{Facts: f}
	e.credentials()
	e.deployment()
	return e.checks
}

type examiner struct {
	Facts
	checks []Check
	before int // checks that there were when the present kind began
}

// Schema is that of a check as JSON; docs/schemas/doctor.schema.json has it.
const Schema = "keymend.doctor/1"

// Page says what is asked for, and what that takes.
const Page = page + "what-doctor-asks"

const page = "docs/deploy.md#"

func (e *examiner) add(c Check) {
	c.Schema = Schema
	if c.Do == nil {
		c.Do = []string{}
	}
	e.checks = append(e.checks, c)
}

func (e *examiner) ok(check, says string) { e.add(Check{Check: check, State: OK, Says: says}) }

// bad adds what isn't well. Its commands mend it, in order; or the section of docs/deploy.md
// says how.
func (e *examiner) bad(check, about, says, section string, do ...string) {
	c := Check{Check: check, About: about, State: NotOK, Says: says, Do: do}
	if section != "" {
		c.Page = page + section
	}
	e.add(c)
}

// unknown adds what can't be told.
func (e *examiner) unknown(check, about, problem string) {
	e.add(Check{Check: check, About: about, State: Unknown, Says: problem, Page: Page})
}

// unseen adds what can't be told of a kind, once for all of it.
func (e *examiner) unseen(check, problem string) {
	if len(e.checks) == e.before {
		e.unknown(check, "", problem)
	}
}

// begin and end have a kind of which all is well told in one line.
func (e *examiner) begin() { e.before = len(e.checks) }

func (e *examiner) end(check, says string) {
	if len(e.checks) == e.before {
		e.ok(check, says)
	}
}

// as is a command with an account's credentials.
func (e *examiner) as(account string, words ...string) string {
	return e.Placed(quote.Task{Account: account, Command: quote.Command(words...)})
}

// here is a command of the AWS CLI that acts in the account and Region.
func (e *examiner) here(words ...string) string {
	return e.as(e.Account, slices.Concat([]string{"aws"}, words, []string{"--region", e.Region})...)
}
