package offline

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"keymend/cmd/keymend/internal/check"
	"keymend/cmd/keymend/internal/export"
	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/scan"
	"keymend/pkg/access"
	"keymend/pkg/arn"
	"keymend/pkg/launch"
	"keymend/pkg/quote"
	"keymend/pkg/remediation"
	"keymend/pkg/whatif"
)

// A Verdict is what the files say of one group.
type Verdict struct {
	check.Answer
	Unknown []string     // what isn't known and would have to be, a line each
	LeftOut []string     // what no file is about, and counts as is said there
	Ask     []quote.Task // commands whose answers would tell what isn't known
	Add     []Addition   // what mends it
}

// An Addition is what a key's policy lacks, or what else a person does.
type Addition struct {
	Key        string            `json:"key"`            // ARN
	File       string            `json:"file,omitempty"` // the file with its policy
	Does       string            `json:"does"`           // in words
	Statements []json.RawMessage `json:"statements,omitempty"`
}

// Code is the exit code that the group calls for: 3 where it is known what mends it. Who
// would have to consent isn't asked: whoever has the files changes them.
func (v Verdict) Code() report.Code {
	mended := func(k scan.Key) bool {
		return k.Decision != access.Denied || slices.ContainsFunc(v.Add, func(a Addition) bool { return a.Key == k.ARN })
	}
	switch {
	case v.After == whatif.Launches:
		return report.Healed
	case v.After == whatif.Fails && len(v.Add) > 0 && !slices.ContainsFunc(v.Row.Keys, func(k scan.Key) bool { return !mended(k) }):
		return report.Fixable
	}
	return report.NotOurs
}

// Check looks at groups, or at all, by a looker with the person's settings. Its error is a
// FilesError, or of each.
func (w *World) Check(ctx context.Context, l remediation.Looker, groups []string, each func(Verdict) error) error {
	l.AWS = w
	l.Settings.Accounts = append(slices.Clone(l.Settings.Accounts), w.owners()...)
	all := w.Groups()
	for _, name := range groups {
		if !slices.Contains(all, name) {
			return problem("", fmt.Sprintf("no file has group %s; they have %s", name, strings.Join(all, ", ")))
		}
	}
	if len(groups) == 0 {
		groups = all
	}
	q := check.Question{Account: w.Account, Region: w.Region, Groups: groups}
	reader, err := w.View(ctx, w.Account, w.Region)
	if err != nil {
		return err
	}
	return check.Run(ctx, l, q, func(a check.Answer) error {
		launches, err := reader.Launch(ctx, a.Group)
		if err != nil {
			return fmt.Errorf("look at %s: %w", a.Group, err)
		}
		return each(w.verdict(a, launches))
	})
}

func (w *World) verdict(a check.Answer, l launch.Launch) Verdict {
	v := Verdict{Answer: a, LeftOut: w.leftOut(l, a.Row, a.After)}
	switch a.After { //nolint:exhaustive // what launches needs nothing
	case whatif.Fails:
		v.Add = w.add(a.Found)
	case whatif.Unknown:
		v.Ask = w.ask(l, a.Row)
		for _, line := range a.Row.NotSeen {
			v.Unknown = append(v.Unknown, shown(line))
		}
	}
	v.Row = w.ofFiles(a.Row, a.After)
	return v
}

// owners are the other accounts whose policies the files have: whoever has those may
// change them.
func (w *World) owners() []string {
	var out []string
	for key := range w.facts.policies.all {
		if owner := arn.Account(key); owner != w.Account && !slices.Contains(out, owner) {
			out = append(out, owner)
		}
	}
	slices.Sort(out)
	return out
}

// add is what each plan adds.
func (w *World) add(g report.Group) []Addition {
	var out []Addition
	for _, k := range g.Keys {
		for _, step := range k.Finding.Steps {
			s := export.Of(step)
			out = append(out, Addition{Key: shown(s.Key), File: w.facts.policies.files[s.Key], Does: s.Does, Statements: s.Statements()})
		}
	}
	return out
}

// shown is a text in which a key whose id isn't known goes by its alias.
func shown(text string) string { return strings.ReplaceAll(text, ":key/ID-OF-alias/", ":alias/") }

// ofFiles is a row without what a person would do in an account: what couldn't be read isn't
// for want of a permission, and no group is there that keymend diagnose could look at.
func (w *World) ofFiles(r scan.Row, state whatif.State) scan.Row {
	r.Says, r.Keys = shown(r.Says), slices.Clone(r.Keys)
	for i := range r.Keys {
		k := &r.Keys[i]
		k.ARN, k.Remedy = shown(k.ARN), shown(k.Remedy)
		k.Do = slices.DeleteFunc(slices.Clone(k.Do), func(t quote.Task) bool { return strings.HasPrefix(t.Command, "keymend ") })
		if state == whatif.Unknown {
			k.Remedy, k.Do = "", nil
		}
	}
	return r
}

