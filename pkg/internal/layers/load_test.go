package layers_test

import (
	"encoding/json"
	"errors"
	"flag"
	"io"
	"io/fs"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// module is the path of this module.
const module = "keymend"

// withCDK has the CDK app looked at too. It is off in `make test`, which does
// without the CDK's 463 MB.
var withCDK = flag.Bool("cdk", false, "look at the CDK app too, for which the CDK is downloaded")

// patterns name what the module builds without the CDK, and that, too, if it is
// asked for.
func patterns() []string {
	out := []string{"./cmd/...", "./functions/...", "./pkg/...", "./infra/template/...", "./infra/cdkcontext/...", "./infra/zip/...", "./infra/steps/..."}
	if *withCDK {
		out = append(out, "./infra/...")
	}
	return out
}

// A linked is what `go list -json` says of a package.
type linked struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
	Deps       []string
	Standard   bool
}

// packages lists the named packages and all that they link, by import path.
// The functions' tag is set: without it they link net/rpc.
var packages = sync.OnceValues(func() (map[string]linked, error) {
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return nil, err
	}
	dir := strings.TrimSpace(string(root))
	if err := remember(dir); err != nil {
		return nil, err
	}
	list := exec.Command("go", append([]string{
		"list", "-deps", "-tags", "lambda.norpc",
		"-json=ImportPath,Dir,GoFiles,Imports,Deps,Standard",
	}, patterns()...)...)
	list.Dir = dir
	out, err := list.Output()
	if err != nil {
		return nil, err
	}
	all := map[string]linked{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p linked
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all[p.ImportPath] = p
	}
})

// remember walks the module, so that `go test` knows these tests anew when a
// file comes or goes: what `go list` reads, it doesn't see.
func remember(dir string) error {
	return filepath.WalkDir(dir, func(at string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // gone meanwhile: another test's
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "build"):
			return filepath.SkipDir
		}
		return nil
	})
}

// load returns all packages, or ends the test.
func load(t *testing.T) map[string]linked {
	t.Helper()
	all, err := packages()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		t.Fatalf("go list: %v\n%s", err, exit.Stderr)
	} else if err != nil {
		t.Fatalf("go list: %v", err)
	}
	return all
}

// own calls check for every package of this module.
func own(t *testing.T, check func(t *testing.T, p linked)) {
	t.Helper()
	for _, p := range load(t) {
		if under(p.ImportPath, module) {
			t.Run(strings.TrimPrefix(p.ImportPath, module+"/"), func(t *testing.T) { check(t, p) })
		}
	}
}

// under reports whether the package is root or below it.
func under(pkg, root string) bool { return pkg == root || strings.HasPrefix(pkg, root+"/") }

// underAny reports whether the package is one of the module's folders, or
// below one.
func underAny(pkg string, folders []string) bool {
	for _, f := range folders {
		if under(pkg, path.Join(module, f)) {
			return true
		}
	}
	return false
}
