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
	w.Account, w.Region = o.Account, o.Region
	groups, keys := w.arns()
	var errs []error
	if w.Account == "" {
		var err error
		w.Account, err = agreed("account", arn.Owner, groups, keys)
		errs = append(errs, err)
	}
	if w.Region == "" {
		var err error
		w.Region, err = agreed("region", arn.Region, groups, keys)
		errs = append(errs, err)
	}
	w.Partition = "aws"
	for _, name := range slices.Concat(groups, keys) {
		w.Partition = arn.Partition(name)
		break
	}
	switch {
	case strings.HasPrefix(w.Region, "cn-"):
		w.Partition = "aws-cn"
	case strings.HasPrefix(w.Region, "us-gov-"):
		w.Partition = "aws-us-gov"
	}
	return joined(errs...)
}

// agreed is what the ARNs say together, the first that say anything.
func agreed(what string, of func(string) string, lists ...[]string) (string, error) {
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
	parsed := func(name string) bool { _, ok := arn.Parse(name); return !ok }
	return slices.DeleteFunc(here, parsed), slices.DeleteFunc(keys, parsed)
}
