package access_test

import (
	"encoding/json"
	"testing"

	"keymend/pkg/access"
)

func TestDecisionAsText(t *testing.T) {
	t.Parallel()
	for d, want := range map[access.Decision]string{access.Allowed: `"Allowed"`, access.Denied: `"Denied"`, access.Unknown: `"Unknown"`} {
		text, err := json.Marshal(d)
		if err != nil || string(text) != want {
			t.Errorf("%d is written %s, %v", d, text, err)
		}
		var back access.Decision
		if err := json.Unmarshal(text, &back); err != nil || back != d {
			t.Errorf("%s is read %v, %v", text, back, err)
		}
	}
	var d access.Decision
	if err := json.Unmarshal([]byte(`"allowed"`), &d); err == nil {
		t.Error("read a decision that isn't one")
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		in   []access.Decision
		want access.Decision
	}{
		"nothing":         {nil, access.Unknown},
		"all allowed":     {[]access.Decision{access.Allowed, access.Allowed}, access.Allowed},
		"one unknown":     {[]access.Decision{access.Allowed, access.Unknown}, access.Unknown},
		"one denied":      {[]access.Decision{access.Unknown, access.Denied, access.Allowed}, access.Denied},
		"zero is unknown": {[]access.Decision{0}, access.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var results []access.Result
			for _, d := range tc.in {
				results = append(results, access.Result{Decision: d})
			}
			if got := access.Decide(results); got != tc.want {
				t.Errorf("got %s", got)
			}
		})
	}
}
