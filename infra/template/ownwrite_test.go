package template_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"keymend/infra/template"
	"keymend/pkg/activity"
	"keymend/pkg/permission"
)

// The rule for writes sees every write that a role may make: by its name, and by
// the calls of each of its permissions. The copier's use of keys changes nothing;
// the tags that it sets and the role that is passed are part of other calls.
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
	everything := place(map[string]string{"Scope": "tagged", "RolesOnly": "no", "Accounts": "444455556666", "DedicatedRoleSuffix": "payments", "ForeignKey": "copy"})
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
	for _, call := range list("detail.eventName") {
		decoded := 0
		for _, source := range list("source") {
			service := strings.TrimPrefix(source, "aws.")
			f, err := activity.Decode([]byte(`{"source":"` + source + `","detail-type":"AWS API Call via CloudTrail","account":"111122223333","region":"eu-west-1","detail":{"eventSource":"` + service + `.amazonaws.com","eventName":"` + call + `","userIdentity":{"arn":"arn:aws:sts::111122223333:assumed-role/a/b","sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::111122223333:role/a"}}}}}`))
			if err == nil && f.Write != nil {
				decoded++
			}
		}
		if decoded != 1 {
			t.Errorf("%s is understood as a call of %d services", call, decoded)
		}
	}
}
