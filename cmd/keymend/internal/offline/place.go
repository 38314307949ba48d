package offline

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"keymend/pkg/arn"
)

// locate says which account and Region the files are about: as the person says, else as
// the ARNs of groups and roles do, else as those of keys.
func (w *World) locate(o Options) error {
	groups, keys := w.arns()
	var account, region error
	w.Account, account = agreed("account", o.Account, arn.Owner, groups, keys)
	w.Region, region = agreed("region", o.Region, arn.Region, groups, keys)
	w.Partition = arn.PartitionOf(w.Region)
	if all := slices.Concat(groups, keys); w.Partition == "aws" && len(all) > 0 {
		w.Partition = arn.Partition(all[0])
	}
	return joined(account, region)
}

// agreed is what the person gave, or else what the ARNs say together, the first list that
// says anything.
func agreed(what, given string, of func(string) string, lists ...[]string) (string, error) {
	if given != "" {
		return given, nil
	}
	for _, names := range lists {
		said := map[string]bool{}
		for _, name := range names {
			if one := of(name); one != "" {
				said[one] = true
			}
		}
		all := slices.Sorted(maps.Keys(said))
		switch len(all) {
		case 0:
			continue
		case 1:
			return all[0], nil
		}
		return "", problem("", fmt.Sprintf("the files are about several: %s; say which is meant with --%s, or check them one by one", strings.Join(all, ", "), what))
	}
	return "", problem("", fmt.Sprintf("no file says which %s they are about; say so with --%s", what, what))
}

// arns are those of what is in the groups' account, and those of keys, which may be
// another's.
func (w *World) arns() (here, keys []string) {
	for _, g := range w.facts.groups.list() {
		here = append(here, value(g.AutoScalingGroupARN), value(g.ServiceLinkedRoleARN))
	}
	for _, r := range w.facts.roles.list() {
		here = append(here, value(r.Arn))
	}
	for _, a := range w.facts.aliases.list() {
		keys = append(keys, value(a.AliasArn))
	}
	keys = append(keys, w.facts.written()...)
	none := func(name string) bool { _, ok := arn.Parse(name); return !ok }
	return slices.DeleteFunc(here, none), slices.DeleteFunc(keys, none)
}
