package plan

import (
	"slices"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/arn"
	"keymend/pkg/change"
	"keymend/pkg/keypolicy"
	"keymend/pkg/slr"
)

// Affected counts the other principals whose access to the key the steps
// would change: those named in the policy before or after, and strangers of the
// key's, the group's and any other account who stand for everyone it doesn't name.
func (f Finding) Affected(steps change.Steps) int {
	after, err := change.Simulate(f.Facts, steps)
	if err != nil || len(steps) == 0 {
		return 0
	}
	count := 0
	for _, p := range f.others(after) {
		r := access.Request{Principal: p, Operations: slr.Operations()}
		same := func(a, b access.Result) bool { return a.Decision == b.Decision }
		if !slices.EqualFunc(access.Evaluate(f.Facts, r), access.Evaluate(after, r), same) {
			count++
		}
	}
	return count
}

func (f Finding) others(after access.Facts) []access.Principal {
	partition := arn.Partition(f.Facts.Key.ARN)
	names := map[string]bool{
		"arn:" + partition + ":iam::" + f.KeyAccount() + ":role/a-stranger":          true,
		"arn:" + partition + ":iam::" + f.Account + ":role/a-stranger":               true,
		"arn:" + partition + ":iam::000000000000:role/a-stranger-of-another-account": true,
	}
	for _, d := range []*keypolicy.Document{f.Facts.Policy, after.Policy} {
		for _, name := range named(d) {
			names[name] = true
		}
	}
	delete(names, f.Principal.ARN)
	var out []access.Principal
	for name := range names {
		if p, ok := principalOf(name, partition); ok {
			out = append(out, p)
		}
	}
	return out
}

// named returns whom a policy names; of one that couldn't be read, nobody.
func named(d *keypolicy.Document) []string {
	if d == nil {
		return nil
	}
	var out []string
	for _, s := range d.Statements() {
		for _, p := range []*keypolicy.Principal{s.Principal, s.NotPrincipal} {
			if p != nil {
				out = append(out, p.AWS...)
			}
		}
	}
	return out
}

// principalOf reads a principal as a policy names it. Everyone and deleted
// principals aren't anyone who could ask.
func principalOf(name, partition string) (access.Principal, bool) {
	switch {
	case strings.ContainsAny(name, "*?") || keypolicy.IsUniqueID(name):
		return access.Principal{}, false
	case !strings.HasPrefix(name, "arn:"):
		return access.Principal{ARN: arn.Root(partition, name)}, true
	}
	if session, ok := strings.CutPrefix(arn.Resource(name), "assumed-role/"); ok {
		role, _, _ := strings.Cut(session, "/")
		return access.Principal{ARN: "arn:" + partition + ":iam::" + arn.Account(name) + ":role/" + role, SessionARN: name}, true
	}
	return access.Principal{ARN: name}, true
}