// leftOut says what was left out for a group since no file is about it and could turn the
// verdict, a line for each, and which command's answer would tell: grants open a key that
// is shut, and shut none.
func (w *World) leftOut(l launch.Launch, row scan.Row, state whatif.State) []string {
	var out []string
	say := func(when bool, format string, args ...any) {
		if line := fmt.Sprintf(format, args...); when && !slices.Contains(out, line) {
			out = append(out, line)
		}
	}
	open, shut := state != whatif.Fails, state != whatif.Launches
	for _, way := range l.Ways {
		say(open && w.withoutImages() && way.ImageID != "", "the volumes that only %s has, and their keys (describe-images, describe-snapshots)", way.ImageID)
	}
	for _, k := range row.Keys {
		listed := w.facts.grants[k.ARN] != nil
		say(open && w.withoutState(k.ARN) && !ofAWS(k.ARN), "whether %s is enabled: taken for enabled (describe-key)", keyName(k.ARN))
		say(shut && w.withoutGrants(k.ARN) && !ofAWS(k.ARN) && !listed, "the grants on %s: taken for none (list-grants)", keyName(k.ARN))
		say(open && !w.strict && !w.hasRole(k.Role), "whether %s exists: taken to exist (get-role); KMS refuses a policy that names a role which doesn't", arn.Last(k.Role))
	}
	return out
}

// keyName is a key as people know it.
func keyName(key string) string {
	if alias := aliasOf(key); alias != "" {
		return alias
	}
	return "key " + arn.Last(key)
}

// ask are the commands whose answers would tell what isn't known.
func (w *World) ask(l launch.Launch, row scan.Row) []quote.Task {
	var out []quote.Task
	add := func(account string, words ...string) {
		t := quote.Task{Account: account, Command: quote.Command(append(append([]string{"aws"}, words...), "--region", w.Region)...)}
		if !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	for _, line := range l.Unknown {
		switch {
		case strings.Contains(line, "whether EBS encryption by default"):
			add(w.Account, "ec2", "get-ebs-encryption-by-default")
			fallthrough
		case strings.Contains(line, "the account's default EBS key"):
			add(w.Account, "ec2", "get-ebs-default-kms-key-id")
		}
	}
	for _, way := range l.Ways {
		if !w.facts.images.has(way.ImageID) && !w.withoutImages() && way.ImageID != "" {
			add(w.Account, "ec2", "describe-images", "--image-ids="+way.ImageID)
		}
		for _, id := range w.snapshots(way) {
			if !w.facts.snapshots.has(id) {
				add(w.Account, "ec2", "describe-snapshots", "--snapshot-ids="+id)
			}
		}
	}
	for _, k := range row.Keys {
		w.askOf(k, add)
	}
	for _, p := range l.Principals() {
		if w.strict && !w.hasRole(p.ARN) {
			add(w.Account, "iam", "get-role", "--role-name="+arn.Last(p.ARN))
		}
	}
	return out
}

// askOf asks about a key of which not all is known.
func (w *World) askOf(k scan.Key, add func(account string, words ...string)) {
	if arn.Region(k.ARN) != w.Region || ofAWS(k.ARN) {
		return
	}
	key := "--key-id=" + k.ARN
	if aliasOf(k.ARN) != "" { // KMS shows the policy of a key by its id only
		add(k.Account, "kms", "list-aliases")
		return
	}
	if !w.facts.policies.has(k.ARN) {
		add(k.Account, "kms", "get-key-policy", key)
	}
	if of := w.facts.grants[k.ARN]; of == nil && !w.withoutGrants(k.ARN) || of != nil && !of.whole {
		add(k.Account, "kms", "list-grants", key)
	}
	if !w.facts.keys.has(k.ARN) && !w.withoutState(k.ARN) {
		add(k.Account, "kms", "describe-key", key)
	}
}

// snapshots are those that a way takes, of its template's and of its image's.
func (w *World) snapshots(way launch.Way) []string {
	var out []string
	for _, d := range way.Image.Devices {
		if d.SnapshotID != "" && (d.Encrypted == nil || *d.Encrypted) {
			out = append(out, d.SnapshotID)
		}
	}
	for _, u := range way.Uses {
		if u.SnapshotID != "" {
			out = append(out, u.SnapshotID)
		}
	}
	return out
}
