package template_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"keymend/infra/template"
	"keymend/pkg/permission"
)

// The rule for writes sees every write that a role may make: by its name, and by
// the calls of each of its permissions. The copier's use of keys changes nothing;
// the tags that it sets and the role that is passed are part of other calls.
// pkg/signal's tests hold the decoder to the same calls.
func TestOwnWrites(t *testing.T) {
	t.Parallel()
	pattern := gjson.GetBytes(template.Account(), "Resources.OwnWrites.Properties.EventPattern")
	list := func(path string) []string {
		var out []string
		for _, v := range pattern.Get(path).Array() {
			out = append(out, v.String())
		}
		slices.Sort(out)
		return out
	}
	everything := place(map[string]string{"Scope": "tagged", "RolesOnly": "no", "Accounts": "444455556666", "DedicatedRoleSuffix": "payments", "ForeignKey": "copy", "ResumeSuspended": "20"})
	calls, sources, names := []string{"RetireGrant"}, []string{}, []string{} // its grants name the granter for that
	for _, r := range []permission.Role{permission.Granter, permission.PolicyWriter, permission.GroupWriter, permission.Copier} {
		names = append(names, "keymend-"+string(r))
		for _, p := range permission.For(r, everything) {
			service, call, _ := strings.Cut(p.Action, ":")
			if p.Action == "iam:PassRole" || p.Action == "ec2:CreateTags" || r == permission.Copier && service == "kms" {
				continue
			}
			calls, sources = append(calls, call), append(sources, "aws."+service)
		}
	}
	for path, want := range map[string][]string{
		"source": sources, "detail.eventName": calls, "detail.userIdentity.sessionContext.sessionIssuer.userName": names,
	} {
		slices.Sort(want)
		if diff := cmp.Diff(slices.Compact(want), list(path)); diff != "" {
			t.Errorf("%s (-permissions +rule):\n%s", path, diff)
		}
	}
}
