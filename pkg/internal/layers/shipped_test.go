package layers_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"keymend/pkg/settings"

	"keymend/infra/cdkcontext"
	"keymend/infra/template"
)

// cdk.json holds the settings that are shipped; the template's defaults must
// be the same.
func TestShippedSettingsAreTheTemplates(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "cdk.json"))
	if err != nil {
		t.Fatal(err)
	}
	var shipped struct{ Context map[string]string }
	if err := json.Unmarshal(text, &shipped); err != nil {
		t.Fatal(err)
	}
	var account struct {
		Parameters map[string]struct{ Default any }
	}
	if err := json.Unmarshal(template.Account(), &account); err != nil {
		t.Fatal(err)
	}
	for name, parameter := range account.Parameters {
		key := "keymend:" + strings.ToLower(name[:1]) + name[1:]
		want, err := json.Marshal(parameter.Default)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := shipped.Context[key]; !ok || got != strings.Trim(string(want), `"`) {
			t.Errorf("cdk.json has %s %q, the template %s", key, got, want)
		}
		delete(shipped.Context, key)
	}
	for key := range shipped.Context {
		ofOrganization := func(s settings.Setting) bool { return "keymend:"+s.Context == key }
		if slices.ContainsFunc(cdkcontext.OfOrganization(), ofOrganization) {
			continue // the templates of an organization have it, or what follows from it
		}
		t.Errorf("cdk.json has %s, which the template doesn't know", key)
	}
}
