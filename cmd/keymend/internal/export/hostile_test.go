package export_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	hcljson "github.com/hashicorp/hcl/v2/json"
	"pgregory.net/rapid"

	"keymend/cmd/keymend/internal/export"
	"keymend/pkg/change"
	"keymend/pkg/change/code"
	"keymend/pkg/keypolicy"
	"keymend/pkg/kind/grant"
	"keymend/pkg/kind/group"
	"keymend/pkg/kind/role"
	"keymend/pkg/quote"
	"keymend/pkg/sandbox/conformance/tool"
)

// texts are names as somebody would choose them to break out of where they stand. AWS
// takes none with a zero byte. None ends in end.
func texts(end string) *rapid.Generator[string] {
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{
			`"`, `'`, `\`, "\n", "\r", "${", "%{", "$${", "}", "$", "%", "$(touch x)", "`touch x`", "#", "//", "/*", "*/", "---\n", "\n---\n", "- ", ": ", "{{resolve:ssm:x}}",
			"END", "\nEND\n", "<<EOF", "-", "--profile", "file:///etc/passwd", "https://x", "\x1b[2J", "\x7f", "\u0085", "\u2028", "\u202e", "\ufeff", "\U000e0041", "é", "日本", "😀", " ", "\t", "&", "!", "*",
		}),
		rapid.StringN(0, 3, -1),
	)
	return rapid.Map(rapid.SliceOfN(piece, 0, 6), func(all []string) string {
		return strings.TrimRight(strings.ReplaceAll(strings.ToValidUTF8(strings.Join(all, ""), ""), "\x00", ""), end)
	})
}

// hostile are changes in which everything that somebody else chooses is a text like that.
func hostile(t *rapid.T, end string) export.Changes {
	draw := func(label string) string { return texts(end).Draw(t, label) }
	name := draw("group")
	step := opened(rootOf(account), slrARN)
	step.Key = draw("key")
	steps := change.Steps{
		role.Ensure{Role: "arn:aws:iam::111122223333:role/x/" + draw("role"), Suffix: draw("suffix")}, step,
		grant.Create{Key: draw("key"), Principal: "arn:aws:iam::111122223333:role/" + draw("grantee"), Name: draw("name"), Operations: []string{"Decrypt", "Encrypt"}, Why: draw("why")},
		group.Update{Group: "arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:0a1b:autoScalingGroupName/" + name, Name: name, Before: "/a", After: draw("after")},
	}
	c := changes(steps)
	c.Group, c.Version, c.Profile, c.Look = name, draw("version"), draw("profile"), "keymend diagnose "+quote.Word(name)
	for i := range c.Sections {
		s := &c.Sections[i]
		s.Account, s.Alias, s.Why, s.Notes = account, draw("alias"), []string{draw("because")}, []string{draw("note")}
	}
	return c
}

// asHCL is a text as HCL has it: in one of Unicode's forms. HCL's reader of JSON takes some
// characters only as an escape.
func asHCL(t fataler, text string) string {
	var escaped strings.Builder
	for _, u := range utf16.Encode([]rune(text)) {
		fmt.Fprintf(&escaped, `\u%04x`, u)
	}
	file, problems := hcljson.Parse([]byte(`{"text":"`+escaped.String()+`"}`), "x.json")
	if problems.HasErrors() {
		t.Fatalf("%v", problems)
	}
	all, _ := file.Body.JustAttributes()
	v, _ := all["text"].Expr.Value(nil)
	return v.AsString()
}

// Whatever the names are, Terraform reads the blocks that were meant, with these names.
func TestNothingBreaksOutOfTerraform(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := hostile(t, "")
		text := must(c.Text(export.Terraform))
		all := blocks(t, text)
		if len(all) != 3 || !keypolicy.Equal(policy(t, all[1].Body), wanted(c.Sections[1].Code.Policy.Statements)) {
			t.Fatalf("%d blocks\n%s", len(all), text)
		}
		for i, of := range map[int]code.Code{0: c.Sections[0].Code, 2: c.Sections[2].Code} {
			delete(all[i].Body.Attributes, "depends_on")
			if len(all[i].Body.Attributes) != len(of.Arguments) {
				t.Fatalf("%v\n%s", all[i].Body.Attributes, text)
			}
		}
		for name, want := range map[string]string{"key_id": c.Sections[2].Code.Arguments[0].Value.(string), "grantee_principal": c.Sections[2].To[0]} {
			if got := value(t, all[2].Body, name); got != asHCL(t, want) {
				t.Fatalf("%s: %q, want %q\n%s", name, got, want, text)
			}
		}
		if got := value(t, all[0].Body, "custom_suffix"); got != asHCL(t, c.Sections[0].Code.Arguments[1].Value.(string)) {
			t.Fatalf("%q\n%s", got, text)
		}
	})
}

// Nothing in any format moves a cursor or hides: each line is as a terminal shows it. Of a
// text that ends in a line break no shell has a word that is shown so: see quote.Word.
func TestNothingMovesTheCursor(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := hostile(t, "\n")
		for format := range formats() {
			text := must(c.Text(format))
			if shown := quote.Text(text); shown != text {
				t.Fatalf("%s\n%s", format, cmp.Diff(shown, text))
			}
		}
	})
}

// JSON gives back every name as it was.
func TestNothingBreaksOutOfJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := hostile(t, "")
		var got struct {
			Group   string
			Changes []struct {
				Key, Alias string
				Call       struct{ Parameters map[string]any }
			}
		}
		text := must(c.Text(export.JSON))
		if err := json.Unmarshal([]byte(text), &got); err != nil || strings.Count(text, "\n") != 1 {
			t.Fatalf("%v\n%s", err, text)
		}
		s := c.Sections[2]
		if o := got.Changes[2]; got.Group != c.Group || o.Key != s.Key || o.Alias != s.Alias || o.Call.Parameters["KeyId"] != s.Key || o.Call.Parameters["GranteePrincipal"] != s.To[0] {
			t.Fatalf("%+v\n%s", got, text)
		}
	})
}

// yamls reads YAML documents as PyYAML does, of many texts at once.
func yamls(t *testing.T, all []string) [][]any {
	t.Helper()
	python := tool.Tool{Program: "python3", Probe: []string{"-c", "import yaml; print(yaml.__version__)"}, What: "YAML by a YAML library"}.Need(t)
	run := exec.Command(python, "-c", "import json, sys, yaml; print(json.dumps([list(yaml.safe_load_all(t)) for t in json.load(sys.stdin)]))")
	run.Stdin, run.Stderr = strings.NewReader(string(must(json.Marshal(all)))), os.Stderr
	out, err := run.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got [][]any
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// YAML gives back the statements and the names, whatever they are.
func TestJudgedNothingBreaksOutOfYAML(t *testing.T) {
	t.Parallel()
	const many = 200
	var all []export.Changes
	var written []string
	from := rapid.Custom(func(t *rapid.T) export.Changes { return hostile(t, "") })
	for i := range many {
		c := from.Example(i)
		all, written = append(all, c), append(written, must(c.Text(export.CloudFormation)))
	}
	for i, got := range yamls(t, written) {
		s := all[i].Sections
		if len(got) != 4 || got[2] != nil || got[3] != nil { // a grant and a group: only comments
			t.Fatalf("%d documents\n%s", len(got), written[i])
		}
		if text := must(json.Marshal(map[string]any{"Statement": got[1], "Version": "2012-10-17"})); !keypolicy.Equal(string(text), wanted(s[1].Code.Policy.Statements)) {
			t.Errorf("%s\n%s", text, written[i])
		}
		for _, r := range got[0].(map[string]any) {
			if suffix := r.(map[string]any)["Properties"].(map[string]any)["CustomSuffix"]; suffix != s[0].Code.Arguments[1].Value {
				t.Errorf("%q, want %q\n%s", suffix, s[0].Code.Arguments[1].Value, written[i])
			}
		}
	}
}

// stub stands for the AWS CLI: it writes down what it was called with, and reads the
// policy that is in a file.
const stub = `#!/bin/sh
case "$2" in
get-caller-identity) echo 111122223333; exit ;;
get-key-policy) cat "$POLICY"; echo; exit ;;
get-role) exit 1 ;;
esac
printf '%s\0' "$@" >>"$CALLS"
printf '\n\0' >>"$CALLS"
`

// A shell runs exactly the commands that were meant, whatever the names are.
func TestNothingBreaksOutOfTheScript(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(0, os.WriteFile(filepath.Join(dir, "aws"), []byte(stub), 0o700))
	must(0, os.WriteFile(filepath.Join(dir, "sleep"), []byte("#!/bin/sh\nexit\n"), 0o700))
	rapid.Check(t, func(t *rapid.T) {
		c := hostile(t, "")
		text := must(c.Text(export.CLI))
		calls, before := filepath.Join(dir, "calls"), c.Sections[1].Code.Policy.Before
		must(0, os.WriteFile(calls, nil, 0o600))
		must(0, os.WriteFile(filepath.Join(dir, "policy"), []byte(before), 0o600))
		run := exec.Command("sh", "-s")
		run.Dir, run.Stdin = dir, strings.NewReader(text)
		run.Env = []string{"PATH=" + dir + ":/usr/bin:/bin", "CALLS=" + calls, "POLICY=" + filepath.Join(dir, "policy")}
		if out, err := run.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s\n%s", err, out, text)
		}
		var want []string
		for _, s := range c.Sections {
			want = append(want, called(s.Code))
		}
		if diff := cmp.Diff(strings.Join(want, ""), string(must(os.ReadFile(calls)))); diff != "" {
			t.Fatalf("%s\n%s", diff, text)
		}
		if left := must(os.ReadDir(dir)); len(left) != 4 {
			t.Fatalf("it made a file: %v\n%s", left, text)
		}
	})
}

// called is what the stub writes down of a call.
func called(of code.Code) string {
	names := map[string]string{
		"KeyId": "--key-id", "PolicyName": "--policy-name", "GranteePrincipal": "--grantee-principal", "Operations": "--operations", "Name": "--name",
		"AWSServiceName": "--aws-service-name", "CustomSuffix": "--custom-suffix", "AutoScalingGroupName": "--auto-scaling-group-name", "ServiceLinkedRoleARN": "--service-linked-role-arn",
	}
	verb := map[string]string{
		"PutKeyPolicy": "put-key-policy", "CreateGrant": "create-grant", "CreateServiceLinkedRole": "create-service-linked-role", "UpdateAutoScalingGroup": "update-auto-scaling-group",
	}
	words := []string{of.Service, verb[of.Action]}
	whole := map[string]any{}
	loads := false
	for _, a := range of.Arguments {
		whole[a.Name] = a.Value
		text, isText := a.Value.(string)
		loads = loads || strings.HasPrefix(text, "file://") || strings.HasPrefix(text, "fileb://") || strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://")
		switch {
		case !isText:
			words = append(append(words, names[a.Name]), a.Value.([]string)...)
		case strings.HasPrefix(text, "-"):
			words = append(words, names[a.Name]+"="+text)
		default:
			words = append(words, names[a.Name], text)
		}
	}
	if loads && of.Policy == nil {
		words = []string{of.Service, verb[of.Action], "--cli-input-json", string(must(json.Marshal(whole)))}
	}
	words = append(words, "--region", "eu-west-1")
	if of.Policy != nil {
		words = append(words, "--policy", of.Policy.After)
	}
	return strings.Join(append(words, "\n"), "\x00") + "\x00" // as the stub has it
}
