package precheck

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"keymend/infra/cdkcontext"
)

// A verdict is what one statement does to Keymend, everywhere.
type verdict struct {
	ruling
	roles, actions, accounts, regions map[string]bool
	of                                int // how many Regions were asked about
}

// walls says which organization policies would stop Keymend's roles, or StackSets.
func walls(s Settings, f Facts) []Line {
	const matter = "policies"
	switch {
	case f.Tree.Problem != "":
		return nil // said already
	case f.Policies.Problem != "":
		return unseen(matter, f.Policies.Problem)
	}
	c := newCourt(s, f)
	verdicts := map[string]*verdict{}
	ask := func(requests []request, accounts ...string) {
		for _, r := range requests {
			for _, one := range c.rulings(r) {
				key := strings.Join([]string{one.policy.ID, one.statement, one.level, one.keys}, "|")
				if verdicts[key] == nil {
					verdicts[key] = &verdict{one, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}, 0}
				}
				v := verdicts[key]
				v.roles[r.role], v.actions[r.action], v.regions[r.region], v.of = true, true, true, max(v.of, r.of)
				for _, account := range accounts {
					v.accounts[account] = true
				}
			}
		}
	}
	for _, group := range c.alike(s, f) {
		w, first := s.wave(c.tree, group[0]), group[0]
		ask(s.requests(first, w), group...)
		ask(s.entering(first, w), group...)
	}
	ask(s.ofHub(), s.Hub)
	ask(s.listing(), s.Administrator)
	var out []Line
	for _, key := range slices.Sorted(maps.Keys(verdicts)) {
		out = append(out, verdicts[key].line())
	}
	slices.SortStableFunc(out, func(a, b Line) int { return cmp.Compare(b.State, a.State) }) // what is wrong first
	for _, name := range c.unread() {
		out = append(out, Line{Matter: matter, State: Unseen, Text: "policy " + name + " can't be understood; it isn't told what it denies"})
	}
	if len(out) == 0 {
		out = append(out, Line{Matter: matter, State: Well, Text: "none that are attached deny Keymend's roles or StackSets what they need"})
	}
	if f.Unread > 0 {
		out = append(out, Line{Matter: matter, State: Note, Text: fmt.Sprintf("what is attached right to the %s wasn't read, but what is above them", count(f.Unread, "account"))})
	}
	return out
}

// alike groups active accounts that the same policies bound. An account that a policy
// names is alone.
func (c *court) alike(s Settings, f Facts) [][]string {
	groups := map[string][]string{}
	for _, a := range f.Tree.Value.Accounts {
		if a.State != Active || a.ID == s.Management {
			continue
		}
		var key strings.Builder
		for _, level := range c.levels(a.ID) {
			for _, p := range c.attached[level] {
				key.WriteString(p.ID + " ")
				if strings.Contains(p.Text, a.ID) {
					key.WriteString(a.ID)
				}
			}
			key.WriteString("/")
		}
		for _, w := range s.wave(c.tree, a.ID).Units {
			key.WriteString(w)
		}
		groups[key.String()] = append(groups[key.String()], a.ID)
	}
	var out [][]string
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		out = append(out, groups[key])
	}
	return out
}

// wave returns the wave that an account belongs to.
func (s Settings) wave(t Tree, account string) cdkcontext.Wave {
	for _, w := range s.Waves {
		for _, above := range t.above(account) {
			if slices.Contains(w.Units, above) {
				return w
			}
		}
	}
	return cdkcontext.Wave{OwnKey: "grant", ForeignKey: "report"}
}

func (v *verdict) line() Line {
	roles := slices.Sorted(maps.Keys(v.roles))
	var arns []string
	for i, role := range roles {
		roles[i] = strings.Replace(role, exec, "stacksets-exec-*", 1)
		arns = append(arns, "arn:*:iam::*:role/"+roles[i])
	}
	actions := slices.Sorted(maps.Keys(v.actions))
	l := Line{Matter: "policies", State: Wrong, Do: "except " + strings.Join(arns, ", ") + " in it, by ArnNotLike aws:PrincipalArn; with Control Tower, by ExemptedPrincipalArns"}
	switch {
	case v.level != "" && v.keys != "":
		l.Text = "no policy attached to " + v.level + " may allow"
	case v.level != "":
		l.Text, l.Do = "no policy attached to "+v.level+" allows", "attach one that does"
	case v.keys != "":
		l.Text = v.policy.Name + " (" + v.policy.ID + ") may deny"
	default:
		l.Text = v.policy.Name + " (" + v.policy.ID + "), statement " + v.statement + ", denies"
	}
	l.Text += " " + strings.Join(roles, ", ") + " " + few(actions)
	if len(v.regions) < v.of {
		l.Text += " in " + few(slices.Sorted(maps.Keys(v.regions)))
		l.Do = "leave the Region out of keymend:regions, or " + l.Do
	}
	if v.untagged != "" {
		l.Do += "; or have the role have what it asks for: " + v.untagged
	}
	l.Text += ", for " + few(slices.Sorted(maps.Keys(v.accounts)))
	if v.keys != "" {
		l.State, l.Do, l.Text = Note, "", l.Text+": that hangs on "+v.keys
	}
	return l
}
