package access_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/access"
	"keymend/pkg/access/jsonlines"
)

var update = flag.Bool("update", false, "write the golden files")

// A caseFile is a group of cases with the source of the rule that they show.
// In its text @SLR@, @KEY@, … stand for the names in placeholders.
type caseFile struct {
	Source string       `json:"source"`
	Cases  []accessCase `json:"cases"`
}

// An accessCase is one question of the table. What isn't there is the ordinary
// case: the default service-linked role, an Enabled key of its account, no
// grants, the context of a launch.
type accessCase struct {
	Name       string                     `json:"name"`
	Principal  string                     `json:"principal"`
	RoleID     string                     `json:"roleId"`
	Key        json.RawMessage            `json:"key"`
	KeyState   string                     `json:"keyState"`
	Policy     json.RawMessage            `json:"policy"`     // a document, or …
	Statements []json.RawMessage          `json:"statements"` // … its statements
	Grants     json.RawMessage            `json:"grants"`
	Identity   []json.RawMessage          `json:"identity"`
	Context    map[string]json.RawMessage `json:"context"` // over that of a launch; "?" = unknown
	Bare       bool                       `json:"bare"`    // not a launch: only Context

	Want        map[string]string `json:"want"` // operation ("*" = all eight): decision, reason and what decided
	NearMisses  []string          `json:"nearMisses"`
	UnknownKeys []string          `json:"unknownKeys"`
	CouldNotSee []string          `json:"couldNotSee"` // "@ORG@": what may bind an ordinary principal
}

func operations() []string {
	return []string{"CreateGrant", "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"}
}

func placeholders() *strings.Replacer {
	role := func(account, suffix string) string {
		return "arn:aws:iam::" + account + ":role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling" + suffix
	}
	return strings.NewReplacer(
		"@A@", "111122223333", "@B@", "444455556666",
		"@SLR@", role("111122223333", ""), "@SLR_X@", role("111122223333", "_x"), "@SLR_B@", role("444455556666", ""),
		"@SPOT@", "arn:aws:iam::111122223333:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot",
		"@KEY@", "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-5e6f-1a2b-3c4d-5e6f1a2b3c4d",
		"@KEY_B@", "arn:aws:kms:eu-west-1:444455556666:key/9a8b7c6d-5e6f-1a2b-3c4d-5e6f1a2b3c4d",
		"@ROOT@", "arn:aws:iam::111122223333:root", "@ROOT_B@", "arn:aws:iam::444455556666:root",
		"@SESSION@", "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForAutoScaling/AutoScaling",
		"@ROLE@", "arn:aws:iam::111122223333:role/keymend/writer", "@ROLE_B@", "arn:aws:iam::444455556666:role/admin",
		"@DEAD@", "AROAEXAMPLEEXAMPLE123",
		`"@EIGHT@"`, `"Encrypt","Decrypt","ReEncryptFrom","ReEncryptTo","GenerateDataKey","GenerateDataKeyWithoutPlaintext","DescribeKey","CreateGrant"`,
		`"@USE@"`, `"kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey"`,
	)
}

func readCases(t *testing.T, path string) caseFile {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var f caseFile
	d := json.NewDecoder(strings.NewReader(placeholders().Replace(string(text))))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return f
}

