package offline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"keymend/cmd/keymend/internal/scan"
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/access"
	"keymend/pkg/arn"
	"keymend/pkg/whatif"
)

// Show writes what the files say of a group; like is one that was shown and lacks the same,
// "" = none.
func (v Verdict) Show(p *screen.Page, like string) {
	p.Blank()
	p.Sentence(map[whatif.State]screen.Ink{whatif.Launches: screen.Good, whatif.Fails: screen.Bad, whatif.Unknown: screen.Doubt}[v.After], v.says()+".")
	for _, k := range v.Row.Keys {
		p.Row(screen.Bold, "key", k.ARN)
		for _, of := range k.Volumes {
			p.Row(screen.Bold, "", of.Because)
		}
		if like == "" {
			show(p, k)
		}
	}
	if like != "" {
		p.Row(screen.Bold, "as", like+", above")
		return
	}
	p.Row(screen.Doubt, "unknown", v.Unknown...)
	for _, a := range v.Add {
		a.show(p)
	}
	label := "ask"
	for _, t := range v.Ask {
		p.Whole(screen.Bold, label, t.Command)
		label = ""
	}
	p.Row(screen.Doubt, "left out", v.LeftOut...)
}

// show says of a key who decides, and what is lacking.
func show(p *screen.Page, k scan.Key) {
	p.Row(screen.Good, "opened by", k.By...)
	p.Row(screen.Bold, "why not", k.Why...)
	if lacks := nonEmpty(strings.Join(k.Missing, ", ")); k.Decision == access.Unknown {
		p.Row(screen.Doubt, "needs", lacks...)
	} else {
		p.Row(screen.Bad, "lacks", lacks...)
	}
	p.Row(screen.Bold, "do", nonEmpty(k.Remedy)...)
	for _, t := range k.Do {
		p.Whole(screen.Bold, "", t.Command)
	}
}

func nonEmpty(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

// says is how the group would fare, in a sentence without its full stop. Of one that fails
// it is what keymend diagnose says.
func (v Verdict) says() string {
	switch {
	case v.After == whatif.Fails:
		return strings.Replace(v.Row.Says, " can't launch: ", " couldn't launch: ", 1)
	case v.After == whatif.Unknown:
		return "Whether " + v.Group + " would launch can't be told"
	case len(v.Row.Keys) == 0:
		return v.Group + " would launch: by the files it needs no customer managed key"
	}
	return fmt.Sprintf("%s would launch: every key that it needs by the files is open to %s", v.Group, arn.Last(v.Row.Role))
}

// show says what is to be added, and where.
func (a Addition) show(p *screen.Page) {
	to := a.Does
	if len(a.Statements) > 0 {
		to = "to the key policy"
		if a.File != "" {
			to += " in " + a.File
		}
		to += ":"
	}
	p.Row(screen.Bold, "add", to)
	for i, s := range a.Statements {
		var text bytes.Buffer
		if json.Indent(&text, s, "", "  ") != nil {
			continue // it was made of JSON
		}
		if i < len(a.Statements)-1 {
			text.WriteString(",")
		}
		p.Raw(text.String())
	}
}
