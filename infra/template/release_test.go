package template_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"keymend/infra/template"
	"keymend/pkg/access"
)

func ofRelease(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "release", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestTheReleasesHub: the hub's roles as the last release had them take the roles that
// members have today, and may do there all that they might in the release's members.
func TestTheReleasesHub(t *testing.T) {
	t.Parallel()
	since := []string{"auditor (", ":role/keymend-notifier", ":role/keymend-lister"} // the release had none of these
	needs := slices.DeleteFunc(calls(hubNeeds, access.Allowed), func(c call) bool {
		return slices.ContainsFunc(since, func(s string) bool { return strings.Contains(c.name+" "+c.resource, s) })
	})
	if failed := judgeRoles(hub, needs, nil)(ofRelease(t, "hub-roles")); len(failed) > 0 {
		t.Errorf("the release's hub lacks\n%s", strings.Join(failed, "\n"))
	}
	if failed := judgeRoles(account, nil, memberTrusts())(template.MemberRoles()); len(failed) > 0 {
		t.Errorf("today's members:\n%s", strings.Join(failed, "\n"))
	}
	gone := []string{"ssm:GetParameter /keymend/mode"} // nothing of the release's read it
	for set, params := range sets() {
		was, is := mayDo(t, ofRelease(t, "member-roles"), params), mayDo(t, template.MemberRoles(), params)
		for role, statements := range was {
			for _, s := range statements {
				if !slices.Contains(is[role], s) && !slices.ContainsFunc(gone, func(g string) bool {
					action, resource, _ := strings.Cut(g, " ")
					return strings.Contains(s, action) && strings.Contains(s, resource)
				}) {
					t.Errorf("%s (%s) may not any more: %s", role, set, s)
				}
			}
		}
	}
}

// mayDo are the statements of each role.
func mayDo(t *testing.T, text []byte, params map[string]string) map[string][]string {
	t.Helper()
	made, err := loaded(text, account, region, params)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for id, r := range made {
		for _, p := range r.Properties["Policies"].([]any) {
			for _, s := range asMap(asMap(p)["PolicyDocument"])["Statement"].([]any) {
				statement, err := json.Marshal(s)
				if err != nil {
					t.Fatal(err)
				}
				out[id] = append(out[id], string(statement))
			}
		}
	}
	return out
}
