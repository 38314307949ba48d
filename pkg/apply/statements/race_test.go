package statements_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/smithy-go"

	"keymend/pkg/apply"
	"keymend/pkg/apply/applytest"
	"keymend/pkg/apply/refusal"
	"keymend/pkg/apply/statements"
	"keymend/pkg/keypolicy"
	kind "keymend/pkg/kind/statements"
)

const mine = `{"Sid":"Mine","Effect":"Allow","Principal":{"AWS":"3"},"Action":"kms:Decrypt","Resource":"*"}`

// While Keymend waits for IAM to be known to KMS, someone edits the policy: it is
// read again before each attempt, and their edit stays.
func TestAnEditWhileWaitingIsNotOverwritten(t *testing.T) {
	t.Parallel()
	w := key(before, unknown())
	w.Waits = func() { w.Policies["k"] = other }
	_, err := statements.Add{}.Do(t.Context(), w.Env(), kind.Add{Key: "k", Principal: "p", Before: before, After: after})
	if !errors.Is(err, apply.ErrSuperseded) || len(puts(w)) != 1 || w.Policies["k"] != other {
		t.Errorf("%d writes, %v", len(puts(w)), err)
	}
}

func opened(t *testing.T, policy string) string {
	t.Helper()
	d, err := keypolicy.Parse(policy)
	if err != nil {
		t.Fatal(err)
	}
	e, err := keypolicy.Allow(d, applytest.Role)
	if err != nil {
		t.Fatal(err)
	}
	return e.After
}

// The same for taking back: what is written is made of the policy as it is then.
func TestAnEditWhileUndoWaitsStays(t *testing.T) {
	t.Parallel()
	w := key(opened(t, before), unknown())
	w.Waits = func() { w.Policies["k"] = opened(t, other) }
	done, err := statements.Remove{}.Do(t.Context(), w.Env(), kind.Remove{Key: "k", Principal: applytest.Role})
	if all := puts(w); err != nil || len(all) != 2 || *all[1].Policy != other || !done.Changed || !strings.Contains(done.Before, `"C"`) {
		t.Errorf("%d writes, %+v, %v", len(all), done, err)
	}
}

// TestAnEditBetweenDeliveriesStays: the first delivery ended without an answer, or
// with its reply lost. A person added a statement, and then the message came again.
func TestAnEditBetweenDeliveriesStays(t *testing.T) {
	t.Parallel()
	throttled := &smithy.GenericAPIError{Code: "ThrottlingException", Message: "Rate exceeded"}
	lost := errors.New("connection reset by peer")
	open := opened(t, before)
	add := kind.Add{Key: "k", Principal: applytest.Role, Before: before, After: open, Sids: []string{keypolicy.SidUse, keypolicy.SidCreateGrant}}
	for name, tc := range map[string]struct {
		fault  applytest.Fault
		remove bool
		stands apply.Standing
		writes int // of both deliveries
	}{
		"opened, throttled":          {applytest.Fault{Before: throttled}, false, apply.Absent, 1},
		"opened, its reply lost":     {applytest.Fault{After: lost}, false, apply.There, 1},
		"taken back, throttled":      {applytest.Fault{Before: throttled}, true, apply.Absent, 2},
		"taken back, its reply lost": {applytest.Fault{After: lost}, true, apply.There, 1},
	} {
		w := key(before)
		if tc.remove {
			w.Policies["k"] = open
		}
		e := w.Env()
		deliver := func() error {
			if tc.remove {
				_, err := statements.Remove{}.Do(t.Context(), e, kind.Remove{Key: "k", Principal: applytest.Role})
				return err
			}
			_, err := statements.Add{}.Do(t.Context(), e, add)
			return err
		}
		w.Answer = func(c applytest.Call) applytest.Fault {
			if c.Action != put {
				return applytest.Fault{}
			}
			return tc.fault
		}
		if err := deliver(); err == nil || errors.Is(err, refusal.Err) {
			t.Errorf("%s: the first delivery: %v", name, err)
		}
		w.Answer = nil
		w.Policies["k"] = strings.Replace(w.Policies["k"], `"Statement":[`, `"Statement":[`+mine+`,`, 1)
		table := apply.Table{apply.Of("EditKeyPolicy", statements.Add{}), apply.Of("RemoveStatements", statements.Remove{})}
		_, standing, err := table.Stands(t.Context(), e, add)
		if tc.remove {
			_, standing, err = table.Stands(t.Context(), e, kind.Remove{Key: "k", Principal: applytest.Role})
		}
		if err != nil || standing != tc.stands {
			t.Errorf("%s: it stands: %d, %v", name, standing, err)
		}
		if err := deliver(); tc.remove && err != nil || !tc.remove && !errors.Is(err, apply.ErrSuperseded) {
			t.Errorf("%s: the next delivery: %v", name, err)
		}
		if !strings.Contains(w.Policies["k"], mine) || len(puts(w)) != tc.writes {
			t.Errorf("%s: %d writes, %s", name, len(puts(w)), w.Policies["k"])
		}
		if want := strings.Replace(before, `"Statement":[`, `"Statement":[`+mine+`,`, 1); tc.remove && w.Policies["k"] != want {
			t.Errorf("%s: taken back to %s", name, w.Policies["k"])
		}
	}
}
