package export

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"keymend/pkg/arn"
	"keymend/pkg/quote"
	"keymend/pkg/slr"
)

// head is what stands at the top: the group, and who wrote this.
func (c Changes) head(format Format, how ...string) string {
	of := c.Group
	if c.Of != "" {
		of = c.Of + " (" + c.Group + ")"
	}
	out := comment("keymend export "+of+" --format "+string(format)+": account "+c.Account+", "+c.Region) +
		comment("Written by Keymend "+c.Version+". Nothing was changed.")
	for _, line := range how {
		out += comment(line)
	}
	return out
}

// about is what stands at the top of a section.
func (c Changes) about(i int) string {
	s := c.Sections[i]
	out := "#\n" + comment(fmt.Sprintf("%d of %d, with credentials of account %s; it comes to: %s", i+1, len(c.Sections), s.Account, s.Does))
	row := func(label string, lines ...string) {
		for _, line := range lines {
			if line != "" {
				out += labelled(label, line)
				label = ""
			}
		}
	}
	row("group", c.Group)
	row("key", s.Key, s.Alias)
	row("why", s.Why...)
	what, risks := s.opens()
	row("opens", what...)
	row("risk", risks...)
	row("note", s.Notes...)
	return out
}

// opens says what the change opens, to whom, and who may use the key by that.
func (s Section) opens() (what, risks []string) {
	if s.Key == "" {
		return nil, nil
	}
	for _, to := range s.To {
		account := arn.Account(to)
		opens, risk := "the key to "+to, ""
		switch {
		case strings.HasSuffix(to, ":root"):
			opens = "the key to account " + account + ": its administrators may let others there make grants to Auto Scaling's roles, and, where a statement says so, use the key"
			risk = "whoever administers account " + account + " decides who there can then use this key"
		case slr.IsSpot(to, account):
			risk = "whoever may launch Spot Instances in " + account + " can then use this key through the role"
		case strings.HasSuffix(to, "/"+slr.Name):
			risk = "whoever may create Auto Scaling groups in " + account + " can then use this key through the role"
		default:
			risk = "whoever may pass the role to an Auto Scaling group (iam:PassRole) in " + account + " can then use this key through it"
		}
		what, risks = append(what, opens), append(risks, risk)
	}
	return what, risks
}

// column is where a text begins behind its label.
const column = 7

// comment writes a text behind "#", wrapped between words.
func comment(text string) string { return wrapped("#", "#", text) }

// labelled writes it under a label; "" = under that of the line before.
func labelled(label, text string) string {
	return wrapped(fmt.Sprintf("# %-*s", column-1, label), "#"+strings.Repeat(" ", column), text)
}

func wrapped(line, indent, text string) string {
	const width = 78
	var out strings.Builder
	begun := false
	for word := range strings.FieldsSeq(quote.Line(text)) {
		if begun && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			out.WriteString(line + "\n")
			line = indent
		}
		line, begun = line+" "+word, true
	}
	return out.String() + line + "\n"
}

// whole writes lines that aren't wrapped: code, a command.
func whole(text string) string {
	var out strings.Builder
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		out.WriteString(strings.TrimRight("#   "+quote.Line(line), " ") + "\n")
	}
	return out.String()
}
