package remediation_test

import (
	"context"
	"strings"
	"testing"

	"keymend/pkg/access"
	"keymend/pkg/keypolicy"
	"keymend/pkg/keystate"
	"keymend/pkg/outcome"
)

// besides shows another key beside the world's, whose policy denies the role.
type besides struct{ *world }

const otherKey = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000002"

// Key implements apply.Keys.
func (b besides) Key(ctx context.Context, id, role string) (keystate.State, error) {
	if id != otherKey {
		return b.world.Key(ctx, id, role)
	}
	policy, err := keypolicy.Parse(strings.Replace(rootOnly, `"Statement":[`, `"Statement":[{"Sid":"No","Effect":"Deny","Principal":"*","Action":"kms:CreateGrant","Resource":"*"},`, 1))
	return keystate.State{Tags: b.tags, Facts: access.Facts{
		Policy: policy, Key: access.Key{ARN: otherKey, State: "Enabled", Manager: "CUSTOMER", Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT"},
	}}, err
}

// TestAMessageWaitsForAShutKey: what was sent isn't carried out either, where the launch
// has come to need a key that is known to stay shut; it is as soon as that isn't needed.
func TestAMessageWaitsForAShutKey(t *testing.T) {
	t.Parallel()
	w := newWorld()
	m := w.message(t)
	alone := w.launch.Keys
	w.launch.Keys = append(alone[:1:1], key(otherKey, "CreateGrant"))
	x := w.fixer(seeing(besides{w}))
	r, err := x.Remediate(t.Context(), m)
	if err != nil || r.Outcome != outcome.Superseded || !strings.Contains(r.Reason, otherKey) || w.writes() != 0 {
		t.Errorf("%s: %s, %d writes, %v", r.Outcome, r.Reason, w.writes(), err)
	}
	found, err := x.Diagnose(t.Context(), failure())
	if err != nil || len(found) != 2 || found[0].Record.Outcome != outcome.Waiting || found[0].Message != nil || found[1].Record.Outcome != outcome.NoFix {
		t.Errorf("%+v, %v", found, err)
	}
	w.launch.Keys = alone
	if r, err = x.Remediate(t.Context(), m); err != nil || r.Outcome != outcome.Fixed || w.writes() != 1 {
		t.Errorf("%s: %s, %d writes, %v", r.Outcome, r.Reason, w.writes(), err)
	}
}
