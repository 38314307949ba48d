package export_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"keymend/cmd/keymend/internal/export"
	"keymend/pkg/keypolicy"
	"keymend/pkg/sandbox/conformance/tool"
)

// Each JSON is valid by its schema.
func TestJSONIsValid(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "..", "..", "..", "docs", "schemas", "export.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, steps := range scenarios() {
		text := must(changes(steps).Text(export.JSON))
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(text)))
		if err == nil {
			err = schema.Validate(value)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A YAML library reads the statements of the plan from each fragment.
func TestJudgedCloudFormationSaysWhatThePlanDoes(t *testing.T) {
	t.Parallel()
	var names, written []string
	for name, steps := range scenarios() {
		names, written = append(names, name), append(written, must(changes(steps).Text(export.CloudFormation)))
	}
	lists := 0
	for i, documents := range yamls(t, written) {
		c := changes(scenarios()[names[i]])
		if names[i] == "two-roles" { // one policy, opened to both
			c.Sections = c.Sections[1:]
		}
		if len(documents) != len(c.Sections) {
			t.Errorf("%s: %d documents", names[i], len(documents))
			continue
		}
		for j, s := range c.Sections {
			if s.Code.Policy == nil {
				continue
			}
			lists++
			text := must(json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": documents[j]}))
			if !keypolicy.Equal(string(text), wanted(s.Code.Policy.Statements)) {
				t.Errorf("%s: %s", names[i], text)
			}
		}
	}
	if lists != 5 {
		t.Errorf("%d lists of statements: something wasn't looked at", lists)
	}
}

// cfn-lint takes each fragment where it belongs in a whole template.
func TestJudgedCfnLint(t *testing.T) {
	t.Parallel()
	lint := tool.Tool{Program: "cfn-lint", Probe: []string{"--version"}, What: "the fragments by cfn-lint"}.Need(t)
	var files []string
	for name, steps := range scenarios() {
		for _, fragment := range strings.Split(must(changes(steps).Text(export.CloudFormation)), "\n---\n")[1:] {
			if whole := inTemplate(fragment); whole != "" {
				files = append(files, filepath.Join(t.TempDir(), name+".yaml"))
				must(0, os.WriteFile(files[len(files)-1], []byte(whole), 0o600))
			}
		}
	}
	if len(files) != 6 {
		t.Errorf("%d fragments: something wasn't looked at", len(files))
	}
	out, err := exec.Command(lint, append([]string{"--regions", "eu-west-1", "--"}, files...)...).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// inTemplate is a whole one with the fragment in its place; "" = it is only comments.
func inTemplate(fragment string) string {
	indented := func(by string) string {
		return by + strings.ReplaceAll(strings.TrimSpace(fragment), "\n", "\n"+by) + "\n"
	}
	switch {
	case strings.Contains(fragment, "\n- Sid:"):
		return `AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Key:
    Type: AWS::KMS::Key
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      KeyPolicy:
        Version: "2012-10-17"
        Statement:
          - Sid: EnableRoot
            Effect: Allow
            Principal: {AWS: !Sub "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}
            Action: kms:*
            Resource: "*"
` + indented("          ")
	case strings.Contains(fragment, "\nKeymend"):
		return "AWSTemplateFormatVersion: \"2010-09-09\"\nResources:\n" + indented("  ")
	}
	return ""
}
