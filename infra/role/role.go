// Package role is the IAM roles, with the policies of pkg/permission.
package role

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"

	"keymend/infra/cfn"
	"keymend/pkg/permission"
)

// Props are what the roles need.
type Props struct {
	// Place is where the roles live, with all that they may ever need; its strings
	// may hold CloudFormation's ${…}.
	Place      permission.Place
	Roles      []permission.Role                       // which there are
	Conditions map[permission.Role]awscdk.CfnCondition // of roles that aren't always there
	AllKeys    awscdk.CfnCondition                     // where it holds, writers need no tag on the key; nil: they always do
	Without    []Without
	Tags       []*awscdk.CfnTag
	Boundary   cfn.Optional // ARN of the permissions boundary; the zero value: there is none
}

// Without says what the place lacks where a condition doesn't hold.
type Without struct {
	Condition awscdk.CfnCondition
	Lacks     func(*permission.Place)
	// Either: the condition is that one of several before it holds. It is for
	// statements that each of those is enough for.
	Either bool
}

// Settings are the conditions on which parts of the roles hang by what the settings ask for.
type Settings struct {
	Dedicated, Resumes awscdk.CfnCondition
	ChangesGroups      awscdk.CfnCondition // either of the two
	Copies             awscdk.CfnCondition
	HandsOn            awscdk.CfnCondition // copies, or Dedicated
}

// Without says what the place lacks by the settings.
func (s Settings) Without() []Without {
	return []Without{
		{Condition: s.Dedicated, Lacks: func(p *permission.Place) { p.Suffix = "" }},
		{Condition: s.Resumes, Lacks: func(p *permission.Place) { p.Resumes = false }},
		{Condition: s.ChangesGroups, Either: true, Lacks: func(p *permission.Place) { p.Suffix, p.Resumes = "", false }},
		{Condition: s.Copies, Lacks: func(p *permission.Place) { p.Copies = false }},
		{Condition: s.HandsOn, Either: true, Lacks: func(p *permission.Place) { p.Suffix, p.Copies = "", false }},
	}
}

// New makes the roles, with the policies of pkg/permission. An error means that a policy
// couldn't be written.
func New(scope constructs.Construct, id string, props Props) error {
	in := cfn.Group(scope, id)
	for _, role := range props.Roles {
		d := documents{role: role, props: props}
		trust, err := d.document(permission.Trust)
		if err != nil {
			return err
		}
		policy, err := d.document(permission.Policy)
		if err != nil {
			return err
		}
		made := &awsiam.CfnRoleProps{
			RoleName: new(props.Place.Prefix + string(role)), AssumeRolePolicyDocument: trust,
			Policies: &[]*awsiam.CfnRole_PolicyProperty{{PolicyName: new("keymend"), PolicyDocument: policy}},
		}
		if props.Tags != nil {
			made.Tags = &props.Tags
		}
		if props.Boundary.Given != nil {
			made.PermissionsBoundary = props.Boundary.OrNothing()
		}
		cfn.Place(awsiam.NewCfnRole(in, new(LogicalID(role)), made), props.Conditions[role])
	}
	return nil
}

// LogicalID names a role within the template: key-reader is KeyReaderRole.
func LogicalID(r permission.Role) string {
	id := ""
	for word := range strings.SplitSeq(string(r), "-") {
		id += cfn.Capital(word)
	}
	return id + "Role"
}
