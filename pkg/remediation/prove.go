package remediation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"keymend/pkg/access"
	"keymend/pkg/account"
	"keymend/pkg/apply"
	"keymend/pkg/audit"
	"keymend/pkg/plan"
	"keymend/pkg/verify"
)

// proven reads the key until reads agree, and writes the outcome. Where the time
// runs out first, nothing is recorded and the error brings the message again.
func (e *Engine) proven(ctx context.Context, l *look, f plan.Finding, r audit.Record) (audit.Record, error) {
	if !f.OwnKey() && f.Facts.Policy == nil {
		return e.repeated(ctx, l, f, r)
	}
	reading, cancel := beforeDeadline(ctx)
	defer cancel()
	last := f
	equal, err := verify.Until(reading, verify.Options{
		Reads: e.Settings.VerifyReads, Interval: e.Settings.VerifyInterval, Sleep: e.Sleep,
	}, func(ctx context.Context) (string, bool, error) {
		state, err := l.view.Key(ctx, f.Facts.Key.ARN, f.Principal.ARN)
		if err != nil {
			return "", false, fmt.Errorf("verify %s: %w", f.Facts.Key.ARN, err)
		}
		last.Facts = state.Facts
		last = last.Evaluate()
		return last.FactsDigest(), last.Decision() == access.Allowed, nil
	})
	r.Proof = &audit.ProofOf{EqualReads: equal, Decision: last.Decision()}
	r.Bridges = last.Bridges(e.options(f, e.Settings.OwnKey))
	switch {
	case err == nil:
		r.Outcome = audit.Fixed
	case errors.Is(err, verify.ErrNotSettled):
		r.Outcome, r.Reason = audit.Unproven, err.Error()
	case account.Final(err): // refused, as a rule
		// The change stands; whoever closed the key to the reader has to look.
		r.Outcome, r.Reason = audit.Unproven, reasonOf(err)
	default:
		return r, fmt.Errorf("prove the change of %s: %w", r.Key, err)
	}
	return r, e.write(ctx, r)
}

// repeated proves a grant on a key that can't be read from here: KMS answers the
// same CreateGrant by the grant that stands.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html
func (e *Engine) repeated(ctx context.Context, l *look, f plan.Finding, r audit.Record) (audit.Record, error) {
	d, err := e.apply(ctx, l, r.RemediationID, f.Grant(e.options(f, "")), false)
	r.Proof = &audit.ProofOf{Decision: f.Decision(), GrantID: d.GrantID}
	var undos apply.Undos
	switch {
	case err != nil && !account.Final(err):
		return r, fmt.Errorf("prove the change of %s: %w", r.Key, err)
	case err != nil:
		r.Outcome, r.Reason = audit.Unproven, reasonOf(err)
	case json.Unmarshal(r.Undo, &undos) != nil || len(undos) == 0 || undos[0].RetireGrant == nil || undos[0].RetireGrant.GrantID != d.GrantID:
		r.Outcome, r.Reason = audit.Unproven, "the same CreateGrant again made another grant, "+d.GrantID
	default:
		r.Outcome, r.Proof.EqualReads = audit.Fixed, 1
		if r.Reason == "" {
			r.Reason = "account " + f.KeyAccount() + " can't be read from here; KMS answers the repeated CreateGrant with the same grant"
		}
	}
	return r, e.write(ctx, r)
}

// prove records that a launch succeeded through access that Keymend gave. Any
// other launch that succeeded is none of its business.
func (e *Engine) prove(ctx context.Context, l *look) ([]Diagnosis, error) {
	var out []Diagnosis
	for _, f := range l.findings {
		if !f.ByKeymend() {
			continue
		}
		d := Diagnosis{Launch: l.launch, Finding: f, Record: e.record(l, f, audit.Proof)}
		d.Record.Outcome = audit.InService
		d.Record.Proof = &audit.ProofOf{Decision: f.Decision(), Instances: l.signal.Instances}
		if err := e.write(ctx, d.Record); err != nil {
			return out, err
		}
		out = append(out, d)
	}
	retired, err := e.retiring(ctx, l)
	return append(out, retired...), err
}
