package settings_test

import (
	"strings"
	"testing"

	"keymend/pkg/settings"
	"keymend/pkg/settings/variable"
)

func TestServiceLinkedRole(t *testing.T) {
	t.Parallel()
	for value, tc := range map[string]struct{ suffix, problem string }{
		"":                                     {},
		"keep":                                 {},
		"dedicated:payments":                   {suffix: "payments"},
		"dedicated:a_B+=,.@-12":                {suffix: "a_B+=,.@-12"},
		"dedicated:" + strings.Repeat("x", 35): {suffix: strings.Repeat("x", 35)},
		"dedicated:" + strings.Repeat("x", 36): {problem: "36 characters"},
		"dedicated:":                           {problem: "must be keep, or dedicated:"},
		"dedicated":                            {problem: "must be keep, or dedicated:"},
		"Keep":                                 {problem: "must be keep, or dedicated:"},
		"dedicated:two words":                  {problem: "letters, digits and"},
		"dedicated:path/in":                    {problem: "letters, digits and"},
		"dedicated:x\n":                        {problem: "letters, digits and"},
		"dedicated:" + strings.Repeat("\u00e9", 5):          {problem: "letters, digits and"},
		"arn:aws:iam::111122223333:role/aws-service-role/x": {problem: "must be keep, or dedicated:"},
	} {
		c, err := settings.Parse(func(name string) string {
			return map[string]string{variable.Mode: "enforce", variable.ServiceLinkedRole: value}[name]
		})
		if c.Dedicated != tc.suffix {
			t.Errorf("%q: suffix %q", value, c.Dedicated)
		}
		switch {
		case tc.problem == "" && err != nil, tc.problem != "" && (err == nil || !strings.Contains(err.Error(), tc.problem) || c.Mode != "observe"):
			t.Errorf("%q: %v, mode %s, %s", value, err, c.Mode, c.Dedicated)
		}
	}
}
