package remediation

import (
	"context"
	"fmt"
	"slices"

	"keymend/pkg/arn"
	"keymend/pkg/guard"
	"keymend/pkg/plan"
	"keymend/pkg/settings"
	"keymend/pkg/together"
)

// A brake reads those of an account and Region of an organization.
type brake func(ctx context.Context, account, region string) (guard.Brake, error)

// once asks of each account and Region until there is an answer. It is for the looks of one
// invocation: a Fixer asks before each change.
func (ask brake) once() brake {
	var answers memory[place, guard.Brake]
	return func(ctx context.Context, account, region string) (guard.Brake, error) {
		return answers.once(place{account, region}, moment{}, func() (guard.Brake, error) { return ask(ctx, account, region) })
	}
}

// readMembers reads the brakes of the group's account, and of those whose keys the
// launch needs, where Keymend is the hub of an organization.
func (l *Looker) readMembers(ctx context.Context, p *pass) error {
	if !l.Settings.Organization() || l.Brake == nil {
		return nil
	}
	accounts := []string{p.Account}
	for _, key := range p.Launch.Keys {
		if owner := arn.Owner(key.ID); owner != "" {
			accounts = append(accounts, owner)
		}
	}
	accounts = distinct(accounts)
	members, tasks := make([]guard.Brake, len(accounts)), make([]func() error, len(accounts))
	for i, accountID := range accounts {
		tasks[i] = func() (err error) { members[i], err = l.Brake(ctx, accountID, p.Region); return err }
	}
	if err := together.Do(tasks...); err != nil {
		return err
	}
	p.members = map[string]guard.Brake{}
	for i, accountID := range accounts {
		p.members[accountID] = members[i]
	}
	return nil
}

// planByWaves has a pass plan what the accounts' waves ask for, where there is an
// organization: of the group's for its own keys and for copies, of a key's for its policy.
func (l *Looker) planByWaves(p *pass) {
	if !l.Settings.Organization() {
		return
	}
	wave := func(accountID string) settings.Wave {
		if m, known := p.members[accountID]; known {
			return m.Wave.AtMost(l.Settings)
		}
		return settings.Careful()
	}
	p.options.OwnKey, p.options.ForeignKey, p.options.Owners = wave(p.Account).OwnKey, wave(p.Account).ForeignKey, map[string]settings.ForeignKey{}
	for accountID := range p.members {
		p.options.Owners[accountID] = wave(accountID).ForeignKey
	}
}

func distinct(texts []string) []string { return slices.Compact(slices.Sorted(slices.Values(texts))) }

// brakes are those that count for a proposal: of the group's account, of each account in
// which something is written, and of the key's, whatever is written. An account whose
// brakes weren't read stops all.
func (p pass) brakes(of plan.Proposal) []guard.Brake {
	accounts := []string{p.Account}
	if owner := of.Finding.KeyAccount(); owner != "" {
		accounts = append(accounts, owner)
	}
	for _, step := range of.Plan.Steps {
		accounts = append(accounts, step.At().Account)
	}
	var out []guard.Brake
	for _, accountID := range distinct(accounts) {
		m, known := p.members[accountID]
		if !known {
			m.WaveText = fmt.Sprintf("Account %s, %s: its brakes weren't read.", accountID, p.Region)
		}
		out = append(out, m)
	}
	return out
}
