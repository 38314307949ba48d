package check

import (
	"context"
	"errors"
	"fmt"

	"keymend/pkg/access"
	"keymend/pkg/apply"
	"keymend/pkg/quote"
	"keymend/pkg/whatif"
)

// ErrGiven says that a change, as it is given, is none that could be made here. The error
// that wraps it says why, and what to give.
var ErrGiven = errors.New("can't be changed so")

// Asked is a change as a person gives it. Keys are written as AWS takes them: id, ARN,
// alias/NAME, or an alias's ARN.
type Asked struct {
	ByDefault        *bool
	DefaultKey       string
	Key              string // of Policy, and of Grants where it is given
	Policy           *string
	From             string // where the policy was read, as in "policy.json"
	Grants           []string
	Deleted, Renewed []string // roles, by name or ARN
}

// A Given is a change as it was understood, and what is to be said of it.
type Given struct {
	Change   whatif.Change
	From     string   // where the policy was read that is put on a key
	Says     []string // a line for each part of the change
	Problems []Problem
}

// A Problem is something about the change itself.
type Problem struct {
	Refused bool         `json:"refused"` // AWS refuses that part of the change; else it takes it
	Text    string       `json:"text"`
	Do      []quote.Task `json:"do,omitempty"`
}

// Refused reports whether AWS refuses a part of the change.
func (g Given) Refused() bool {
	for _, p := range g.Problems {
		if p.Refused {
			return true
		}
	}
	return false
}

// A Place is where the change would be made, and by whom; without Caller that isn't known.
type Place struct {
	Partition, Account, Region string
	Caller                     access.Principal
}

// Understand looks up what a change names. Its error wraps ErrGiven, or is AWS's.
func Understand(ctx context.Context, see apply.Reader, at Place, asked Asked) (Given, error) {
	u := understanding{Place: at, see: see}
	for _, part := range []func(context.Context, Asked) error{u.roles, u.defaults, u.policy, u.grants} {
		if err := part(ctx, asked); err != nil {
			return Given{}, err
		}
	}
	return u.Given, nil
}

// An understanding is how far it has come.
type understanding struct {
	Given
	Place
	see apply.Reader
}

func wrong(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrGiven, fmt.Errorf(format, args...))
}

func (u *understanding) says(format string, args ...any) {
	u.Says = append(u.Says, fmt.Sprintf(format, args...))
}

func (u *understanding) warn(refused bool, do []quote.Task, format string, args ...any) {
	u.Problems = append(u.Problems, Problem{refused, fmt.Sprintf(format, args...), do})
}
