package sandbox_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/sandbox"
)

// The table of wire names is made of what the query protocols serve, neither
// less nor more.
func TestEveryServedOperationHasWireNames(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("wire/operations.txt")
	must(t, err)
	listed := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		if name, operations, ok := strings.Cut(line, ":"); ok {
			listed[name] = slices.Sorted(slices.Values(strings.Fields(operations)))
		}
	}
	_, served := sandbox.Served(t)
	for name := range served {
		slices.Sort(served[name])
	}
	if diff := cmp.Diff(served, listed); diff != "" {
		t.Errorf("change wire/operations.txt and run go generate ./pkg/sandbox/wire (-served +listed):\n%s", diff)
	}
}

// docs/sandbox.md names every operation, and none that isn't there.
func TestTheDocumentationListsEveryOperation(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/sandbox.md")
	must(t, err)
	_, section, _ := strings.Cut(string(text), "## What it serves")
	section, _, _ = strings.Cut(section, "\n## ")
	listed := map[string][]string{}
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) == 4 && strings.HasPrefix(cells[1], " `") {
			operations := slices.Sorted(slices.Values(strings.Fields(strings.ReplaceAll(cells[2], ",", ""))))
			listed[strings.Trim(cells[1], " `")] = operations
		}
	}
	served, _ := sandbox.Served(t)
	for name := range served {
		slices.Sort(served[name])
	}
	if diff := cmp.Diff(served, listed); diff != "" {
		t.Errorf("docs/sandbox.md (-served +documented):\n%s", diff)
	}
}

// The sandbox ignores no member of a request in silence: a handler reads it, or it is
// listed as refused or as of no effect, and what is listed isn't read.
func TestEveryMemberIsReadOrListed(t *testing.T) {
	t.Parallel()
	folder := strings.NewReplacer("sts", "iam", "events", "eventbridge", "monitoring", "cloudwatch", "cloudformation", "stackset")
	for service, inputs := range sandbox.Inputs(t) {
		var source strings.Builder
		files, err := filepath.Glob(folder.Replace(service) + "/*.go")
		must(t, err)
		for _, name := range files {
			if !strings.HasSuffix(name, "_test.go") {
				text, err := os.ReadFile(name)
				must(t, err)
				source.Write(text)
			}
		}
		for operation, input := range inputs {
			refused, idle := sandbox.NotServed(service, operation)
			var unread []string
			for f := range reflect.TypeOf(input).Elem().Fields() {
				inside := slices.Contains([]string{"noSmithyDocumentSerde", "DryRun"}, f.Name) // DryRun is the dispatcher's
				if !inside && !regexp.MustCompile(`\.`+f.Name+`\b`).MatchString(source.String()) {
					unread = append(unread, f.Name)
				}
			}
			if diff := cmp.Diff(slices.Sorted(slices.Values(unread)), slices.Sorted(slices.Values(append(refused, idle...)))); diff != "" {
				t.Errorf("%s:%s (-not read +listed):\n%s", service, operation, diff)
			}
		}
	}
}

func TestAnOptionThatIsNotThereIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	_, err := iam.NewFromConfig(w.cfg).CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: new("bounded"), PermissionsBoundary: new("arn:aws:iam::aws:policy/ReadOnlyAccess"),
		AssumeRolePolicyDocument: new(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + account + `"},"Action":"sts:AssumeRole"}]}`)})
	if api := smithy.APIError(nil); !errors.As(err, &api) || api.ErrorCode() != "NotInTheSandbox" || api.ErrorMessage() != "PermissionsBoundary of iam:CreateRole is not in the sandbox" {
		t.Error(err)
	}
}
