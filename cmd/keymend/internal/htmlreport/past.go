package htmlreport

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/history/archive"
	"keymend/pkg/record"
)

// A Past is what the audit log has.
type Past struct {
	Read    bool            // a log or a file was read
	Entries []archive.Entry // newest first
	Since   time.Time
	Unread  []string // what couldn't be read, and why
}

type pastView struct {
	Says    string
	Unread  []string
	Entries []entry
	More    int
}

type entry struct{ At, Group, Key, Change, Stands, Took, ID string }

// someEntries is how many changes a page lists.
const someEntries = 200

func (p Past) view() pastView {
	v := pastView{Unread: p.Unread}
	if !p.Read {
		says := "No audit log was read, so nothing is known of what Keymend changed here"
		return pastView{Says: strings.Join(append([]string{says}, p.Unread...), "; ") + "."}
	}
	v.Says = p.says()
	for _, e := range p.Entries[:min(len(p.Entries), someEntries)] {
		v.Entries = append(v.Entries, entryOf(e))
	}
	v.More = len(p.Entries) - len(v.Entries)
	return v
}

// says sums the changes up: how many, how they stand, how long it took.
func (p Past) says() string {
	since := "Since " + p.Since.UTC().Format(time.DateOnly)
	if len(p.Entries) == 0 {
		return since + " nothing is on record: no change, and no proposal."
	}
	by := map[archive.Standing]int{}
	var took []int
	for _, e := range p.Entries {
		by[e.Standing()]++
		if r := recovered(e); r != nil && r.SinceFailure > 0 {
			took = append(took, r.SinceFailure)
		}
	}
	var parts []string
	for _, s := range archive.Standings() {
		if by[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", by[s], strings.ReplaceAll(string(s), "-", " ")))
		}
	}
	out := since + " on record: " + strings.Join(parts, ", ") + "."
	if len(took) == 0 {
		return out + " Of none is it on record how long it took until the group launched again."
	}
	slices.Sort(took)
	return out + fmt.Sprintf(" From the failed launch until the group launched again: %s in the middle, %s at most, by %s.",
		lasting(took[len(took)/2]), lasting(took[len(took)-1]), screen.Count(len(took), "change"))
}

func entryOf(e archive.Entry) entry {
	r := e.Change()
	var change []string
	for _, step := range r.Steps {
		change = append(change, step.Words().What)
	}
	out := entry{
		At: e.Last().Time.UTC().Format(time.RFC3339), Group: cmp.Or(r.Group, "–"), Key: cmp.Or(r.Alias, r.Key, "–"), Change: cmp.Or(strings.Join(change, "; "), "–"),
		Stands: strings.ReplaceAll(string(e.Standing()), "-", " "), Took: "–", ID: e.ID,
	}
	if of := recovered(e); of != nil {
		out.Took = of.words()
	}
	return out
}

// took is the time until a group launched again.
type took record.Recovered

func (t took) words() string {
	var out []string
	if t.SinceFailure > 0 {
		out = append(out, lasting(t.SinceFailure)+" after the failure")
	}
	if t.SinceFix > 0 {
		out = append(out, lasting(t.SinceFix)+" after the change")
	}
	return cmp.Or(strings.Join(out, ", "), "–")
}

// recovered is what the newest proof tells of it; nil = none does.
func recovered(e archive.Entry) *took {
	for _, r := range slices.Backward(e.Records) {
		if r.Proof != nil && r.Proof.Recovered != nil {
			return (*took)(r.Proof.Recovered)
		}
	}
	return nil
}

func lasting(seconds int) string { return screen.Lasting(time.Duration(seconds) * time.Second) }