// line writes the case as a line for `keymend access`.
func (c accessCase) line(t *testing.T) []byte {
	t.Helper()
	q := map[string]any{"id": c.Name, "principal": c.Principal, "roleId": c.RoleID, "operations": c.operations(), "context": c.context(t)}
	if c.Principal == "" {
		q["principal"] = placeholders().Replace("@SLR@")
	}
	q["key"], q["keyState"], q["grants"] = c.key(), "Enabled", c.Grants
	if c.KeyState != "" {
		q["keyState"] = strings.Trim(c.KeyState, "?")
	}
	if c.Grants == nil {
		q["grants"] = []string{}
	}
	switch {
	case c.Policy != nil:
		q["policy"] = c.Policy
	case c.Statements != nil:
		q["policy"] = map[string]any{"Version": "2012-10-17", "Statement": c.Statements}
	}
	if c.Identity != nil {
		q["identityPolicies"] = c.Identity
	}
	out, err := json.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (c accessCase) key() json.RawMessage {
	if c.Key == nil {
		return json.RawMessage(placeholders().Replace(`"@KEY@"`))
	}
	return c.Key
}

func (c accessCase) operations() []string {
	if _, all := c.Want["*"]; all {
		return operations()
	}
	return slices.Sorted(maps.Keys(c.Want))
}

func (c accessCase) context(t *testing.T) map[string]any {
	t.Helper()
	out := map[string]any{}
	if !c.Bare {
		who := c.Principal
		if who == "" {
			who = placeholders().Replace("@SLR@")
		}
		var key string
		if err := json.Unmarshal(c.key(), &key); err != nil {
			key = placeholders().Replace("@KEY@")
		}
		for name, v := range access.LaunchContext(access.Principal{ARN: who, ID: c.RoleID}, key).Values {
			out[name] = v
			if v == nil {
				out[name] = nil
			}
		}
	}
	for name, v := range c.Context {
		if string(v) == `"?"` {
			delete(out, strings.ToLower(name))
			continue
		}
		out[strings.ToLower(name)] = v
	}
	return out
}

func (c accessCase) ask(t *testing.T) []access.Result {
	t.Helper()
	return askLine(t, c.line(t))
}

// askLine runs a question through the line processor.
func askLine(t *testing.T, line []byte) []access.Result {
	t.Helper()
	var out bytes.Buffer
	bad, err := jsonlines.Process(bytes.NewReader(line), &out)
	if err != nil || bad != 0 {
		t.Fatalf("%d bad lines, %v: %s", bad, err, out.String())
	}
	var results []access.Result
	d := json.NewDecoder(&out)
	for d.More() {
		var r access.Result
		if err := d.Decode(&r); err != nil {
			t.Fatal(err)
		}
		results = append(results, r)
	}
	return results
}

func (c accessCase) check(t *testing.T, r access.Result) {
	t.Helper()
	want, ok := c.Want[r.Operation]
	if !ok {
		want = c.Want["*"]
	}
	got := strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Decision, r.Reason, r.DecidedBy))
	if got != want && !strings.HasPrefix(got, want+" ") {
		t.Errorf("%s: got %q, want %q\n%s", r.Operation, got, want, strings.Join(r.Trace, "\n"))
	}
}

func TestCases(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/cases/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatal("no cases", err)
	}
	for _, path := range paths {
		f := readCases(t, path)
		if f.Source == "" {
			t.Errorf("%s names no source", path)
		}
		for _, c := range f.Cases {
			t.Run(filepath.Base(path)+"/"+c.Name, func(t *testing.T) {
				t.Parallel()
				runCase(t, c)
			})
		}
	}
}

func runCase(t *testing.T, c accessCase) {
	results := c.ask(t)
	var misses, keys, unseen []string
	for _, r := range results {
		c.check(t, r)
		for _, m := range r.NearMisses {
			misses = append(misses, m.Source+" "+string(m.Reason))
		}
		keys = append(keys, r.UnknownKeys...)
		unseen = append(unseen, r.CouldNotSee...)
	}
	for name, pair := range map[string][2][]string{
		"near-misses":   {c.NearMisses, misses},
		"unknown keys":  {c.UnknownKeys, keys},
		"could not see": {c.expectUnseen(), unseen},
	} {
		if diff := cmp.Diff(distinct(pair[0]), distinct(pair[1])); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func (c accessCase) expectUnseen() []string {
	out := slices.Clone(c.CouldNotSee)
	for i := range out {
		out[i] = strings.ReplaceAll(out[i], "@ORG@", "organization policies and a permissions boundary, which may keep "+c.Principal+" from what is allowed here")
	}
	return out
}

func distinct(s []string) []string {
	s = slices.Sorted(slices.Values(s))
	return slices.Compact(s)
}

// TestExplanations shows what an operator reads for each near-miss, and for the
// unusual forms of access.
func TestExplanations(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	var cases []accessCase
	for _, group := range []string{"nearmiss", "unusual", "earlier", "denies"} {
		cases = append(cases, readCases(t, "testdata/cases/"+group+".json").Cases...)
	}
	for _, c := range cases {
		fmt.Fprintf(&b, "== %s\n", c.Name)
		var explained []string
		by := map[string][]string{} // operations with the same explanation
		for _, r := range c.ask(t) {
			text := explanation(r)
			if by[text] == nil {
				explained = append(explained, text)
			}
			by[text] = append(by[text], r.Operation)
		}
		for _, text := range explained {
			b.WriteString(strings.Join(by[text], ", ") + text)
		}
	}
	golden(t, "testdata/explanations.golden", b.String())
}

func explanation(r access.Result) string {
	text := strings.TrimSpace(fmt.Sprintf(" %s: %s %s", r.Decision, access.Explain(r.Reason), r.DecidedBy)) + "\n" + pointed(r.Element.Member, r.Element.Value, r.Element.Part)
	for _, m := range r.NearMisses {
		text += "  near " + m.Text + "\n" + pointed(m.Element.Member, m.Element.Value, m.Element.Part)
	}
	for _, line := range r.Trace {
		text += "  " + line + "\n"
	}
	return " " + text
}

// pointed shows an element with what decides in it between arrows.
func pointed(member, value, part string) string {
	if member == "" {
		return ""
	}
	if part == "" {
		part = value
	}
	return "    at " + member + ": " + strings.Replace(value, part, "->"+part+"<-", 1) + "\n"
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}
