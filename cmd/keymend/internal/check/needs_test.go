package check_test

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/kms"

	"keymend/cmd/keymend/internal/check"
	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/scan"
	"keymend/pkg/whatif"
)

// needy returns a group that would break and could be mended by statements; false where
// there is none, or where KMS refuses the change.
func (s *scene) needy(given check.Given) (check.Group, bool) {
	t := &check.Tally{Question: check.Question{Account: ours, Region: region, Groups: s.groups, Change: given.Change}, Given: given}
	must(s.t, check.Run(s.w.ctx, s.w.looker(), t.Question, t.Add))
	// A key has needs where it isn't for somebody else to mend.
	at := slices.IndexFunc(t.Groups, func(g check.Group) bool {
		return g.Effect == whatif.Breaks && g.Code == report.Fixable && !g.Later &&
			!slices.ContainsFunc(g.Keys, func(k scan.Key) bool { return k.Fix == "" }) &&
			!slices.ContainsFunc(g.Needs, func(n check.Need) bool { return len(n.Statements) == 0 })
	})
	if at < 0 || given.Refused() {
		return check.Group{}, false
	}
	return t.Groups[at], true
}

// add adds what is needed: to the policy that is given, or to the key's as it is.
func (s *scene) add(c whatif.Change, needs []check.Need) whatif.Change {
	for _, n := range needs {
		var all []string
		for _, text := range n.Statements {
			all = append(all, string(text))
		}
		with := func(policy string) string {
			return policy[:strings.LastIndexByte(policy, ']')] + "," + strings.Join(all, ",") + policy[strings.LastIndexByte(policy, ']'):]
		}
		if at := slices.IndexFunc(c.Policies, func(p whatif.Policy) bool { return p.Key == n.Key }); at >= 0 {
			c.Policies[at].Document = parse(s.t, with(c.Policies[at].Document.String()))
			continue
		}
		now, err := s.w.kms.GetKeyPolicy(s.w.ctx, &kms.GetKeyPolicyInput{KeyId: &n.Key})
		must(s.t, err)
		_, err = s.w.kms.PutKeyPolicy(s.w.ctx, &kms.PutKeyPolicyInput{KeyId: &n.Key, Policy: new(with(*now.Policy))})
		must(s.t, err)
	}
	return c
}

func told(needs []check.Need) string {
	text, _ := json.Marshal(needs)
	return string(text)
}
