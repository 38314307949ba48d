package remediation

import (
	"slices"
	"time"

	"keymend/pkg/access"
	"keymend/pkg/activity"
	"keymend/pkg/guard"
	"keymend/pkg/plan"
	"keymend/pkg/record"
	"keymend/pkg/settings"
	"keymend/pkg/signal"
)

// groupRecord starts a record with what the signal says.
func (l *Looker) groupRecord(look signal.Look, phase record.Phase) record.Record {
	f := plan.Finding{Account: look.Account, Region: look.Region, Group: look.Group}
	r := record.Record{
		ID: f.ID(), Phase: phase, Account: look.Account, Region: look.Region, Group: look.Group,
		Signal: string(look.Why), EventIDs: look.EventIDs, Failed: look.FailedAt(), Message: look.Text,
		Mode: l.Settings.Mode,
	}
	if look.HasFailed() {
		r.Cause = activity.Classify(look.Text).Cause.String()
	}
	return r
}

// record starts a record with what was seen.
func (l *Looker) record(p pass, f plan.Finding, phase record.Phase) record.Record {
	r := l.groupRecord(p.look, phase)
	if !p.readAt.IsZero() {
		r.ReadAt = p.readAt.UTC().Format(time.RFC3339)
	}
	r.Mode = l.mode(p, f)
	r.ID, r.Desired, r.Healthy, r.ManagedBy = f.ID(), p.Launch.Desired, p.Launch.InService, p.Launch.ManagedBy
	p.group(&r, f)
	if owner := f.KeyAccount(); owner != "" && !f.OwnKey() {
		r.KeyAccount = owner
	}
	r.Key, r.Alias, r.KeyState, r.Because = f.Facts.Key.ARN, f.Alias, f.Facts.Key.State, f.Because
	r.Principal, r.PrincipalID = f.Principal.ARN, f.Principal.ID
	r.Decision, r.Allowed = f.Decision(), f.Decided(access.Allowed)
	r.Missing = record.Missing{access.Denied: f.Decided(access.Denied), access.Unknown: f.Decided(access.Unknown)}
	r.CouldNotSee, r.Run = r.CouldNotSee.With(p.Unseen...), p.Launch.Run
	for _, result := range f.Results {
		r.NearMisses = r.NearMisses.With(denier(result)...).With(result.NearMisses...)
		for _, line := range result.Trace {
			r.Trace = append(r.Trace, result.Operation+": "+line)
		}
		r.CouldNotSee = r.CouldNotSee.With(result.CouldNotSee...)
	}
	instance(&r, f)
	p.approval.on(&r)
	return r
}

// planned starts a record of a decision.
func (l *Looker) planned(p pass, d decision, phase record.Phase) record.Record {
	r := l.record(p, d.Finding, phase)
	r.Planned(d.Plan, d.verdict)
	if d.Because != nil {
		r.Because = d.Because
	}
	return r
}

// mode is the most careful that counts for a finding.
func (l *Looker) mode(p pass, f plan.Finding) settings.Mode {
	if p.members == nil {
		return l.Settings.Mode
	}
	mode, _ := guard.Careful(l.Settings.Mode, p.brakes(plan.Proposal{Finding: f}))
	return mode
}

// denier is the Deny that decided, beside what looks like access: it may have no
// condition, and so be no near-miss.
func denier(r access.Result) []access.NearMiss {
	if r.Reason != access.DeniedByStatement || slices.ContainsFunc(r.NearMisses, func(m access.NearMiss) bool { return m.Source == r.DecidedBy }) {
		return nil
	}
	return []access.NearMiss{{Source: r.DecidedBy, Reason: r.Reason, Element: r.Element, Text: r.DecidedBy + " denies it; no statement and no grant outweighs that"}}
}

// instance adds what a Deny keeps from the instance's own role, or may keep from it.
func instance(r *record.Record, f plan.Finding) {
	i := f.Instance
	if i.Reason != access.DeniedByStatement && i.Reason != access.MayBeDenied {
		return
	}
	r.Instance = &record.Instance{Role: f.InstanceRole(), Decision: i.Decision, DecidedBy: i.DecidedBy}
	r.NearMisses = r.NearMisses.With(denier(i)...).With(i.NearMisses...)
	for _, line := range i.Trace {
		r.Trace = append(r.Trace, "Decrypt by aws:ec2-infrastructure: "+line)
	}
}

// group adds what was seen of the group.
func (p pass) group(r *record.Record, f plan.Finding) {
	r.KeepsRole = p.Keeps(p.options)
	if to, moves := p.Moving(p.options); moves && (f.Principal.ARN == "" || f.Principal.ARN == to.ARN || f.Principal.ARN == p.Launch.Principal.ARN) {
		r.GroupRole = p.Launch.Principal.ARN
	}
	if s := p.Launch.Suspended; s != nil {
		r.Suspended = s.Reason
	}
	if pool := p.Launch.WarmPool; pool != nil {
		r.WarmPool = &record.Pool{Wanted: pool.Wanted, Has: pool.Has}
	}
}
