package launch

import (
	"cmp"
	"slices"
	"strings"

	"keymend/pkg/arn"
	"keymend/pkg/launch/encryption"
	"keymend/pkg/slr"
)

// Decide says what the sources come to: keys, what can't be told, and whether
// there is any way left in which the group can launch. It returns the snapshots
// that the account can't see, whose keys may be found elsewhere.
func (l *Launch) Decide(sources []Source, snapshots map[string]encryption.Snapshot, defaults encryption.Defaults) []Unseen {
	if len(sources) == 0 {
		l.Unknown = append(l.Unknown, "the group has neither launch template nor launch configuration")
		return nil
	}
	var (
		names, refused []string
		hidden         []Unseen
	)
	open := false
	for _, s := range sources {
		hidden = append(hidden, l.add(&s, snapshots, defaults)...)
		names, refused, l.Unknown = add(names, s.Name), add(refused, s.Refused), add(l.Unknown, s.Unknown)
		open = open || s.Refused == ""
	}
	l.Source, l.ImageID = strings.Join(names, ", "), sources[0].ImageID
	if l.Partly = refused; !open {
		l.Partly, l.Refused = nil, strings.Join(refused, "; ")
	}
	return slices.Compact(hidden)
}

// add adds what one source comes to. Of one that EC2 refuses nothing counts.
func (l *Launch) add(s *Source, snapshots map[string]encryption.Snapshot, defaults encryption.Defaults) []Unseen {
	var hidden []Unseen
	results := s.outcomes(snapshots, defaults)
	if s.Refused == "" {
		l.Ways = append(l.Ways, s.way(results))
	}
	for _, r := range results {
		if r.Unseen != "" && s.Image.Owner != "" {
			hidden = append(hidden, Unseen{r.device, r.Unseen, s.Image.Owner, r.Unknown})
		} else {
			l.Unknown = add(l.Unknown, r.Unknown)
		}
		l.NoNeed = add(l.NoNeed, r.NoNeed)
		for _, use := range r.Uses {
			l.need(use)
		}
	}
	if s.Spot && s.Refused == "" {
		l.Also = []Principal{spotPrincipal(l.Principal, l.Account, s.Name)}
	}
	return hidden
}

// spotPrincipal: "when using a launch configuration to launch Spot Instances,
// use the role named AWSServiceRoleForEC2Spot".
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
func spotPrincipal(of Principal, account, from string) Principal {
	return Principal{
		ARN:     slr.Spot(cmp.Or(arn.Partition(of.ARN), "aws"), account),
		Because: from + " has a SpotPrice, and Spot instances by a launch configuration are launched as this role, too",
	}
}

// A result is what one device of a source comes to.
type result struct {
	encryption.Outcome
	device string
}

// outcomes decides about each device; none where EC2 refuses one of them. Of a
// source whose image isn't known, the keys that the template itself names count.
func (s *Source) outcomes(snapshots map[string]encryption.Snapshot, defaults encryption.Defaults) []result {
	var out []result
	for _, d := range s.Devices {
		if s.Refused != "" {
			return nil
		}
		if s.Unknown != "" && d.KeyID == "" {
			continue
		}
		var snap *encryption.Snapshot
		if found, ok := snapshots[d.SnapshotID]; ok {
			snap = &found
		}
		o := encryption.Decide(d, snap, defaults)
		s.Refused = o.Refused
		out = append(out, result{o, d.Name})
	}
	if s.Refused != "" {
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
	k.Operations = distinct(append(k.Operations, use.Operations...))
	at := slices.IndexFunc(k.Uses, func(u encryption.Use) bool { return u.Because == use.Because && u.Purpose == use.Purpose })
	if at < 0 {
		k.Uses = append(k.Uses, use)
		return
	}
	// Of two images, one has a snapshot for the device and the other none: the same words,
	// and other operations.
	u := &k.Uses[at]
	if u.SameKey != nil || use.SameKey != nil {
		u.SameKey = distinct(slices.Concat(sameKey(*u), sameKey(use)))
	}
	u.Operations = distinct(slices.Concat(u.Operations, use.Operations))
}

// sameKey are the operations of a use where the device's two keys are one.
func sameKey(u encryption.Use) []string {
	if u.SameKey != nil {
		return u.SameKey
	}
	return u.Operations
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

func distinct(s []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(s)))
}

// add appends the lines that aren't empty and aren't there yet.
func add(lines []string, more ...string) []string {
	for _, line := range more {
		if line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return lines
}
