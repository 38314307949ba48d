// Package remediation is the only place that knows the order of the stages:
//
//	Diagnose    launch → role → keys → access → plan → verdict → send → record
//	Remediate   the same from fresh facts → compare → intent → write → verify → outcome
//	Undo        intent → take back → outcome
//	Explain     a write by one of Keymend's roles → its intent in the log, or a record
//
// A group that the settings move to another role goes this way once for each of:
// making the role, opening each key to it, giving it to the group.
//
// The functions, the program and the tests all drive the same Engine.
package remediation

import (
	"context"
	"time"

	"keymend/pkg/access"
	"keymend/pkg/apply"
	"keymend/pkg/apply/role"
	"keymend/pkg/audit"
	"keymend/pkg/copier"
	"keymend/pkg/guard"
	"keymend/pkg/keystate"
	"keymend/pkg/launch"
	"keymend/pkg/plan"
	"keymend/pkg/settings"
)

// A View reads one account in one Region.
type View interface {
	// Launch says what the group's next instance will ask for. The error is
	// launch.ErrGroupNotFound where it is gone.
	Launch(ctx context.Context, group string) (launch.Launch, error)
	// Role reads a role. One that doesn't exist has no ID.
	Role(ctx context.Context, arn string) (access.Principal, error)
	// Key reads a key, and the grants to one principal. A key of another account
	// is read there, where that account lets it.
	Key(ctx context.Context, id, principalARN string) (keystate.State, error)
	apply.Reader
}

// A Writer changes who may use a key.
type Writer interface {
	apply.PolicyWriter
	apply.Granter
}

// A RoleWriter makes service-linked roles and has groups launch as them.
type RoleWriter interface {
	role.Maker
	role.Groups
}

// A Session is one write: one action on one target, under a name by which
// CloudTrail shows it.
type Session struct {
	Account, Region string
	Name            string // role session name
	Action          string // as in "kms:PutKeyPolicy"
	Key             string // ARN of the key; of the role or group for a RoleWriter; for the copier's actions the id of an image, snapshot or template
	Pass            string // ARN of the role that the group is given; "" = none

	Keys []string // ARNs of the keys that a copy needs
}

// Engine carries signals through the stages. Its functions are the only way out:
// nothing in it talks to AWS by itself.
type Engine struct {
	Settings settings.Config
	View     func(ctx context.Context, account, region string) (View, error)
	Open     func(ctx context.Context, s Session) (Writer, error)
	// Switch reads the switch that stops all writes, and says how it stands. Its
	// error is transient; a switch that may not be read is off.
	Switch func(ctx context.Context) (guard.Switch, string, error)
	Send   func(ctx context.Context, m Message) error // nil: nobody carries out
	// Try asks KMS whether it would make a grant. It writes nothing, but only who
	// may make the grant may ask: nil where that isn't so.
	Try func(ctx context.Context, s Session, grant plan.CreateGrant) (plan.Trial, error)
	// OpenRole is Open for what is about roles and groups; nil: nobody does.
	OpenRole func(ctx context.Context, s Session) (RoleWriter, error)
	// Next is Send for who carries out: the next step of what it has begun. nil: it
	// comes with the group's next event.
	Next   func(ctx context.Context, m Message) error
	Record func(ctx context.Context, r audit.Record) error
	// Intents reads back what was recorded; nil: nobody may.
	Intents Intents
	Sleep   apply.Sleep

	PersonAsked  bool                        // a person at a terminal, with their own credentials
	RetiringRole func(account string) string // ARN of the role that may retire our grants; nil: none
	// Granter is who calls CreateGrant in an account; nil: not known.
	Granter func(account string) access.Principal

	// Copies reads what there is of copies in an account and Region; Copier opens a
	// session that makes or takes away one; CopierRole is who that is. nil: nobody.
	Copies     func(ctx context.Context, account, region string) (*copier.Reader, error)
	Copier     func(ctx context.Context, s Session) (copier.Writer, error)
	CopierRole func(account string) access.Principal
}

// sessionName is what CloudTrail shows for the writes of a remediation.
func sessionName(remediationID string) string { return "keymend-" + remediationID }

// spare is the time kept before a deadline to write down what was done.
const spare = 3 * time.Second

// beforeDeadline ends a little before the context's deadline.
func beforeDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, deadline.Add(-spare))
}
