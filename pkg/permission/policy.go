package permission

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// A document is an IAM policy as JSON has it.
type document struct {
	Version   string
	Statement []statement
}

type statement struct {
	Effect    string
	Principal map[string]any `json:",omitempty"`
	Action    string
	Resource  any        `json:",omitempty"` // one, or several
	Condition conditions `json:",omitempty"`
}

// Policy returns a role's permissions policy, JSON.
func Policy(r Role, p Place) (string, error) {
	d := document{Version: "2012-10-17"}
	for _, permission := range For(r, p) {
		d.Statement = append(d.Statement, statement{
			Effect: "Allow", Action: permission.Action, Resource: permission.Resource, Condition: permission.Condition,
		})
	}
	return d.text()
}

// Trust returns a role's trust policy, JSON. A function's role is the Lambda
// service's; the others are for the functions' roles only. They are named by a
// condition, not as principals: so deleting and making one anew breaks nothing.
// The key reader is for the functions of the accounts whose groups use this one's
// keys, and for nobody here; the policy writer is for those, too.
// The approver and the auditor are for people. In an organization the functions are the
// hub's.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-roles
func Trust(r Role, p Place) (string, error) {
	if p.Organization != "" && (r == Lister || slices.Contains(Members(), r)) {
		return document{Version: "2012-10-17", Statement: p.trustOfMember(r)}.text()
	}
	return document{Version: "2012-10-17", Statement: append(p.ownTrust(r), p.letIn(r)...)}.text()
}

func (p Place) ownTrust(r Role) []statement {
	s := statement{Effect: "Allow", Action: "sts:AssumeRole"}
	switch r {
	case KeyReader:
		return nil
	case Approver:
		return p.approverTrust()
	case Auditor:
		// People of the account whom its IAM policies let assume the role. It changes nothing.
		s.Principal = map[string]any{"AWS": p.at("iam", "", "root")}
	case Diagnose, Remediate:
		s.Principal = map[string]any{"Service": "lambda.amazonaws.com"}
	default:
		by := []string{p.ARN(Remediate)}
		if r == Reader {
			by = []string{p.ARN(Diagnose), p.ARN(Remediate)}
		}
		s.Principal = map[string]any{"AWS": p.at("iam", "", "root")}
		s.Condition = conditions{"ArnEquals": {"aws:PrincipalArn": by}}
	}
	return []statement{s}
}

// SessionPolicy narrows one session of a role to one action on one target, JSON;
// for a target that is given a role, passed is that role's ARN.
func SessionPolicy(action, target string, passed ...string) (string, error) {
	d := document{Version: "2012-10-17", Statement: []statement{{Effect: "Allow", Action: action, Resource: literal(target)}}}
	for _, role := range passed {
		d.Statement = append(d.Statement, statement{Effect: "Allow", Action: "iam:PassRole", Resource: literal(role)})
	}
	return d.text()
}

// literal is a name as a policy has it that means this name only: a group may be called
// "web*", or "${aws:username}".
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-specialchars
func literal(name string) string {
	return strings.NewReplacer("$", "${$}", "*", "${*}", "?", "${?}").Replace(name)
}

func (d document) text() (string, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return "", fmt.Errorf("write policy: %w", err)
	}
	return string(text), nil
}
