package htmlreport

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"keymend/cmd/keymend/internal/scan"
	"keymend/pkg/access"
	"keymend/pkg/arn"
)

// A keyLine is the way from a group to what opens one of its keys, and the key's fix.
type keyLine struct {
	Boxes []box
	Fix   *fix
}

// A box is a stop on the way, with the link that leads to it.
type box struct {
	Link  *link
	Kind  string // of the link: the box ends a broken one, or one in doubt
	What  string
	Name  string
	Notes []string
}

// A link is drawn by its kind: whole, broken or doubt. Its words say the same.
type link struct{ Kind, Words string }

func lineOf(row scan.Row, k scan.Key) keyLine {
	sources := distinct(k, func(v scan.Volume) string { return v.Source })
	if len(sources) == 0 {
		sources = row.Sources
	}
	devices := strings.Join(distinct(k, func(v scan.Volume) string { return v.Device }), ", ")
	line := keyLine{Boxes: begin(row, sources)}
	line.add(whole, "creates", box{What: "Volume", Name: cmp.Or(devices, "a volume"), Notes: because(k)})
	toKey := link{whole, "encrypted with"}
	if !usable(k) {
		toKey = link{broken, "BROKEN: the key can't be used"}
	}
	line.add(toKey.Kind, toKey.Words, box{What: "Key", Name: keyName(k), Notes: keyNotes(row, k)})
	if usable(k) || len(k.By) > 0 {
		to := opening(k)
		line.add(to.Kind, to.Words, box{What: "Statement or grant", Name: deciding(k), Notes: []string{"for " + roleName(cmp.Or(k.Role, row.Role))}})
	}
	if f := fixOf(k); isShut(k) || f.Change != "" || f.Remedy != "" || len(f.Do) > 0 {
		line.Fix = &f
	}
	return line
}

// The kinds of links.
const (
	whole  = "whole"
	broken = "broken"
	doubt  = "doubt"
)

// usable reports whether the key's state lets anybody use it, or isn't what stands in the
// way.
func usable(k scan.Key) bool { return !isShut(k) || k.State == "" || k.State == "Enabled" }

// opening is the link to what opens the key, or should.
func opening(k scan.Key) link {
	switch k.Decision {
	case access.Allowed:
		return link{whole, "opened by"}
	case access.Denied:
		return link{broken, "BROKEN: not opened"}
	case access.Unknown:
	}
	return link{doubt, "NOT KNOWN"}
}

// begin is the way as far as the group's templates.
func begin(row scan.Row, sources []string) []box {
	line := keyLine{Boxes: []box{{What: "Group", Name: row.Group, Notes: []string{fmt.Sprintf("%d of %d in service", row.Healthy, row.Desired)}}}}
	name, notes := "not seen", []string(nil)
	kind := doubt
	if len(sources) > 0 {
		name, notes, kind = sources[0], sources[1:], whole
	}
	line.add(kind, "launches from", box{What: "Launch template", Name: name, Notes: notes})
	return line.Boxes
}

func (l *keyLine) add(kind, words string, to box) {
	to.Link = &link{kind, words}
	if kind != whole {
		to.Kind = kind
	}
	l.Boxes = append(l.Boxes, to)
}

// isShut reports whether the launch is known not to get what it needs of the key.
func isShut(k scan.Key) bool { return k.Decision == access.Denied }

// blamed reports whether the launch isn't known to get all that it needs of the key.
func blamed(k scan.Key) bool { return isShut(k) || len(k.Missing) > 0 }

// deciding names what decides, or says that nothing does.
func deciding(k scan.Key) string {
	switch {
	case len(k.By) > 0:
		return strings.Join(k.By, ", ")
	case isShut(k):
		return "none that lets the launch in"
	}
	return "not seen"
}

// keyName is what people call the key.
func keyName(k scan.Key) string {
	_, id, _ := strings.Cut(k.ARN, ":key/")
	return cmp.Or(k.Alias, id, k.ARN)
}

func keyNotes(row scan.Row, k scan.Key) []string {
	var out []string
	if _, id, ok := strings.Cut(k.ARN, ":key/"); ok && k.Alias != "" {
		out = append(out, id)
	}
	if k.Account != "" && k.Account != row.Account {
		out = append(out, "of account "+k.Account)
	}
	return append(out, cmp.Or(k.State, "its state wasn't seen"))
}

// roleName is the end of a role's ARN.
func roleName(role string) string {
	return cmp.Or(arn.Last(role), "a role that wasn't seen")
}

// distinct are what a key's volumes have, each text once.
func distinct(k scan.Key, of func(scan.Volume) string) []string {
	var out []string
	for _, v := range k.Volumes {
		if text := of(v); text != "" && !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}

// because says why these volumes have this key.
func because(k scan.Key) []string {
	return distinct(k, func(v scan.Volume) string {
		return strings.TrimSuffix(strings.TrimPrefix(v.Because, v.Device+": "), " "+k.ARN) // both stand there
	})
}
