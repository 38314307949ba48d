package layers_test

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

// maxDependencies is how many modules beside AWS's own the module may name.
const maxDependencies = 12

func TestDirectDependenciesAreFew(t *testing.T) {
	out, err := exec.Command("go", "mod", "edit", "-json").Output()
	if err != nil {
		t.Fatalf("go mod edit: %v", err)
	}
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
		Replace, Exclude []any
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	var direct []string
	for _, r := range mod.Require {
		if !r.Indirect && !strings.HasPrefix(r.Path, "github.com/aws/") {
			direct = append(direct, r.Path)
		}
	}
	if len(direct) > maxDependencies {
		t.Errorf("%d direct dependencies beside AWS's own, more than %d: %v", len(direct), maxDependencies, direct)
	}
	if len(mod.Replace)+len(mod.Exclude) > 0 {
		t.Errorf("go.mod replaces or excludes modules: `go install` of this module would not build the same")
	}
}
