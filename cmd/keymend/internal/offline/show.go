package offline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/whatif"
)

// Show writes what the files say of a group.
func (v Verdict) Show(p *screen.Page) {
	p.Blank()
	switch v.After {
	case whatif.Launches:
		p.Sentence(screen.Good, v.Group+" would launch: "+v.open()+".")
	case whatif.Fails:
		p.Sentence(screen.Bad, v.fails())
	default:
		p.Sentence(screen.Doubt, "Whether "+v.Group+" would launch can't be told.")
	}
	for _, k := range v.Row.Keys {
		p.Row(screen.Bold, "key", k.ARN)
		for _, of := range k.Volumes {
			p.Row(screen.Bold, "", of.Because)
		}
		p.Row(screen.Bold, "opened by", k.By...)
		p.Row(screen.Bold, "why not", k.Why...)
		p.Row(screen.Bad, "lacks", strings.Join(k.Missing, ", "))
	}
	if v.After == whatif.Unknown {
		p.Row(screen.Doubt, "unknown", v.Row.NotSeen...)
	}
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

// open says what the group launches by.
func (v Verdict) open() string {
	if len(v.Row.Keys) == 0 {
		return "by the files it needs no customer managed key"
	}
	return fmt.Sprintf("every key that it needs by the files is open to %s", roleName(v.Row.Role))
}

// fails is what the engine says of a group that isn't launched yet, or is.
func (v Verdict) fails() string {
	return strings.Replace(v.Row.Says, " can't launch: ", " couldn't launch: ", 1) + "."
}

func roleName(role string) string { return role[strings.LastIndexByte(role, '/')+1:] }

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

// Sum says how many of the groups would launch.
func Sum(states map[whatif.State]int) string {
	var out []string
	for _, one := range []struct {
		state whatif.State
		says  string
	}{{whatif.Fails, "couldn't launch"}, {whatif.Unknown, "can't be told"}, {whatif.Launches, "would launch"}} {
		if n := states[one.state]; n > 0 {
			out = append(out, fmt.Sprintf("%d %s", n, one.says))
		}
	}
	return strings.Join(out, ", ")
}
