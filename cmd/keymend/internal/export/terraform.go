package export

import (
	"cmp"
	"fmt"
	"strings"

	"keymend/pkg/change/code"
	"keymend/pkg/keypolicy"
)

// terraform writes a file for each account's configuration, one below the other.
// https://registry.terraform.io/providers/hashicorp/aws/latest/docs
func (c Changes) terraform() (string, error) {
	out := c.head(Terraform)
	for i, s := range c.Sections {
		out += c.about(i)
		text, err := c.block(s, c.before(i))
		if err != nil {
			return "", err
		}
		out += "\n" + text + "\n"
	}
	return strings.TrimSuffix(out, "\n"), nil
}

// before are the resources that have to be there first, and are made by the same
// configuration.
func (c Changes) before(i int) []string {
	var out []string
	for _, s := range c.Sections[:i] {
		if of := s.Code.Terraform; s.Account == c.Sections[i].Account && s.Code.Policy == nil && of.Type != "" && !of.Part {
			out = append(out, of.Type+".keymend_"+s.label())
		}
	}
	return out
}

// dependsOn is an argument of a resource; "" = it needs nothing before it.
func dependsOn(first []string) string {
	if len(first) == 0 {
		return ""
	}
	return "\n  depends_on = [" + strings.Join(first, ", ") + "]\n"
}

func (c Changes) block(s Section, first []string) (string, error) {
	of := s.Code.Terraform
	switch {
	case s.Code.Policy != nil:
		return document(s, first)
	case of.Type == "":
		return c.byHand("Terraform", s), nil
	case of.Part:
		return comment("In its "+of.Type+":") + whole(assignments("", of.Arguments)), nil
	}
	arguments := of.Arguments
	if arguments == nil {
		arguments = s.Code.Arguments
	}
	return fmt.Sprintf("resource %q %q {\n%s%s}\n", of.Type, "keymend_"+s.label(), assignments("  ", arguments), dependsOn(first)), nil
}

// byHand says what a tool has nothing for.
func (c Changes) byHand(tool string, s Section) string {
	if s.Code.Action == "" {
		return comment("Nothing can be written down for this beforehand: keymend diagnose --apply does it once the steps before it are done.")
	}
	return comment(tool+" has no resource for this. Someone of account "+s.Account+" runs:") + whole(c.command(s.Code))
}

// assignments are aligned as terraform fmt has them.
func assignments(indent string, all code.Arguments) string {
	width := 0
	for _, a := range all {
		width = max(width, len(snake(a.Name)))
	}
	out := ""
	for _, a := range all {
		out += fmt.Sprintf("%s%-*s = %s\n", indent, width, snake(a.Name), hcl(a.Value))
	}
	return out
}

// hcl writes a value.
func hcl(value any) string {
	switch v := value.(type) {
	case string:
		return quoted(v, long)
	case []string:
		all := make([]string, len(v))
		for i, text := range v {
			all[i] = quoted(text, long)
		}
		return "[" + strings.Join(all, ", ") + "]"
	}
	return fmt.Sprint(value)
}

// document is the statements as a policy document of their own, which the owner's own
// document takes in.
func document(s Section, first []string) (string, error) {
	statements, err := parsed(s.Code.Policy.Statements)
	if err != nil {
		return "", err
	}
	name := "keymend_" + s.label()
	out := fmt.Sprintf("data \"aws_iam_policy_document\" %q {\n", name)
	for i, st := range statements {
		if i > 0 {
			out += "\n"
		}
		out += "  statement {\n" + statement(st) + "  }\n"
	}
	return out + "}\n\n" + wiring(s, name, first), nil
}

func statement(s keypolicy.Statement) string {
	out := assignments("    ", code.Arguments{{Name: "Sid", Value: s.Sid}, {Name: "Effect", Value: s.Effect}, {Name: "Actions", Value: s.Action}, {Name: "Resources", Value: s.Resource}})
	if s.Principal != nil {
		out += "\n    principals {\n" + assignments("      ", code.Arguments{{Name: "Type", Value: "AWS"}, {Name: "Identifiers", Value: s.Principal.AWS}}) + "    }\n"
	}
	for _, c := range s.Condition {
		out += "\n    condition {\n" + assignments("      ", code.Arguments{{Name: "Test", Value: c.Operator}, {Name: "Variable", Value: c.Key}, {Name: "Values", Value: c.Values}}) + "    }\n"
	}
	return out
}

// wiring says how the owner's code takes the statements in: the policy is one document.
func wiring(s Section, name string, first []string) string {
	return comment("The policy is one document, its owner's: this one goes into it. Where the key's policy is made, name it as below; the rest stays as it is. A statement with the same Sid is replaced.") +
		whole(`data "aws_iam_policy_document" "key" {
  # … your own statements, or source_policy_documents …
  override_policy_documents = [data.aws_iam_policy_document.`+name+`.json]
}

resource "aws_kms_key_policy" "key" {
  key_id = `+quoted(cmp.Or(s.Key, "KEY"), long)+`
  policy = data.aws_iam_policy_document.key.json
`+dependsOn(first)+`}`)
}

// parsed reads statements as a policy has them.
func parsed(statements []string) ([]keypolicy.Statement, error) {
	d, err := keypolicy.Parse(`{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`)
	if err != nil {
		return nil, fmt.Errorf("export statements: %w", err)
	}
	return d.Statements(), nil
}
