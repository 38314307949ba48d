package check

import (
	"encoding/json"
	"slices"

	"keymend/cmd/keymend/internal/export"
	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/screen"
)

// A Need is what Keymend would add so that groups launch all the same.
type Need struct {
	Account    string            `json:"account"`
	Key        string            `json:"key,omitempty"`
	Does       string            `json:"does"`
	Statements []json.RawMessage `json:"statements,omitempty"`
}

// needs are the steps of each plan, as they are written into code.
func needs(g report.Group) []Need {
	var out []Need
	for _, k := range g.Keys {
		for _, n := range needsOf(k) {
			out = with(out, n)
		}
	}
	return out
}

// needsOf are the plan's steps; or what the keeper of the policy adds, where Keymend may
// not.
func needsOf(k report.Key) []Need {
	var out []Need
	p := k.Finding.Plan
	if p == nil {
		return nil
	}
	if o := p.ForOwner; len(p.Steps) == 0 && o != nil && len(o.Statements) > 0 {
		return []Need{{Account: o.Account, Key: k.Finding.Key, Does: screen.Count(len(o.Statements), "statement"), Statements: export.Raw(o.Statements)}}
	}
	for _, step := range p.Steps {
		s := export.Of(step)
		out = append(out, Need{Account: s.Account, Key: s.Key, Does: s.Does, Statements: s.Statements()})
	}
	return out
}

// with adds a need. Two roles that need statements on one key share them: KMS refuses a
// policy in which two statements have one Sid.
func with(all []Need, n Need) []Need {
	if len(n.Statements) == 0 {
		if slices.ContainsFunc(all, func(o Need) bool { return o.Account == n.Account && o.Key == n.Key && o.Does == n.Does }) {
			return all
		}
		return append(all, n)
	}
	at := slices.IndexFunc(all, func(o Need) bool { return o.Key == n.Key && len(o.Statements) > 0 })
	if at < 0 {
		n.Statements = slices.Clone(n.Statements)
		return append(all, n)
	}
	for _, s := range n.Statements {
		all[at].Statements = joined(all[at].Statements, s)
	}
	return all
}

// A statement is one of those that Keymend writes.
type statement struct {
	Sid       string
	Effect    string
	Principal struct{ AWS oneOrMore }
	Action    json.RawMessage
	Resource  json.RawMessage
	Condition json.RawMessage `json:",omitempty"`
}

// oneOrMore are names; a policy has one as itself.
type oneOrMore []string

// UnmarshalJSON implements json.Unmarshaler.
func (n *oneOrMore) UnmarshalJSON(text []byte) error {
	var one string
	if err := json.Unmarshal(text, &one); err == nil {
		*n = oneOrMore{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(n))
}

// joined adds a statement, or its principals to the one that has its Sid.
func joined(all []json.RawMessage, s json.RawMessage) []json.RawMessage {
	var more statement
	if json.Unmarshal(s, &more) != nil {
		return append(all, s)
	}
	for i, text := range all {
		var has statement
		if json.Unmarshal(text, &has) != nil || has.Sid != more.Sid {
			continue
		}
		for _, name := range more.Principal.AWS {
			if !slices.Contains(has.Principal.AWS, name) {
				has.Principal.AWS = append(has.Principal.AWS, name)
			}
		}
		if both, err := json.Marshal(has); err == nil {
			all[i] = both
		}
		return all
	}
	return append(all, s)
}
