package command

import (
	"slices"
	"strings"

	"keymend/cmd/keymend/internal/export"
	"keymend/pkg/access"
	"keymend/pkg/plan"
	"keymend/pkg/record"
)

// sectionsOf makes a section of each of a proposal's steps.
func sectionsOf(p plan.Proposal) []export.Section {
	var out []export.Section
	for _, step := range p.Plan.Steps {
		s := export.Of(step)
		s.Alias, s.Why = p.Finding.Alias, p.Because
		if p.Because == nil {
			s.Why = why(p.Finding.Because, p.Finding.Principal.ARN, p.Finding.Decided(access.Denied), p.Finding.Decided(access.Unknown))
		}
		if p.Plan.Doubt != "" {
			s.Notes = append(s.Notes, "it opens the key for certain, but may not be needed: "+p.Plan.Doubt)
		}
		if s.Code.Policy != nil && p.Plan.Half == plan.HalfUnknown {
			s.Notes = append(s.Notes, "whether the policy has these already can't be told from account "+p.Finding.Account+": leave them out where it has")
		}
		out = append(out, s)
	}
	return out
}

// sectionsIn makes a section of each of a record's steps. Where a step was made shorter,
// the record may have the policies beside it.
func sectionsIn(r record.Record) []export.Section {
	var out []export.Section
	for _, step := range r.Steps {
		s := export.Of(step)
		s.Alias, s.Why = r.Alias, r.Because
		if r.Key != "" {
			s.Why = why(r.Because, r.Principal, r.Missing[access.Denied], r.Missing[access.Unknown])
		}
		if p := s.Code.Policy; p != nil && p.After == "" {
			p.Before, p.After = r.Before, r.After
		}
		out = append(out, s)
	}
	return out
}

// why says what needs the key, and what the role lacks on it.
func why(because []string, role string, denied, unknown []string) []string {
	out, role := slices.Clone(because), role[strings.LastIndexByte(role, '/')+1:]
	if len(denied) > 0 {
		out = append(out, role+" may not do "+strings.Join(denied, ", ")+", which a launch needs")
	}
	if len(unknown) > 0 {
		out = append(out, "whether "+role+" may do "+strings.Join(unknown, ", ")+", which a launch needs, isn't known")
	}
	return out
}
