package launch

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"keymend/pkg/activity"
	"keymend/pkg/arn"
	"keymend/pkg/launch/encryption"
	"keymend/pkg/quote"
)

// An Unseen snapshot is one whose key the launch needs and which the account
// can't see.
type Unseen struct {
	Device, Snapshot string
	Owner            string // of the image
	Says             string // what can't be told, in words
}

// A Hint points to the keys of snapshots that can't be seen.
type Hint struct {
	Denials []activity.KeyDenial // of other accounts' keys
	Says    []string
}

// Denied is the hint of what a role of the account was refused while launches
// failed: of other accounts' keys.
func Denied(account string, found []activity.KeyDenial) Hint {
	var (
		h    Hint
		keys []string
	)
	for _, d := range found {
		if arn.Account(d.Key) != account {
			h.Denials, keys = append(h.Denials, d), add(keys, d.Key)
		}
	}
	if len(keys) == 0 {
		return Hint{Says: []string{"CloudTrail names no other account's key that the role was refused while launches failed (its records may be 15 minutes late, and often don't name such keys)"}}
	}
	h.Says = []string{"CloudTrail shows that the role was refused " + strings.Join(keys, " and ") + " while a launch failed, which is likely it"}
	return h
}

// Granted is the hint of the keys that Keymend's own grants open to the role. One
// of them may be an unseen snapshot's; that it is, no grant says.
func Granted(keys []string) Hint {
	if len(keys) == 0 {
		return Hint{}
	}
	return Hint{Says: []string{"a grant of Keymend's opens " + strings.Join(add(nil, keys...), " and ") + " to the role, which may be it"}}
}

// Take adds hints to the launch's unknowns, and the keys that the role was
// refused to its keys: the role needs them for something that fails. Whether one
// is the unseen snapshot's isn't certain, so the snapshot stays among the
// unknowns. Of each image owner, asked says why it didn't show its snapshots.
func (l *Launch) Take(h Hint, hidden []Unseen, asked map[string]string) {
	for _, d := range h.Denials {
		l.likely(d, hidden)
	}
	l.Hidden = hidden
	for _, u := range hidden {
		tried := add(add(nil, asked[u.Owner]), h.Says...)
		tried = add(tried, "account "+u.Owner+" can tell")
		l.tells(quote.Task{Account: u.Owner, Command: quote.Command(
			"aws", "ec2", "describe-snapshots", "--snapshot-ids", u.Snapshot, "--query", "Snapshots[].KmsKeyId", "--region", l.Region)})
		l.Unknown = add(l.Unknown, u.Says+": "+strings.Join(tried, "; "))
	}
}

// Told takes a person's word for the key of the snapshots that its owner's account hides;
// false where that account hides none.
func (l *Launch) Told(key string) bool {
	var left []Unseen
	var devices, snapshots []string
	for _, u := range l.Hidden {
		if u.Owner != arn.Account(key) {
			left = append(left, u)
			continue
		}
		devices, snapshots = add(devices, u.Device), add(snapshots, u.Snapshot)
		l.Unknown = slices.DeleteFunc(slices.Clone(l.Unknown), func(line string) bool { return strings.HasPrefix(line, u.Says) })
	}
	if len(snapshots) == 0 {
		return false
	}
	l.Hidden = left
	l.Run = slices.DeleteFunc(slices.Clone(l.Run), func(t quote.Task) bool { return t.Account == arn.Account(key) })
	l.need(encryption.Likely(strings.Join(devices, ", "), key, "a person says that it is the key of snapshot "+strings.Join(snapshots, " and ")+", which this account can't see"))
	return true
}

func (l *Launch) tells(t quote.Task) {
	if !slices.Contains(l.Run, t) {
		l.Run = append(l.Run, t)
	}
}

// likely adds a key that the role was refused to those of the launch.
func (l *Launch) likely(d activity.KeyDenial, hidden []Unseen) {
	var devices, snapshots []string
	for _, u := range hidden {
		devices, snapshots = add(devices, u.Device), add(snapshots, u.Snapshot)
	}
	if slices.ContainsFunc(l.Keys, func(k Key) bool { return k.ID == d.Key }) {
		return
	}
	l.need(encryption.Likely(strings.Join(devices, ", "), d.Key, fmt.Sprintf(
		"CloudTrail shows that the role was refused %s on this key at %s, while a launch failed; it is likely the key of snapshot %s, which this account can't see",
		d.Operation, d.Time.UTC().Format(time.RFC3339), strings.Join(snapshots, " or "))))
}
