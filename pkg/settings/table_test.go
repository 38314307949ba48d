package settings_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/settings"
	"keymend/pkg/settings/variable"
)

// What the table says is what Parse does.
func TestTable(t *testing.T) {
	t.Parallel()
	env, plain := map[string]string{variable.Mode: "enforce"}, map[string]string{variable.Mode: "enforce"}
	for _, s := range settings.Table() {
		if s.Default != "" {
			env[s.Variable] = s.Default
		}
		if s.Help == "" || !strings.HasSuffix(s.Help, ".") || s.NoFlag != "" && s.Context == "" && !strings.Contains(s.NoFlag, "functions") {
			t.Errorf("%s isn't told of: %+v", s.Variable, s)
		}
		for _, value := range s.Choices {
			if _, err := settings.Parse(from(map[string]string{variable.Mode: "observe", variable.CopyKey: "alias/own", s.Variable: value})); err != nil {
				t.Errorf("%s=%s: %v", s.Variable, value, err)
			}
		}
		if s.Variable == variable.OwnershipTags || s.Variable == variable.Regions { // whatever stands there is taken
			continue
		}
		_, err := settings.Parse(from(map[string]string{variable.Mode: "observe", s.Variable: "\x00"}))
		if err == nil || len(s.Choices)+s.To > 0 && !strings.Contains(err.Error(), s.Variable+` is "\x00"; it must be `+s.Allowed()) {
			t.Errorf("%s: %v", s.Variable, err)
		}
	}
	defaults, err := settings.Parse(from(env))
	unset, wrong := settings.Parse(from(plain))
	if diff := cmp.Diff(unset, defaults); diff != "" || err != nil || wrong != nil {
		t.Errorf("the defaults of the table aren't what counts: %s %v %v", diff, err, wrong)
	}
}

// A problem calls each setting as the person did who set it.
func TestProblemsByName(t *testing.T) {
	t.Parallel()
	_, err := settings.ParseAs(from(map[string]string{variable.Mode: "observe", variable.ForeignKey: "copy"}), func(name string) string { return "<" + name + ">" })
	if err == nil || !strings.Contains(err.Error(), `<KEYMEND_FOREIGN_KEY> is "copy", and <KEYMEND_COPY_KEY> is unset`) {
		t.Error(err)
	}
}
