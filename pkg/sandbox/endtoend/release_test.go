package endtoend_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keymend/pkg/outcome"
)

// TestTheReleasesMembers: today's hub and members of the last release. What that had no
// word for counts as the most careful: nothing is written, and the finding names what to
// update. Once that is done, the group heals.
func TestTheReleasesMembers(t *testing.T) {
	t.Parallel()
	h := newHub(t, nil, management, account)
	release := func(name string) []byte {
		text, err := os.ReadFile(filepath.Join("..", "..", "..", "infra", "template", "testdata", "release", name+".json"))
		must(t, err)
		return text
	}
	must(t, h.box.Deploy(release("member-roles"), account, region, nil, nil))
	for _, at := range []string{region, far} {
		must(t, h.box.Deploy(release("member-region"), account, at, map[string]string{"Mode": "enforce"}, nil))
	}
	m := h.at(account, far)
	m.broken("web-prod", m.key(own(account), enrolled))
	h.box.Advance(10 * time.Minute)
	h.wantUntouched()
	h.wantOutcome("web-prod", outcome.Observed)
	told := strings.Join(h.about("web-prod"), "\n")
	for _, says := range []string{"/keymend/wave", "keymend-roles", "keymend-regions"} {
		if !strings.Contains(told, says) {
			t.Errorf("nothing says %s\n%s", says, told)
		}
	}
	for _, at := range []string{region, far} {
		must(t, h.box.Destroy(release("member-region"), account, at, nil))
	}
	h.join(account, nil)
	h.box.Advance(time.Hour)
	if n := m.inService("web-prod"); n != 2 || h.writes() != 1 {
		t.Errorf("%d in service, %d writes once the member is updated\n%v", n, h.writes(), h.story())
	}
}
