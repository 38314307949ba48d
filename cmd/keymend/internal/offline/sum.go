package offline

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"keymend/cmd/keymend/internal/check"
	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/apply"
	"keymend/pkg/arn"
	"keymend/pkg/keystate"
	"keymend/pkg/quote"
	"keymend/pkg/whatif"
)

// A PolicyProblem is what is wrong with a policy in a file, by keymend check's rules: KMS
// would refuse it, or somebody may come to regret it.
type PolicyProblem struct {
	File string `json:"file"`
	check.Problem
}

// Policies judges the policies of the account's keys as keymend check judges one that is
// put.
func (w *World) Policies(ctx context.Context) ([]PolicyProblem, error) {
	see, err := w.View(ctx, w.Account, w.Region)
	if err != nil {
		return nil, err
	}
	var out []PolicyProblem
	at := check.Place{Partition: w.Partition, Account: w.Account, Region: w.Region}
	for _, key := range slices.Sorted(maps.Keys(w.facts.policies.all)) {
		if arn.Account(key) != w.Account || arn.Region(key) != w.Region || ofAWS(key) {
			continue
		}
		file, text := w.facts.policies.files[key], w.facts.policies.all[key]
		given, err := check.Understand(ctx, anew{see}, at, check.Asked{Key: key, Policy: &text, From: file})
		if err != nil {
			return nil, fmt.Errorf("judge %s: %w", file, err)
		}
		for _, p := range given.Problems {
			p.Text = shown(p.Text)
			out = append(out, PolicyProblem{file, p})
		}
	}
	return out, nil
}

// anew is a reader to which each key's policy is yet to be put.
type anew struct{ apply.Reader }

// Key implements apply.Keys.
func (a anew) Key(ctx context.Context, id, principalARN string) (keystate.State, error) {
	s, err := a.Reader.Key(ctx, id, principalARN)
	s.Facts.Policy = nil
	return s, err
}

// A Sum counts verdicts.
type Sum struct {
	States   map[whatif.State]int
	Problems []PolicyProblem
	Notes    []string
	code     report.Code
	alike    map[string]string // by what is shown of a group beside its name and volumes, the first such
}

// Add counts a verdict. It returns the group that was counted before and of which the same
// is to be said, but for its name and volumes; "" = none was.
func (s *Sum) Add(v Verdict) string {
	if s.States == nil {
		s.States, s.alike = map[whatif.State]int{}, map[string]string{}
	}
	s.States[v.After]++
	s.code = s.code.With(v.Code())
	said := fmt.Sprintf("%q", []any{v.After, v.Unknown, v.LeftOut, v.Ask, v.Add})
	for _, k := range v.Row.Keys {
		k.Volumes = nil
		said += fmt.Sprintf("%q", []any{k})
	}
	like, known := s.alike[said]
	if !known {
		s.alike[said] = v.Group
	}
	return like
}

// Code is the exit code: what can be mended goes first, and a policy that KMS refuses
// before all.
func (s *Sum) Code() report.Code {
	if s.refused() > 0 {
		return report.NotOurs
	}
	return s.code
}

// Says sums up in a sentence, without the full stop.
func (s *Sum) Says() string {
	var out []string
	for _, one := range []struct {
		state whatif.State
		says  string
	}{{whatif.Fails, "couldn't launch"}, {whatif.Unknown, "can't be told"}, {whatif.Launches, "would launch"}} {
		if n := s.States[one.state]; n > 0 {
			out = append(out, fmt.Sprintf("%d %s", n, one.says))
		}
	}
	text := strings.Join(out, ", ")
	if refused := s.refused(); refused > 0 {
		return fmt.Sprintf("KMS would refuse %d of the key policies; were all taken: %s", refused, text)
	}
	return text
}

// refused is how many policies KMS would refuse.
func (s *Sum) refused() int {
	files := map[string]bool{}
	for _, p := range s.Problems {
		if p.Refused {
			files[p.File] = true
		}
	}
	return len(files)
}

// Show writes what is to be said of all together.
func (s *Sum) Show(p *screen.Page) {
	p.Blank()
	for _, one := range s.Problems {
		one.Show(p, one.File+": ", func(t quote.Task) string { return t.Command })
	}
	p.Row(screen.Doubt, "note", s.Notes...)
	p.Blank()
	p.Sentence(screen.Bold, s.Says()+".")
}

// Total is the sum for programs.
func (s *Sum) Total(w *World) Total {
	t := Total{Schema: TotalSchema, Says: s.Says(), Account: w.Account, Region: w.Region, States: map[whatif.State]int{}, Problems: s.Problems, Notes: s.Notes, Exit: s.Code()}
	for _, state := range []whatif.State{whatif.Launches, whatif.Fails, whatif.Unknown} {
		t.States[state] = s.States[state]
	}
	if t.Problems == nil {
		t.Problems = []PolicyProblem{}
	}
	return t
}
