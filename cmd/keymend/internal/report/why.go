package report

import (
	"cmp"
	"slices"
	"strings"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/access"
	"keymend/pkg/arn"
	"keymend/pkg/plan"
)

const (
	gap    = 2  // columns between a statement's name and what is said of it
	widest = 26 // columns for names; where one is longer, each has a line for itself
	indent = 2  // of what is said of a statement then
)

// why shows what looks like access and isn't, and what denies it: for each statement its
// name, and what decides.
func (k Key) why(p *screen.Page) {
	misses := k.misses()
	column := 0
	for _, m := range misses {
		column = max(column, len([]rune(m.Source))+gap)
	}
	if column > widest {
		column = indent
	}
	label := "why"
	if slices.Contains([]plan.NoFixReason{plan.OtherRegion, plan.ManagedByAWS, plan.KeyNotSymmetric}, k.noFix().Reason) {
		label = "besides" // it isn't the cause
	}
	for _, m := range misses {
		text := said(m)
		if m.Element.Member == "" || m.Reason == access.RootDelegates && len(misses) > 1 {
			p.Beside(screen.Bold, label, m.Source, column, text)
		} else {
			p.Mark(screen.Bold, label, m.Source, column, marked(m), note(m, text))
		}
		label = ""
	}
}

// misses are the record's, none where the key's state decides. An element that is named
// for both roles is named once.
func (k Key) misses() []access.NearMiss {
	if k.unusable() {
		return nil
	}
	var out []access.NearMiss
	for _, m := range k.Finding.NearMisses {
		at := slices.IndexFunc(out, func(o access.NearMiss) bool { return o.Source == m.Source && o.Element == m.Element })
		if at < 0 || m.Element.Member == "" || !m.Reason.Denies() {
			out = append(out, m)
			continue
		}
		role := arn.Last(k.Finding.Principal)
		first := strings.Replace(out[at].Text, " may deny it: ", " may deny it to "+role+": ", 1)
		first = strings.Replace(first, " denies it: ", " denies it to "+role+": ", 1)
		out[at].Text = first + "; and " + said(m)
	}
	return out
}

// said is a near-miss's text without the name of the statement.
func said(m access.NearMiss) string {
	return strings.TrimLeft(strings.TrimPrefix(m.Text, m.Source), ": ")
}

// marked is the element of a statement that decides, and what of it does.
func marked(m access.NearMiss) screen.Marked {
	e := m.Element
	text := screen.Marked{Name: `"` + e.Member + `": `, Part: e.Value}
	if before, after, ok := strings.Cut(e.Value, e.Part); ok && e.Part != "" {
		text.Before, text.Part, text.After = before, e.Part, after
	}
	return text
}

// note leaves out of a text what stands above it.
func note(m access.NearMiss, text string) string {
	name := strings.Trim(cmp.Or(m.Element.Part, m.Element.Value), `"`)
	if _, rest, ok := strings.Cut(text, name); ok && name != "" && strings.HasPrefix(text, "names ") {
		if rest = strings.TrimLeft(rest, `",; `); rest != "" {
			return rest
		}
	}
	return text
}
