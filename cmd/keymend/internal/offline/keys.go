package offline

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"keymend/pkg/arn"
)

// written are the keys that the files name, as they write them: by launches first.
func (f *facts) written() []string {
	var out []string
	for _, v := range f.versions.list() {
		if d := v.LaunchTemplateData; d != nil {
			for _, m := range d.BlockDeviceMappings {
				if m.Ebs != nil {
					out = append(out, value(m.Ebs.KmsKeyId))
				}
			}
		}
	}
	for _, s := range f.snapshots.list() {
		out = append(out, value(s.KmsKeyId))
	}
	out = append(out, f.settings.all[defaultKey])
	out = append(out, slices.Sorted(maps.Keys(f.keys.all))...)
	for _, l := range f.loose {
		out = append(out, l.written)
	}
	return slices.DeleteFunc(out, func(key string) bool { return key == "" })
}

// arnOf is the ARN of a key, however it is written. Only a list of aliases tells which key
// an alias stands for; without one, the alias stands for a key that has no other name, and
// whose id isn't known.
func (w *World) arnOf(written string) string {
	a, ok := arn.Parse(written)
	name := written
	if ok {
		name = a.Resource
	}
	if !strings.HasPrefix(name, "alias/") {
		if ok {
			return written
		}
		return w.keyARN(w.Region, w.Account, strings.TrimPrefix(name, "key/"))
	}
	if !ok {
		a.Region, a.Account = w.Region, w.Account
	}
	alias := "arn:" + w.Partition + ":kms:" + a.Region + ":" + a.Account + ":" + name
	if of, known := w.facts.aliases.all[alias]; known && of.TargetKeyId != nil {
		return w.keyARN(a.Region, a.Account, *of.TargetKeyId)
	}
	return w.keyARN(a.Region, a.Account, idOf(name))
}

// idOf stands for the id of the key that an alias names, where that isn't known.
func idOf(alias string) string { return "ID-OF-" + alias }

// aliasOf is the alias that stands in a key's ARN; "" = none does.
func aliasOf(key string) string {
	_, id, _ := strings.Cut(key, ":key/")
	if alias, ok := strings.CutPrefix(id, "ID-OF-"); ok {
		return alias
	}
	return ""
}

func (w *World) keyARN(region, account, id string) string {
	return "arn:" + w.Partition + ":kms:" + region + ":" + account + ":key/" + id
}

// ofAWS reports whether a key is one of AWS's, by its alias: those that begin so are AWS's
// alone.
// https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html
func ofAWS(key string) bool { return strings.HasPrefix(aliasOf(key), "alias/aws/") }

// isKey reports whether a name as arnOf has it is a key's ARN: templates take any text.
func isKey(name string) bool {
	a, ok := arn.Parse(name)
	return ok && a.Service == "kms" && a.Region != "" && arn.Owner(name) != "" && strings.HasPrefix(a.Resource, "key/") && a.Resource != "key/"
}

// keyID is how a key's id looks.
// https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id-key-id
var keyID = regexp.MustCompile(`(?i)mrk-[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// assign gives each policy, and each list that doesn't name its key, to its key: by what
// the person says, by what the file says, by a key's id in its name, or because there is
// one key only for which there is none.
func (w *World) assign(said map[string]string) error {
	var errs []error
	said = cleaned(said)
	for file := range said {
		if !slices.ContainsFunc(w.facts.loose, func(l loose) bool { return filepath.Clean(l.file) == file }) {
			errs = append(errs, problem(file, "isn't a file that needs a key to be said"))
		}
	}
	var left []loose
	for _, l := range w.facts.loose {
		of := said[filepath.Clean(l.file)]
		switch key := cmp.Or(of, l.written, keyID.FindString(filepath.ToSlash(l.file))); {
		case of != "" && l.written != "" && w.arnOf(of) != w.arnOf(l.written):
			errs = append(errs, problem(l.file, fmt.Sprintf("is of key %s, and not of %s", l.written, of)))
		case key != "" && !isKey(w.arnOf(key)):
			errs = append(errs, problem(l.file, fmt.Sprintf("is of %q, which is no key: give its ARN, its id, or alias/NAME", key)))
		case key != "":
			errs = append(errs, l.put(w.arnOf(key)))
		default:
			left = append(left, l)
		}
	}
	for _, part := range w.facts.aboutKeys() {
		errs = append(errs, w.assignRest(part, slices.DeleteFunc(slices.Clone(left), func(l loose) bool { return l.what != part.what })))
	}
	return joined(errs...)
}

// An aboutKey is a part of what files say about keys, and may not name its key.
type aboutKey struct {
	what, has string                // "policy", "a key policy"
	told      func(key string) bool // whether a file has it of a key
}

func (f *facts) aboutKeys() []aboutKey {
	return []aboutKey{
		{"policy", "a key policy", f.policies.has},
		{"grants", "no grants", func(key string) bool { return f.grants[key] != nil }},
		{"tags", "a key's tags", f.tags.has},
	}
}

// cleaned are the files as they are told apart.
func cleaned(said map[string]string) map[string]string {
	out := map[string]string{}
	for file, key := range said {
		out[filepath.Clean(file)] = key
	}
	return out
}

// assignRest gives what doesn't name its key to the one key of which it isn't told yet.
func (w *World) assignRest(part aboutKey, left []loose) error {
	if len(left) == 0 {
		return nil
	}
	without := w.without(part)
	if len(without) == 1 && len(left) == 1 {
		return left[0].put(without[0])
	}
	var errs []error
	for _, l := range left {
		why := "which key that is of isn't said"
		switch {
		case len(without) == 0:
			why += ", and no file names one that has none"
		case len(without) > 1:
			why += fmt.Sprintf(", and %s have none", strings.Join(without, " and "))
		default:
			why += fmt.Sprintf(", and only %s has none", without[0])
		}
		errs = append(errs, problem(l.file, fmt.Sprintf("has %s, and %s; say it with --key-of %s=KEY, or call the file by the key's id", part.has, why, l.file)))
	}
	return joined(errs...)
}

// without are the keys that the files name and of which no file has such a part.
func (w *World) without(part aboutKey) []string {
	var out []string
	for _, written := range w.facts.written() {
		key := w.arnOf(written)
		if !part.told(key) && isKey(key) && !ofAWS(key) && !slices.Contains(out, key) {
			out = append(out, key)
		}
	}
	return out
}
