// Package member is what an account of an organization has of Keymend: roles that the
// hub's functions take, once, and rules that send AWS's events to the hub, in each
// Region. There is no function, queue or asset in it, so that StackSets can deploy it.
package member

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"

	"keymend/infra/cdkcontext"
	"keymend/infra/cfn"
	"keymend/infra/role"
	"keymend/infra/rule"
	"keymend/pkg/permission"
	"keymend/pkg/settings"
)

// Switch is the SSM parameter by which an account's owner stops Keymend there.
const Switch = settings.DefaultSwitch

// Props are what the stacks need.
type Props struct {
	Organization cdkcontext.Organization
	// Suffix is of the service-linked role that groups are moved to; "" = none.
	Suffix string
	// Resume is how many instances a group may lack that is let launch again after Auto
	// Scaling stopped it; "0": none is.
	Resume string
}

// NewRoles makes the stack with the roles, which are global: an account has one. A tag of
// theirs says which template they are of.
func NewRoles(scope constructs.Construct, id string, props Props) (awscdk.Stack, error) {
	tags, err := tagged(props)
	if err != nil {
		return nil, err
	}
	return newRoles(scope, id, props, tags)
}

func newRoles(scope constructs.Construct, id string, props Props, tags []*awscdk.CfnTag) (awscdk.Stack, error) {
	stack := cfn.NewPlainStack(scope, id, "Keymend's roles in an account of an organization, for the functions of its hub.", nil)
	newParameters(stack, append(common(props),
		parameter{"organizationId", "organizationId", "Organization that this account and the hub are in", props.Organization.ID},
		parameter{"dedicatedRoleSuffix", "dedicatedRoleSuffix", "Groups may be moved to AWSServiceRoleForAutoScaling_ and this suffix; none: every group keeps its role", props.Suffix},
		parameter{"resumeSuspended", "resumeSuspended", "Not 0: groups that Auto Scaling stopped may be let launch again", props.Resume},
		parameter{"imageParameters", "imageParameters", "Path under which the SSM parameters are that templates name their images by; it begins and ends with /; none: only AWS's public parameters", props.Organization.ImageParameters},
		parameter{"permissionsBoundary", "permissionsBoundary", "Name of the managed policy that bounds the roles; none: nothing does", props.Organization.PermissionsBoundary},
	))
	c := newConditions(stack)
	return stack, role.New(stack, "Roles", role.Props{
		Roles: permission.Members(), Tags: tags,
		Place: permission.Place{
			Partition: "${AWS::Partition}", Account: "${AWS::AccountId}", Prefix: cfn.Prefix, SwitchParameter: Switch,
			Organization: "${OrganizationId}", Hub: "${HubAccount}", Bus: rule.Bus,
			Groups: []string{"${HubAccount}"}, Suffix: "${DedicatedRoleSuffix}", Copies: true, Resumes: true, ImageParameters: "${ImageParameters}",
		},
		Conditions: map[permission.Role]awscdk.CfnCondition{
			permission.PolicyWriter: c.writesPolicies, permission.GroupWriter: c.changesGroups, permission.Copier: c.copies,
		},
		Without: []role.Without{
			{Condition: c.forOthers, Lacks: func(p *permission.Place) { p.Groups = nil }},
			{Condition: c.dedicated, Lacks: func(p *permission.Place) { p.Suffix = "" }},
			{Condition: c.resumes, Lacks: func(p *permission.Place) { p.Resumes = false }},
			{Condition: c.copies, Lacks: func(p *permission.Place) { p.Copies = false }},
			{Condition: c.images, Lacks: func(p *permission.Place) { p.ImageParameters = "" }},
		},
		Boundary: cfn.Optional{Given: c.bounded, Value: awscdk.Fn_Sub(new("arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/${PermissionsBoundary}"), nil)},
	})
}

type conditions struct{ writesPolicies, forOthers, copies, dedicated, resumes, changesGroups, images, bounded awscdk.CfnCondition }

func newConditions(stack awscdk.Stack) conditions {
	c := conditions{
		forOthers: cfn.Condition(stack, "ForOthers", cfn.Is("ForeignKey", "grant")),
		copies:    cfn.Condition(stack, "Copies", cfn.Is("ForeignKey", "copy")),
		dedicated: cfn.Condition(stack, "Dedicated", cfn.IsSet("DedicatedRoleSuffix")),
		images:    cfn.Condition(stack, "ImagesByParameter", cfn.IsSet("ImageParameters")),
		bounded:   cfn.Condition(stack, "Bounded", cfn.IsSet("PermissionsBoundary")),
	}
	c.resumes = cfn.Condition(stack, "Resumes", awscdk.Fn_ConditionNot(cfn.Is("ResumeSuspended", "0")))
	c.changesGroups = cfn.Condition(stack, "ChangesGroups", awscdk.Fn_ConditionOr(c.dedicated, c.resumes))
	// Else grants are all that the hub can make here.
	c.writesPolicies = cfn.Condition(stack, "WritesPolicies", awscdk.Fn_ConditionOr(awscdk.Fn_ConditionNot(cfn.Is("OwnKey", "grant")), c.forOthers))
	return c
}
