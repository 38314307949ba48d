package launch

import (
	"slices"
	"strings"

	"keymend/pkg/launch/encryption"
)

// decide adds what one source comes to.
func (l *Launch) decide(s *source, snapshots map[string]encryption.Snapshot, defaults encryption.Defaults) {
	if s.refused != "" || s.unknown != "" {
		return
	}
	for _, d := range s.devices {
		var snap *encryption.Snapshot
		if found, ok := snapshots[d.SnapshotID]; ok {
			snap = &found
		}
		o := encryption.Decide(d, snap, defaults)
		if o.Refused != "" {
			s.refused = o.Refused
			return
		}
		l.Unknown = add(l.Unknown, o.Unknown)
		l.NoNeed = add(l.NoNeed, o.NoNeed)
		for _, use := range o.Uses {
			l.need(use)
		}
	}
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

// conclude says where the volumes are written down, and whether there is any
// way left in which the group can launch.
func (l *Launch) conclude(sources []source) {
	var names, refused []string
	for _, s := range sources {
		names = add(names, s.name)
		refused = add(refused, s.refused)
		l.Unknown = add(l.Unknown, s.unknown)
	}
	l.Source = strings.Join(names, ", ")
	l.ImageID = sources[0].imageID
	if !slices.ContainsFunc(sources, func(s source) bool { return s.refused == "" }) {
		l.Refused = strings.Join(refused, "; ")
		return
	}
	for _, r := range refused {
		l.Unknown = add(l.Unknown, "one of the group's overrides can't launch: "+r)
	}
}

// add appends a line that isn't empty and isn't there yet.
func add(lines []string, line string) []string {
	if line == "" || slices.Contains(lines, line) {
		return lines
	}
	return append(lines, line)
}
