package export

import (
	"fmt"
	"strings"

	"keymend/pkg/change/code"
	"keymend/pkg/keypolicy"
)

// cloudFormation writes a YAML document for each section: a list of statements, or
// resources.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-key.html
func (c Changes) cloudFormation() (string, error) {
	out := c.head(CloudFormation, "Each part below a line --- goes into a template of the account that it names.")
	for i := range c.Sections {
		out += "---\n" + c.about(i)
		text, err := c.fragment(i)
		if err != nil {
			return "", err
		}
		out += "\n" + text
	}
	return out, nil
}

func (c Changes) fragment(i int) (string, error) {
	s := c.Sections[i]
	of := s.Code.CloudFormation
	switch {
	case s.Code.Policy != nil:
		return c.statementList(i)
	case of.Type == "":
		return c.byHand("CloudFormation", s), nil
	}
	arguments := of.Arguments
	if arguments == nil {
		arguments = s.Code.Arguments
	}
	if of.Part {
		return comment("In the Properties of its "+of.Type+":") + whole(properties("", arguments)), nil
	}
	return comment("Under Resources:") + "Keymend" + s.label() + ":\n  Type: " + quoted(of.Type, long) + "\n  Properties:\n" + properties("    ", arguments), nil
}

func properties(indent string, all code.Arguments) string {
	out := ""
	for _, a := range all {
		out += indent + a.Name + ": " + yaml(a.Value) + "\n"
	}
	return out
}

// yaml writes a value: HCL's lists of quoted texts are YAML's, too.
func yaml(value any) string { return hcl(value) }

// statementList goes into the key's own resource: CloudFormation has none for a policy.
func (c Changes) statementList(i int) (string, error) {
	statements, err := parsed(c.Sections[i].Code.Policy.Statements)
	if err != nil {
		return "", err
	}
	out := comment("CloudFormation has no resource for a key's policy alone. Put these into the template that has the key, in its AWS::KMS::Key under Properties, KeyPolicy, Statement, beside those that are there; one with the same Sid replaces the other.")
	for _, s := range c.Sections[:i] {
		if of := s.Code.CloudFormation; of.Type != "" && !of.Part && s.Account == c.Sections[i].Account {
			out += comment("Where that template has the part above, too, the key gets DependsOn: Keymend" + s.label() + ".")
		}
	}
	for _, st := range statements {
		out += entry(st)
	}
	return out, nil
}

func entry(s keypolicy.Statement) string {
	out := "- Sid: " + yaml(s.Sid) + "\n  Effect: " + yaml(s.Effect) + "\n"
	if s.Principal != nil {
		out += "  Principal:\n    AWS:\n" + list("      ", s.Principal.AWS)
	}
	out += "  Action:\n" + list("    ", s.Action) + "  Resource:\n" + list("    ", s.Resource)
	operator := ""
	for _, c := range s.Condition {
		if operator == "" {
			out += "  Condition:\n"
		}
		if c.Operator != operator { // those of one operator stand together
			out += "    " + yaml(c.Operator) + ":\n"
		}
		operator = c.Operator
		out += fmt.Sprintf("      %s:\n%s", yaml(c.Key), list("        ", c.Values))
	}
	return out
}

func list(indent string, values []string) string {
	var out strings.Builder
	for _, v := range values {
		out.WriteString(indent + "- " + yaml(v) + "\n")
	}
	return out.String()
}
