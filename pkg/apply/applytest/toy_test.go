package applytest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/access"
	"keymend/pkg/apply"
	"keymend/pkg/apply/once"
	"keymend/pkg/change"
)

// A lend is a kind that exists in tests only: it gives the role two grants, whose
// names say by which remediation.
type lend struct {
	Key  string `json:"key"`
	Lost string `json:"-"`
	bare bool
	id   bool // its calls name the key by its id
}

// A takeBack ends the grants of a remediation.
type takeBack struct {
	Key         string `json:"key"`
	Remediation string `json:"remediation"`
}

func halves(remediation string) []string {
	return []string{"lent-" + remediation + "-a", "lent-" + remediation + "-b"}
}

func (lend) Kind() string           { return "LendKey" }
func (s lend) At() change.Place     { return change.Place{Account: Account, Target: s.Key, Key: s.Key} }
func (s lend) Effect() any          { return []string{s.Kind(), s.Key} }
func (lend) Claim() change.Claim    { return change.Claim{} }
func (lend) Words() change.Words    { return change.Words{What: "2 grants"} }
func (s lend) Calls() []change.Call { return []change.Call{s.call(), s.call()} }

func (s lend) call() change.Call {
	if s.id {
		return change.Call{Account: Account, Action: "kms:CreateGrant", Target: "1a2b"}
	}
	return change.Call{Account: Account, Action: "kms:CreateGrant", Target: s.Key}
}

func (s lend) Undo(by change.Mark, done change.Result) change.Steps {
	if s.bare && !done.Changed {
		return nil
	}
	return change.Steps{takeBack{s.Key, by.Remediation}}
}

func (takeBack) Kind() string                                 { return "TakeKeyBack" }
func (s takeBack) At() change.Place                           { return lend{Key: s.Key}.At() }
func (s takeBack) Effect() any                                { return []string{s.Kind(), s.Key} }
func (takeBack) Claim() change.Claim                          { return change.Claim{} }
func (takeBack) Words() change.Words                          { return change.Words{What: "grants ended"} }
func (takeBack) Calls() []change.Call                         { return nil } // how many is known by then
func (takeBack) Undo(change.Mark, change.Result) change.Steps { return nil }

// A lender carries lend out. What is broken about it, the contract has to find.
type lender struct{ broken string }

// lent returns the names of the grants on the step's key.
func lent(ctx context.Context, e apply.Env, key string) ([]string, []access.Grant, error) {
	state, err := e.Key(ctx, key, Role)
	if err == nil && state.Facts.GrantsUnreadable != "" {
		err = Denied("kms:ListGrants")
	}
	var names []string
	for _, g := range state.Facts.Grants {
		names = append(names, g.Name)
	}
	return names, state.Facts.Grants, err
}

func whole(names []string, remediation string) bool {
	return !slices.ContainsFunc(halves(remediation), func(half string) bool { return !slices.Contains(names, half) })
}

// Stands implements apply.Doer.
func (d lender) Stands(ctx context.Context, e apply.Env, s lend) (change.Result, apply.Standing, error) {
	names, _, err := lent(ctx, e, s.Key)
	half := d.broken == "takes half for the whole" && len(names) > 0
	switch {
	case err != nil && d.broken == "can't see, and says so of the step":
		return change.Result{}, apply.Absent, nil
	case err != nil:
		return change.Result{}, apply.Unknown, err
	case whole(names, e.By.Remediation) || half, d.broken == "claims others' work" && len(names) > 1:
		return change.Result{Changed: d.broken != "forgets its own work"}, apply.Ours, nil
	case whole(names, "r-0"):
		return change.Result{Changed: d.broken == "claims what others did"}, apply.There, nil
	}
	return change.Result{}, apply.Absent, nil
}

