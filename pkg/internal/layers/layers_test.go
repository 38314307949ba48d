package layers_test

import (
	"slices"
	"strings"
	"testing"
)

// The layers of docs/architecture.md.
var (
	pure = []string{
		"pkg/signal", "pkg/activity", "pkg/keypolicy", "pkg/access", "pkg/change", "pkg/kind", "pkg/plan", "pkg/guard",
		"pkg/record", "pkg/history", "pkg/launch", "pkg/precheck", "pkg/coverage", "cmd/keymend/internal/export", "pkg/blueprint", "pkg/doctor", "pkg/enrol", "pkg/whatif",
	}
	zero  = []string{"pkg/settings", "pkg/permission", "pkg/arn", "pkg/slr", "pkg/limit", "pkg/tag", "pkg/outcome", "pkg/quote", "pkg/notify", "infra/template", "infra/cdkcontext", "infra/zip", "infra/steps"}
	shell = []string{
		"pkg/observe", "pkg/keystate", "pkg/apply", "pkg/verify", "pkg/audit", "pkg/remediation", "pkg/account", "pkg/together", "pkg/wiring", "pkg/census",
	}
	sandbox = []string{"pkg/sandbox"}
)

const (
	sdk     = "github.com/aws/aws-sdk-go-v2"
	service = sdk + "/service/"
)

// pureLibraries compute and do nothing else; pure packages may link them.
var pureLibraries = []string{
	"github.com/tidwall/gjson", "github.com/tidwall/match", "github.com/tidwall/pretty",
}

// impure are the standard library's packages that a pure package may not
// import itself (fmt imports os; what counts is what our code can call).
var impure = []string{
	"context", "crypto/rand", "io/ioutil", "log", "log/slog", "math/rand", "math/rand/v2",
	"net", "net/http", "net/rpc", "os", "os/exec", "os/signal", "os/user", "plugin", "syscall", "testing", "unsafe",
}

// Every layer's folders exist: a renamed package must not slip out of its rules.
func TestLayersExist(t *testing.T) {
	all := load(t)
	for _, folder := range slices.Concat(pure, zero, shell, sandbox) {
		found := false
		for path := range all {
			found = found || under(path, module+"/"+folder)
		}
		if !found {
			t.Errorf("no package in %s: the layer rules name a folder that isn't there", folder)
		}
	}
}

func TestPurePackagesOnlyCompute(t *testing.T) {
	all := load(t)
	own(t, func(t *testing.T, p linked) {
		if !underAny(p.ImportPath, pure) {
			return
		}
		for _, imported := range p.Imports {
			if slices.Contains(impure, imported) {
				t.Errorf("imports %s: a pure package has no I/O, clock, randomness or logging", imported)
			}
		}
		for _, dep := range p.Deps {
			if !all[dep].Standard && !underAny(dep, slices.Concat(pure, zero)) && !slices.Contains(pureLibraries, dep) {
				t.Errorf("links %s: a pure package links the standard library, pure libraries, pure and zero packages", dep)
			}
		}
	})
}

func TestZeroPackagesLinkOnlyTheStandardLibrary(t *testing.T) {
	all := load(t)
	own(t, func(t *testing.T, p linked) {
		if !underAny(p.ImportPath, zero) {
			return
		}
		for _, dep := range p.Deps {
			if !all[dep].Standard && !underAny(dep, zero) {
				t.Errorf("links %s: it is shared with infra, which must stay light", dep)
			}
		}
	})
}

func TestServiceClientsStayInTheShell(t *testing.T) {
	may := slices.Concat(shell, sandbox, []string{"functions", "cmd/keymend"})
	own(t, func(t *testing.T, p linked) {
		if underAny(p.ImportPath, may) && !underAny(p.ImportPath, pure) {
			return
		}
		for _, imported := range p.Imports {
			if strings.HasPrefix(imported, service) {
				t.Errorf("imports %s: only shell packages talk to AWS", imported)
			}
		}
	})
}

func TestOnlyTestsLinkTheSuiteOfKinds(t *testing.T) {
	own(t, func(t *testing.T, p linked) {
		for _, dep := range p.Deps {
			if underAny(dep, []string{"pkg/apply/applytest"}) {
				t.Errorf("links %s: it is for tests", dep)
			}
		}
	})
}

func TestOnlyTheTerminalProgramKnowsTheSandbox(t *testing.T) {
	own(t, func(t *testing.T, p linked) {
		if underAny(p.ImportPath, slices.Concat(sandbox, []string{"cmd/keymend"})) {
			return
		}
		for _, dep := range p.Deps {
			if underAny(dep, sandbox) {
				t.Errorf("links %s: the product doesn't know its sandbox", dep)
			}
		}
	})
}

// A Lambda binary is 12 MB; text/template or net/rpc in it makes 45 MB, since
// the linker can then drop no method.
func TestFunctionsLinkOnlyTheEngine(t *testing.T) {
	banned := []string{"text/template", "html/template", "net/rpc", "github.com/alecthomas/kong", "golang.org/x/term"}
	own(t, func(t *testing.T, p linked) {
		if !underAny(p.ImportPath, []string{"functions"}) {
			return
		}
		for _, dep := range p.Deps {
			if slices.Contains(banned, dep) || underAny(dep, []string{"cmd", "pkg/sandbox"}) {
				t.Errorf("links %s", dep)
			}
		}
	})
}

// Which keys a launch uses is written twice, in pkg/launch with pkg/observe and in
// the sandbox, because no outsider can referee it: the two must not share code.
func TestTheSandboxLaunchesByItsOwnRules(t *testing.T) {
	own(t, func(t *testing.T, p linked) {
		if !underAny(p.ImportPath, []string{"pkg/sandbox/ec2", "pkg/sandbox/autoscaling"}) {
			return
		}
		for _, dep := range p.Deps {
			if underAny(dep, []string{"pkg/launch", "pkg/observe"}) {
				t.Errorf("links %s", dep)
			}
		}
	})
}

// The CDK app and its constructs link the CDK, and of the rest only the zero packages
// and the signals, for the rules, with what a failure's text points to, by which signals
// are told apart; the others don't link the CDK.
func TestNothingLinksTheCDK(t *testing.T) {
	own(t, func(t *testing.T, p linked) {
		if underAny(p.ImportPath, []string{"infra"}) && !underAny(p.ImportPath, zero) {
			for _, dep := range p.Deps {
				if under(dep, module) && !underAny(dep, slices.Concat(zero, []string{"infra", "pkg/signal", "pkg/activity"})) {
					t.Errorf("links %s: infra links zero packages, signals and itself", dep)
				}
			}
			return
		}
		for _, dep := range p.Deps {
			for _, cdk := range []string{"github.com/aws/aws-cdk-go", "github.com/aws/jsii-runtime-go", "github.com/aws/constructs-go"} {
				if under(dep, cdk) {
					t.Errorf("links %s: the CDK stays in infra", dep)
				}
			}
		}
	})
}

// Each folder of functions is one Lambda: a main package and nothing beside it
// that another function could come to share.
func TestFunctionsAreMainPackages(t *testing.T) {
	own(t, func(t *testing.T, p linked) {
		if rest, ok := strings.CutPrefix(p.ImportPath, module+"/functions/"); ok && strings.Contains(rest, "/") {
			t.Errorf("is below a function's folder: shared code belongs in pkg")
		}
	})
}
