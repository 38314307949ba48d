package remediation

import (
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/guard"
	"keymend/pkg/plan"
)

// A decision is a proposal with the guard's word on it.
type decision struct {
	plan.Proposal
	verdict guard.Verdict
	vain    bool // it waits, since it is of no use while another key stays shut
}

func (d decision) permitted() bool { return d.verdict.Allowed || d.verdict.Try }

// decide plans for what was read, and asks the guard about every plan.
func (l *Looker) decide(p pass) pass {
	p.decisions = nil
	keys := true // every key of a move may be opened
	for _, proposal := range l.Plan(p.Snapshot, p.options) {
		d := decision{Proposal: proposal, verdict: l.judge(p, proposal)}
		if proposal.Moves != nil {
			keys = keys && d.permitted()
		}
		if proposal.MakesRole && !keys {
			d.Waits = proposal.WaitsForKeys(p.Snapshot)
		}
		p.decisions = append(p.decisions, d)
	}
	p.decisions = p.waiting()
	return p
}

// waiting has every change wait that is of no use while another key is known to stay
// shut: nothing is opened for a launch that fails all the same.
func (p pass) waiting() []decision {
	var shut, says []string
	for _, d := range p.decisions {
		if why := d.staysShut(); why != "" {
			shut = append(shut, d.Finding.Facts.Key.ARN)
			says = append(says, fmt.Sprintf("%s, which stays shut to %s (%s)", d.Finding.Facts.Key.ARN, d.Finding.Principal.ARN, why))
		}
	}
	out := slices.Clone(p.decisions)
	for i, d := range out {
		key := d.Finding.Facts.Key.ARN
		if len(shut) == 0 || d.Waits != "" || key == "" || slices.Contains(shut, key) || d.Plan.Clears() || !p.InVain(d.Finding, shut) {
			continue
		}
		out[i].vain = d.permitted() || stopsAll(d.verdict.Reason)
		out[i].Waits = "nothing is written for a launch that also needs " + strings.Join(says, ", and ")
	}
	return out
}

// staysShut says why a key is known to stay shut to a role, as far as it is for
// Keymend to open it; "" = it isn't known. A reason that stands against all plans alike is
// none, and a launch may be on its way to doing without the key.
func (d decision) staysShut() string {
	switch {
	case d.permitted() || d.Quiet || d.Finding.Facts.Key.ARN == "" || !d.Finding.Shut():
		return ""
	case stopsAll(d.verdict.Reason):
		return ""
	case d.Plan.NoFix == nil:
		return string(d.verdict.Reason)
	case slices.Contains([]plan.NoFixReason{plan.Copying, plan.HandedOver, plan.NotRead}, d.Plan.NoFix.Reason):
		return ""
	}
	return string(d.Plan.NoFix.Reason)
}

// stopsAll reports whether a reason stands against every plan alike.
func stopsAll(r guard.Reason) bool {
	return r == guard.OnlyObserving || r == guard.OnlyProposing || r == guard.ApprovalExpired || r == guard.OwnApproval || r == guard.SwitchedOff || r == guard.Braked
}

// judge asks whether a plan may be carried out. To open a key to a role is of no use
// to a group that may not launch as it.
func (l *Looker) judge(p pass, proposal plan.Proposal) guard.Verdict {
	in := guard.Input{
		Mode: l.Settings.Mode, Scope: l.Settings.Scope, Accounts: l.Settings.Accounts,
		Switch: p.brake, SwitchText: p.brakeSays, PersonAsked: l.Person.ARN != "", OwnCalls: l.Settings.RolePrefix == "",
		MaxHere: l.Settings.MaxChangesAnHour, MaxInAll: l.Settings.MaxChangesAnHourInAll, Past: p.past.of(proposal.Finding),
		Approval: p.approval.Approval, Finding: proposal.Finding, Dedicated: p.DedicatedARN(l.Settings.Dedicated), GroupTags: p.Launch.Tags, Resume: l.Settings.Resume, Missing: p.Launch.Missing(),
	}
	if in.Organization = l.Settings.Organization(); in.Organization {
		in.Brakes = p.brakes(proposal)
	}
	for _, also := range p.Launch.Also {
		in.Also = append(in.Also, also.ARN)
	}
	v := guard.Judge(in, proposal.Plan)
	if proposal.Moves != nil && (v.Allowed || v.Try) {
		in.Finding, in.Past.Gone = p.About(proposal.Finding.Principal), nil
		in.Approval.Digest = proposal.Moves.Digest // whoever approves the first step means the move
		if of := guard.Judge(in, *proposal.Moves); !of.Allowed {
			return of
		}
	}
	return v
}
