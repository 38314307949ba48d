package remediation

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"keymend/pkg/activity"
	"keymend/pkg/apply"
	"keymend/pkg/audit"
	"keymend/pkg/guard"
	"keymend/pkg/plan"
)

func (e *Engine) write(ctx context.Context, r audit.Record) error {
	if err := e.Record(ctx, r); err != nil {
		return fmt.Errorf("record %s of %s: %w", r.Phase, r.ID, err)
	}
	return nil
}

// groupRecord starts a record with what the signal says.
func (e *Engine) groupRecord(s Signal, phase audit.Phase) audit.Record {
	f := plan.Finding{Account: s.Account, Region: s.Region, Group: s.Group}
	r := audit.Record{
		ID: f.ID(), Phase: phase, Account: s.Account, Region: s.Region, Group: s.Group,
		Signal: string(s.Signal), EventIDs: s.EventIDs, Failed: s.failed(), Message: s.StatusMessage,
		Mode: guard.ParseMode(e.Settings.Mode).String(),
	}
	if s.hasFailed() {
		r.Cause = activity.Classify(s.StatusMessage).Cause.String()
	}
	return r
}

// record starts a record with what was seen.
func (e *Engine) record(l *look, f plan.Finding, phase audit.Phase) audit.Record {
	r := e.groupRecord(l.signal, phase)
	r.ID, r.Desired, r.Healthy, r.ManagedBy = f.ID(), l.launch.Desired, l.launch.InService, l.launch.ManagedBy
	l.group(&r, f)
	if owner := f.KeyAccount(); owner != "" && !f.OwnKey() {
		r.KeyAccount = owner
	}
	r.Key, r.Alias, r.KeyState, r.Because = f.Facts.Key.ARN, f.Alias, f.Facts.Key.State, f.Because
	r.Principal, r.PrincipalID = f.Principal.ARN, f.Principal.ID
	r.Decision, r.Missing = f.Decision(), f.Missing()
	r.CouldNotSee = slices.Clone(l.unseen)
	for _, result := range f.Results {
		for _, miss := range result.NearMisses {
			if !slices.Contains(r.NearMisses, miss) {
				r.NearMisses = append(r.NearMisses, miss)
			}
		}
		for _, line := range result.Trace {
			r.Trace = append(r.Trace, result.Operation+": "+line)
		}
		for _, what := range result.CouldNotSee {
			if !slices.Contains(r.CouldNotSee, what) {
				r.CouldNotSee = append(r.CouldNotSee, what)
			}
		}
	}
	return r
}

// group adds what was seen of the group.
func (l *look) group(r *audit.Record, f plan.Finding) {
	if r.KeepsRole = l.keeps; l.move != nil && (l.own(f) || f.Principal.ARN == "") {
		r.GroupRole = l.launch.Principal.ARN
	}
	if s := l.launch.Suspended; s != nil {
		r.Suspended = s.Reason
	}
	if p := l.launch.WarmPool; p != nil {
		r.WarmPool = &audit.Pool{Wanted: p.Wanted, Has: p.Has}
	}
}

// planned adds a plan and the verdict on it.
func planned(r *audit.Record, p plan.Plan, v guard.Verdict) {
	r.Plan, r.Digest, r.OthersAffected = &p, p.Digest, p.OthersAffected
	r.Verdict, r.Consent = &v, v.Consent
	for _, miss := range p.NearMisses {
		if !slices.Contains(r.NearMisses, miss) {
			r.NearMisses = append(r.NearMisses, miss)
		}
	}
}

// done adds what came of the steps. They are taken back last first.
func done(r *audit.Record, all []apply.Done) error {
	var undos apply.Undos
	for _, d := range slices.Backward(all) {
		if d.Undo != (apply.Undo{}) {
			undos = append(undos, d.Undo)
		}
		if d.Before != "" || d.After != "" {
			r.Before, r.After = d.Before, d.After
		}
	}
	return undoing(r, undos)
}

// undoing adds what takes the change back; nothing where there is nothing.
func undoing(r *audit.Record, undos apply.Undos) error {
	if r.Undo = nil; len(undos) == 0 {
		return nil
	}
	text, err := json.Marshal(undos)
	if err != nil {
		return fmt.Errorf("write undo: %w", err)
	}
	r.Undo = text
	return nil
}
