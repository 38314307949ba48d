package export_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"keymend/cmd/keymend/internal/export"
	"keymend/pkg/change"
	"keymend/pkg/keypolicy"
)

// blocks reads a configuration as Terraform does.
func blocks(t fataler, text string) []*hclsyntax.Block {
	t.Helper()
	file, problems := hclsyntax.ParseConfig([]byte(text), "export.tf", hcl.InitialPos)
	if problems.HasErrors() {
		t.Fatalf("%v\n%s", problems, text)
	}
	return file.Body.(*hclsyntax.Body).Blocks
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// value evaluates an argument: a text, or a list of texts; nil where there is none.
func value(t fataler, body *hclsyntax.Body, name string) any {
	t.Helper()
	a, ok := body.Attributes[name]
	if !ok {
		return nil
	}
	v, problems := a.Expr.Value(nil)
	if problems.HasErrors() {
		t.Fatalf("%s: %v", name, problems)
	}
	if !v.CanIterateElements() {
		return v.AsString()
	}
	var out []string
	for _, e := range v.AsValueSlice() {
		out = append(out, e.AsString())
	}
	return out
}

// policy is what aws_iam_policy_document makes of its statements.
// https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document
func policy(t fataler, document *hclsyntax.Body) string {
	t.Helper()
	var all []map[string]any
	for _, b := range document.Blocks {
		s := map[string]any{"Sid": value(t, b.Body, "sid"), "Effect": value(t, b.Body, "effect"), "Action": value(t, b.Body, "actions"), "Resource": value(t, b.Body, "resources")}
		conditions := map[string]map[string]any{}
		for _, part := range b.Body.Blocks {
			if part.Type == "principals" {
				s["Principal"] = map[string]any{value(t, part.Body, "type").(string): value(t, part.Body, "identifiers")}
				continue
			}
			test := value(t, part.Body, "test").(string)
			if conditions[test] == nil {
				conditions[test] = map[string]any{}
			}
			conditions[test][value(t, part.Body, "variable").(string)] = value(t, part.Body, "values")
		}
		if len(conditions) > 0 {
			s["Condition"] = conditions
		}
		all = append(all, s)
	}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": all})
	if err != nil {
		t.Fatalf("%v", err)
	}
	return string(text)
}

// wanted are a section's statements as a policy of their own.
func wanted(all []string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(all, ",") + `]}`
}

// Terraform takes each file, and gets from it the statements and the arguments of the plan.
func TestTerraformSaysWhatThePlanDoes(t *testing.T) {
	t.Parallel()
	documents, resources := 0, 0
	for name, steps := range scenarios() {
		c := changes(steps)
		text, err := c.Text(export.Terraform)
		if err != nil {
			t.Fatal(err)
		}
		all := blocks(t, text)
		if name == "two-roles" { // one policy, opened to both
			c.Sections = c.Sections[1:]
		}
		for _, s := range c.Sections {
			p, of := s.Code.Policy, s.Code.Terraform
			if p == nil && (of.Type == "" || of.Part) {
				continue // a comment
			}
			if len(all) == 0 {
				t.Fatalf("%s: nothing for %s", name, s.Does)
			}
			b := all[0]
			all = all[1:]
			if p != nil {
				documents++
				if got := policy(t, b.Body); b.Labels[0] != "aws_iam_policy_document" || !keypolicy.Equal(got, wanted(p.Statements)) {
					t.Errorf("%s: %q\n%s\n%s", name, b.Labels, got, wanted(p.Statements))
				}
				continue
			}
			resources++
			if b.Type != "resource" || b.Labels[0] != of.Type || len(b.Body.Attributes) == 0 {
				t.Errorf("%s: %s %q", name, b.Type, b.Labels)
			}
		}
		if len(all) > 0 {
			t.Errorf("%s: %d blocks too many", name, len(all))
		}
	}
	if documents != 5 || resources != 5 {
		t.Errorf("%d documents, %d resources: something wasn't looked at", documents, resources)
	}
}

// A resource has the arguments that its provider knows.
func TestGrantInTerraform(t *testing.T) {
	t.Parallel()
	body := blocks(t, must(changes(scenarios()["grant"]).Text(export.Terraform)))[0].Body
	if value(t, body, "key_id") != ours || value(t, body, "grantee_principal") != slrARN || len(value(t, body, "operations").([]string)) != 8 || value(t, body, "name") != "keymend-0123456789abcdef" || len(body.Attributes) != 4 {
		t.Errorf("%v", body.Attributes)
	}
	body = blocks(t, must(changes(scenarios()["dedicated-role"]).Text(export.Terraform)))[0].Body
	if value(t, body, "aws_service_name") != "autoscaling.amazonaws.com" || value(t, body, "custom_suffix") != "web" || len(body.Attributes) != 2 {
		t.Errorf("%v", body.Attributes)
	}
}

// What rests on a role that is made beside it waits for the role.
func TestTheRoleComesFirst(t *testing.T) {
	t.Parallel()
	steps := scenarios()["dedicated-role"]
	c := changes(change.Steps{steps[0], steps[1], granted(ours)})
	text := must(c.Text(export.Terraform))
	all := blocks(t, text)
	label := all[0].Labels[0] + "." + all[0].Labels[1]
	if _, ok := all[2].Body.Attributes["depends_on"]; !ok || strings.Count(text, "depends_on = ["+label+"]") != 2 {
		t.Errorf("%s", text)
	}
	if c.Sections[0].Account = owner; strings.Contains(must(c.Text(export.Terraform)), "depends_on") {
		t.Error("it waits for what another configuration makes")
	}
}

// The commented lines are code, too, once the comment's mark is gone.
func TestTheWiringIsTerraform(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("testdata", "own-key.tf"))
	if err != nil {
		t.Fatal(err)
	}
	var code []string
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "#   "); ok && !strings.HasPrefix(line, "#       ") {
			code = append(code, rest)
		}
	}
	all := blocks(t, strings.Join(code, ""))
	if len(all) != 2 || all[0].Labels[0] != "aws_iam_policy_document" || all[1].Labels[0] != "aws_kms_key_policy" || value(t, all[1].Body, "key_id") != ours {
		t.Errorf("%d blocks\n%s", len(all), strings.Join(code, ""))
	}
}
