// Package remediation is the only place that knows the order of the stages:
//
//	Diagnose    observe → plan → judge → send → record
//	Remediate   observe → plan → judge → intent → apply → prove → outcome
//	Undo        intent → apply → outcome
//	Explain     a write by one of Keymend's roles → its intent in the log, or a record
//
// The order is the same for all kinds of change. A Looker can't write: it has no
// method that does. A Fixer looks and writes. The functions, the program and the
// tests all drive these two.
package remediation

import (
	"context"
	"errors"
	"time"

	"keymend/pkg/access"
	"keymend/pkg/activity"
	"keymend/pkg/apply"
	"keymend/pkg/guard"
	"keymend/pkg/permission"
	"keymend/pkg/plan"
	"keymend/pkg/record"
	"keymend/pkg/settings"
)

// Readers read what a look rests on.
type Readers interface {
	// View returns what reads one account in one Region.
	View(ctx context.Context, account, region string) (apply.Reader, error)
	// Switch reads the switch that stops all writes, and says how it stands. Its
	// error is transient.
	Switch(ctx context.Context) (guard.Switch, string, error)
	// Logged finds the records about a remediation or a key's ARN in remediate's log, or
	// about a finding in diagnose's, between two times; zero: no such bound. At a terminal the
	// audit file counts, too.
	Logged(ctx context.Context, id string, from, to time.Time) ([]record.Record, error)
	// Fleet returns what reads the groups of an account in a Region.
	Fleet(ctx context.Context, account, region string) (Fleet, error)
}

// A Queue hands a permitted plan to whoever carries it out.
type Queue interface {
	Send(ctx context.Context, m Message) error
}

// A Log keeps records. Nothing may be done that can't be recorded.
type Log interface {
	Write(ctx context.Context, r record.Record) error
}

// ErrNothingHidden says that a key was told that isn't wanted.
var ErrNothingHidden = errors.New("the launch takes no snapshot of that account which this one can't see")

// errNobody says that nobody is there to carry out what is permitted.
var errNobody = errors.New("nobody is there to carry it out")

// Nobody is a Queue that nobody reads.
type Nobody struct{}

// Send implements Queue.
func (Nobody) Send(context.Context, Message) error { return errNobody }

// A Looker diagnoses. It changes nothing.
type Looker struct {
	Settings settings.Config
	AWS      Readers
	Queue    Queue
	Later    Later
	// Edits reads who wrote a key's policy from a time to another, the newest first; zero =
	// until now. nil: that isn't asked.
	Edits func(ctx context.Context, account, region, key string, since, until time.Time) ([]activity.PolicyEdit, error)
	// Brake reads the brakes of an account and Region of the organization that Keymend is
	// the hub of. Its error is transient, or says what may not be read. nil: where there is
	// an organization all the same, nothing is written.
	Brake brake
	// Past tells what was written unattended before; nil: that holds nothing back.
	Past  pastLog
	Log   Log
	Kinds apply.Table
	Plan  plan.Planner
	// Person is a person at a terminal who asked, with their own credentials; the
	// zero value: nobody did.
	Person access.Principal
	// Told are the keys, by their ARNs, of which the person says that snapshots lie under
	// them which the group's account can't see.
	Told []string

	cache *cache    // what is remembered from one invocation to the next; nil: nothing is
	asked time.Time // see Since
}

// options are the settings that bear on planning for groups of an account.
func (l *Looker) options(account string) plan.Options {
	c := l.Settings
	o := plan.Options{
		OwnKey: c.OwnKey, OwnershipTags: c.OwnershipTags, Dedicated: c.Dedicated,
		Resume: c.Resume, ForeignKey: c.ForeignKey, ForeignStatements: c.ForeignStatements, Reader: l.Person, Writer: l.Person, Granter: l.Person, Copier: l.Person,
	}
	if g, many := l.AWS.(*gathering); many {
		o.Known = &g.cache.plans
	}
	if c.RolePrefix != "" {
		place := permission.Place{Partition: c.Partition, Account: account, Prefix: c.RolePrefix}
		o.RetiringRole = place.ARN(permission.Granter)
		o.Granter = access.Principal{ARN: o.RetiringRole}
		o.Reader = access.Principal{ARN: place.ARN(permission.Reader)}
		o.Writer = access.Principal{ARN: place.ARN(permission.PolicyWriter)}
		o.Copier = access.Principal{ARN: place.ARN(permission.Copier)}
	}
	return o
}
