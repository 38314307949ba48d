// Package applytest holds every kind of change to one contract, against an AWS in
// memory. A kind that breaks it would write over somebody's change, write twice, or
// leave something that can't be taken back.
//
// Only tests import it.
package applytest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"keymend/pkg/apply"
	"keymend/pkg/change"
	"keymend/pkg/limit"
)

// A Case is a step, and a world in which it is to be carried out.
type Case struct {
	Step   change.Step
	Before []change.Result // what came of the steps before
	World  func() *World   // anew at each call
	// Marked: what was made has its remediation's mark, by which it is known again.
	Marked bool
	// Final: nothing takes it back.
	Final bool
	// Once: for one occasion AWS makes it once, even if somebody took it away since.
	Once bool
	// Dated: AWS tells when it was made, so what is from before the message isn't claimed.
	Dated bool
	// Does is the same done by a person, or by another remediation.
	Does func(*World)
	// Undoes is what a person does to take the step back; nil: nobody can.
	Undoes func(*World)
	Acts   []Act
}

// An Act is what else a person does between two deliveries of a step.
type Act struct {
	Name  string
	After bool // the step was carried out by then; else the first delivery ended before
	Do    func(*World)
	// Stands is what the second delivery finds.
	Stands apply.Standing
	// Err is what carrying the step out comes to then; nil: it may.
	Err error
}

// TestKind holds the kind of a case's step to the contract:
//
//	carried   it makes the calls that it says, each in a session of its own, and
//	          stands then, by its mark if it has one
//	twice     done again, it changes nothing, and claims nothing that isn't its own
//	killed    whatever call the process ends at, the next delivery ends as if nothing
//	          had happened
//	person    what a person did meanwhile is neither claimed nor written over
//	undo      what takes it back is known before it is carried out and after
//	refused   a refusal is said, and nothing comes after it
//	unknown   what can't be read is said to be unknown
//	preview   what would be done is said without doing it
//	json      it survives the wire
//	lost      a write whose answer is lost is read back: it is neither done twice, nor
//	          over what a person did meanwhile
func TestKind(t *testing.T, table apply.Table, c Case) {
	t.Helper()
	for _, check := range checks() {
		if !t.Run(check.name, func(t *testing.T) { check.run(suite{t.Context(), table, c, t}) }) && check.first {
			return
		}
	}
}

type check struct {
	name  string
	run   func(suite)
	first bool // all others rest on it
}

func checks() []check {
	return []check{
		{"carried", suite.carried, true}, {"twice", suite.twice, false}, {"killed", suite.killed, false},
		{"person", suite.person, false}, {"undo", suite.undo, false}, {"refused", suite.refused, false},
		{"unknown", suite.unknown, false}, {"preview", suite.preview, false}, {"json", suite.json, false}, {"lost", suite.lost, false},
	}
}

// A reporter takes complaints.
type reporter interface {
	Errorf(format string, args ...any)
}

// A suite holds one case to the contract.
type suite struct {
	ctx   context.Context
	table apply.Table
	c     Case
	reporter
}

// fresh returns a world in which the step wasn't carried out, and what it is to be
// carried out in.
func (s suite) fresh() (*World, apply.Env) {
	w := s.c.World()
	e := w.Env()
	e.Before = s.c.Before
	return w, e
}

// done returns a world in which it was, with what came of it.
func (s suite) done() (*World, apply.Env, change.Result) {
	w, e := s.fresh()
	result, err := s.table.Do(s.ctx, e, s.c.Step)
	if err != nil {
		s.Errorf("Do: %v", err)
	}
	w.later()
	return w, e, result
}

// later lets some time pass, as between two deliveries, and forgets the calls.
func (w *World) later() {
	w.Now = w.Now.Add(limit.Visibility)
	w.Calls = nil
}

// again does what the next delivery does: it carries the step out if it doesn't
// stand.
func (s suite) again(e apply.Env) (change.Result, error) {
	result, standing, err := s.table.Stands(s.ctx, e, s.c.Step)
	if err != nil || standing == apply.There || standing == apply.Ours {
		return result, err
	}
	return s.table.Do(s.ctx, e, s.c.Step)
}

// stands looks, and complains where the standing is another.
func (s suite) stands(when string, e apply.Env, want apply.Standing) change.Result {
	result, standing, err := s.table.Stands(s.ctx, e, s.c.Step)
	if err != nil || standing != want {
		s.Errorf("%s: Stands says %s, want %s; error %v", when, said(standing), said(want), err)
	}
	return result
}

func said(s apply.Standing) string {
	return []string{"Unknown", "Absent", "There", "Ours"}[min(int(s), 3)]
}

// made is how the step stands once this remediation carried it out.
func (c Case) made() apply.Standing {
	if c.Marked {
		return apply.Ours
	}
	return apply.There
}

// same complains where a world isn't as wanted.
func (s suite) same(when string, want []string, w *World) bool {
	got := w.Lines()
	if slices.Equal(want, got) {
		return true
	}
	s.Errorf("%s: the world isn't as it should be: %s", when, difference(want, got))
	return false
}

// difference says which lines are missing and which are too many.
func difference(want, got []string) string {
	return fmt.Sprintf("missing %q, too many %q", without(want, got), without(got, want))
}

// without returns the lines that others don't have.
func without(lines, others []string) []string {
	others = slices.Clone(others)
	var out []string
	for _, l := range lines {
		if at := slices.Index(others, l); at >= 0 {
			others = slices.Delete(others, at, at+1)
			continue
		}
		out = append(out, l)
	}
	return out
}