// Do implements apply.Doer.
func (d lender) Do(ctx context.Context, e apply.Env, s lend) (change.Result, error) {
	names, _, err := lent(ctx, e, s.Key)
	if err != nil {
		return change.Result{}, err
	}
	if whole(names, "r-0") && !whole(names, e.By.Remediation) && d.broken != "does it beside others" {
		return change.Result{}, nil
	}
	var session apply.Session
	var done change.Result
	for _, half := range halves(e.By.Remediation) {
		if slices.Contains(names, half) && d.broken != "does it anew" {
			continue
		}
		if d.broken == "does it anew" {
			half += strings.Repeat("+", len(names))
		}
		if session == nil || d.broken != "does all in one session" {
			session, err = e.Open(ctx, s.call())
		}
		if err == nil {
			_, err = once.Write(ctx, session.KMS().CreateGrant, &kms.CreateGrantInput{KeyId: &s.Key, GranteePrincipal: new(Role), Name: &half, Operations: []types.GrantOperation{types.GrantOperationDecrypt}})
		}
		if d.broken == "takes no answer for a refusal" && errors.Is(err, once.ErrUnsure) {
			return change.Result{}, errors.New("refused")
		}
		if err != nil && d.broken != "takes a refusal for success" {
			return change.Result{}, err
		}
		done.Changed = true
	}
	return done, nil
}

// Preview implements apply.Previewer.
func (d lender) Preview(ctx context.Context, e apply.Env, s lend) (apply.Preview, error) {
	if d.broken == "does it where it is asked what it would do" {
		_, err := d.Do(ctx, e, s)
		return apply.Preview{Says: []string{"done"}}, err
	}
	_, standing, err := d.Stands(ctx, e, s)
	if err != nil || standing != apply.Absent {
		return apply.Preview{}, err
	}
	return apply.Preview{Says: []string{"2 grants would be made"}}, nil
}

// A taker carries takeBack out.
type taker struct{ broken string }

// Stands implements apply.Doer.
func (taker) Stands(ctx context.Context, e apply.Env, s takeBack) (change.Result, apply.Standing, error) {
	names, _, err := lent(ctx, e, s.Key)
	switch {
	case err != nil:
		return change.Result{}, apply.Unknown, err
	case slices.ContainsFunc(halves(s.Remediation), func(half string) bool { return slices.Contains(names, half) }):
		return change.Result{}, apply.Absent, nil
	}
	return change.Result{}, apply.There, nil
}

// Do implements apply.Doer.
func (d taker) Do(ctx context.Context, e apply.Env, s takeBack) (change.Result, error) {
	_, all, err := lent(ctx, e, s.Key)
	var done change.Result
	for _, g := range all {
		if err != nil || !slices.Contains(halves(s.Remediation), g.Name) && d.broken != "takes others' work away" {
			continue
		}
		var session apply.Session
		session, err = e.Open(ctx, change.Call{Account: Account, Action: "kms:RevokeGrant", Target: s.Key})
		if err == nil {
			_, err = once.Write(ctx, session.KMS().RevokeGrant, &kms.RevokeGrantInput{KeyId: &s.Key, GrantId: &g.ID})
		}
		done.Changed = done.Changed || err == nil
	}
	return done, err
}

// gives has somebody make grants.
func gives(names ...string) func(*World) {
	return func(w *World) {
		for _, n := range names {
			w.AddGrant(&kms.CreateGrantInput{KeyId: new(OwnKey), GranteePrincipal: new(Role), Name: &n, Operations: []types.GrantOperation{types.GrantOperationDecrypt}})
		}
	}
}

func takesAll(w *World) { w.Grants = nil }

func toy(broken string) (apply.Table, Case) {
	return apply.Table{apply.Of("LendKey", lender{broken}), apply.Of("TakeKeyBack", taker{broken})}, Case{
		Step: lend{Key: OwnKey}, World: New, Marked: true, Does: gives(halves("r-0")...), Undoes: takesAll,
		Acts: []Act{
			{Name: "a person gave another", Do: gives("mine"), Stands: apply.Absent},
			{Name: "a person gave another since", After: true, Do: gives("mine"), Stands: apply.Ours},
			{Name: "a person took half of it away", After: true, Do: func(w *World) { w.Grants = w.Grants[:1] }, Stands: apply.Absent},
		},
	}
}

// TestKindOfItsOwn: a kind that isn't the product's is held to the same contract.
func TestKindOfItsOwn(t *testing.T) {
	table, c := toy("")
	t.Run("lend", func(t *testing.T) { TestKind(t, table, c) })
	back := Case{
		Step: takeBack{OwnKey, "r-0"}, Final: true, Does: takesAll, Undoes: gives(halves("r-0")...),
		World: func() *World {
			w := New()
			gives(halves("r-0")...)(w)
			return w
		},
		Acts: []Act{{Name: "a person did half of it", Do: func(w *World) { w.Grants = w.Grants[:1] }, Stands: apply.Absent}},
	}
	t.Run("take back", func(t *testing.T) { TestKind(t, table, back) })
}
