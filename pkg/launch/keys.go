package launch

import (
	"slices"
	"strings"

	"keymend/pkg/launch/encryption"
)

// decide says what the sources come to: keys, what can't be told, and whether
// there is any way left in which the group can launch. It returns the snapshots
// that the account can't see, whose keys may be found elsewhere.
func (l *Launch) decide(sources []source, snapshots map[string]encryption.Snapshot, defaults encryption.Defaults) []unseen {
	if len(sources) == 0 {
		l.Unknown = append(l.Unknown, "the group has neither launch template nor launch configuration")
		return nil
	}
	var (
		names, refused []string
		hidden         []unseen
	)
	open := false
	for i := range sources {
		s := &sources[i]
		hidden = append(hidden, l.add(s, snapshots, defaults)...)
		names, refused, l.Unknown = add(names, s.name), add(refused, s.refused), add(l.Unknown, s.unknown)
		open = open || s.refused == ""
	}
	l.Source, l.ImageID = strings.Join(names, ", "), sources[0].imageID
	if l.Partly = refused; !open {
		l.Partly, l.Refused = nil, strings.Join(refused, "; ")
	}
	return slices.Compact(hidden)
}

// add adds what one source comes to. Of one that EC2 refuses nothing counts.
func (l *Launch) add(s *source, snapshots map[string]encryption.Snapshot, defaults encryption.Defaults) []unseen {
	var hidden []unseen
	results := s.outcomes(snapshots, defaults)
	if s.refused == "" {
		l.Ways = append(l.Ways, s.way(results))
	}
	for _, r := range results {
		if r.Unseen != "" && s.imageOwner != "" {
			hidden = append(hidden, unseen{r.device, r.Unseen, s.imageOwner, r.Unknown})
		} else {
			l.Unknown = add(l.Unknown, r.Unknown)
		}
		l.NoNeed = add(l.NoNeed, r.NoNeed)
		for _, use := range r.Uses {
			l.need(use)
		}
	}
	if s.spot && s.refused == "" {
		l.Also = []Principal{spotPrincipal(l.Principal, l.Account, s.name)}
	}
	return hidden
}

// A result is what one device of a source comes to.
type result struct {
	encryption.Outcome
	device string
}

// outcomes decides about each device; none where EC2 refuses one of them. Of a
// source whose image isn't known, the keys that the template itself names count.
func (s *source) outcomes(snapshots map[string]encryption.Snapshot, defaults encryption.Defaults) []result {
	var out []result
	for _, d := range s.devices {
		if s.refused != "" {
			return nil
		}
		if s.unknown != "" && d.KeyID == "" {
			continue
		}
		var snap *encryption.Snapshot
		if found, ok := snapshots[d.SnapshotID]; ok {
			snap = &found
		}
		o := encryption.Decide(d, snap, defaults)
		s.refused = o.Refused
		out = append(out, result{o, d.Name})
	}
	if s.refused != "" {
		return nil
	}
	return out
}

// need adds a use to its key. A key that can't be told is in Unknown.
func (l *Launch) need(use encryption.Use) {
	if use.KeyID == "" {
		return
	}
	i := slices.IndexFunc(l.Keys, func(k Key) bool { return k.ID == use.KeyID })
	if i < 0 {
		i = len(l.Keys)
		l.Keys = append(l.Keys, Key{ID: use.KeyID})
	}
	k := &l.Keys[i]
	if slices.ContainsFunc(k.Uses, func(u encryption.Use) bool { return u.Because == use.Because && u.Purpose == use.Purpose }) {
		return
	}
	k.Uses = append(k.Uses, use)
	k.Operations = distinct(append(k.Operations, use.Operations...))
}

// Operations are those that uses of one and the same key need, sorted; nil where
// none says. A device whose volume's and source's key are that key is encrypted
// anew only if its snapshot is another account's. Where overrides bring the
// device several times, which source belongs to which volume isn't told here, so
// nothing is left out.
func (l Launch) Operations(uses []encryption.Use) []string {
	times := map[string]int{}
	for _, k := range l.Keys {
		for _, u := range k.Uses {
			times[u.Device]++
		}
	}
	here := map[string]int{}
	for _, u := range uses {
		here[u.Device]++
	}
	var out []string
	for _, u := range uses {
		if u.SameKey != nil && here[u.Device] == 2 && times[u.Device] == 2 {
			out = append(out, u.SameKey...)
		} else {
			out = append(out, u.Operations...)
		}
	}
	return distinct(out)
}

// add appends a line that isn't empty and isn't there yet.
func add(lines []string, line string) []string {
	if line == "" || slices.Contains(lines, line) {
		return lines
	}
	return append(lines, line)
}
