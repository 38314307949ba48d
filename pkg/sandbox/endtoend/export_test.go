package endtoend_test

import (
	"strings"
	"testing"
	"time"

	"keymend/pkg/outcome"
)

// TestExportByID: what the functions proposed or wrote is exported by its id, which is
// found in their logs.
func TestExportByID(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		mode string
		id   func(w *world) string
	}{
		"a proposal":    {"propose", func(w *world) string { return w.proposal("web-prod").Proposal }},
		"a remediation": {"enforce", func(w *world) string { return w.last(outcome.Fixed).RemediationID }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, with("Mode", tc.mode))
			key := w.key(rootOnly, enrolled)
			w.broken("web-prod", key)
			w.box.Advance(5 * time.Minute)
			id := tc.id(w)
			for format, wants := range map[string]string{
				"terraform": "key_id = \"" + key, "cloudformation": `- Sid: "KeymendUse"`, "cli": "aws kms put-key-policy --key-id " + key, "json": `"remediation":"` + id + `"`,
			} {
				code, text := w.run(account, nil, "export", id, "--format", format)
				if code != 0 || !strings.Contains(text, wants) || !strings.Contains(text, id) || !strings.Contains(text, "web-prod") {
					t.Errorf("%s: exit %d\n%s", format, code, text)
				}
			}
			if code, text := w.run(account, nil, "export", "r-0123456789abcdef"); code != 2 || !strings.Contains(text, "the functions' logs") {
				t.Errorf("exit %d\n%s", code, text)
			}
		})
	}
}
