package cdkcontext

import (
	"slices"
	"strings"

	"keymend/pkg/arn"
	"keymend/pkg/settings"
)

// FurtherRegions returns the Regions of the account that Keymend is deployed to beside
// its home.
func FurtherRegions(text map[string]string) []string {
	all := list(text["accountRegions"])
	return all[min(1, len(all)):]
}

// accountRegions checks the Regions, and that what the settings name is in each: a topic
// by its name, a key as a replica, the key of copies by an alias.
// https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html
func (v *validator) accountRegions() {
	all := list(v.text["accountRegions"])
	v.names("accountRegions", all)
	if home := v.stack.Region; len(all) > 0 && settings.IsRegion(all[0]) && home != "" && all[0] != home {
		v.problem("accountRegions", "begin with %s, and the credentials' Region is %s: that is where the stack \"keymend\" goes, which has the roles; name it first", all[0], home)
	}
	if len(all) < 2 {
		return
	}
	if v.text["rolesOnly"] == "yes" {
		v.problem("rolesOnly", `is "yes"; roles are global: leave %saccountRegions empty`, keyPrefix)
	}
	if key := v.text["encryptionKey"]; key != "" && !strings.Contains(key, ":key/mrk-") {
		v.problem("encryptionKey", "is %q; in several Regions it has to be a multi-Region key, with a replica in each", key)
	}
	if strings.HasPrefix(v.text["copyKey"], "arn:") {
		v.problem("copyKey", "is %q; in several Regions copies lie under a key of each: name an alias that each has", v.text["copyKey"])
	}
}

// names checks a list of Regions: each by its name, once, and of the first one's partition.
func (v *validator) names(key string, regions []string) {
	for i, r := range regions {
		switch {
		case !settings.IsRegion(r):
			v.problem(key, "have %q; a Region is written like eu-west-1", r)
		case slices.Contains(regions[:i], r):
			v.problem(key, "have %s twice", r)
		case arn.PartitionOf(r) != arn.PartitionOf(regions[0]):
			v.problem(key, "have %s, of another partition than %s", r, regions[0])
		}
	}
}
