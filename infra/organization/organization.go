// Package organization is Keymend in all accounts of an organization: the stacks with the
// StackSets that deploy the members (infra/member), and all stacks of an organization
// together.
//
// CloudFormation's resource for StackSets is used as it is: the library that wraps it
// takes templates as assets only, and doesn't know that one set waits for another.
package organization

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"

	"keymend/infra/account"
	"keymend/infra/cdkcontext"
	"keymend/infra/cfn"
	"keymend/infra/member"
	"keymend/infra/role"
	"keymend/pkg/permission"
)

// NewStacks makes every stack of an organization: those of the hub, the members', which
// are for accounts that StackSets don't reach, and that with the StackSets. An error is
// about what it was given; nothing has to be synthesised then.
func NewStacks(scope constructs.Construct, hub account.Hub) error {
	if _, err := account.NewHubRoles(scope, "keymend-hub-roles", hub); err != nil {
		return err
	}
	for _, region := range hub.Organization.HubRegions {
		if _, err := account.NewHub(scope, "keymend-hub-"+region, region, hub); err != nil {
			return err
		}
	}
	props := member.Props{Organization: hub.Organization, Suffix: hub.Defaults["dedicatedRoleSuffix"], Resume: hub.Defaults["resumeSuspended"]}
	if _, err := member.NewRoles(scope, "keymend-member-roles", props); err != nil {
		return err
	}
	member.NewRegion(scope, "keymend-member-region", props)
	texts, err := member.Synthesise(props)
	if err != nil {
		return err
	}
	for _, wave := range hub.Organization.Waves {
		sets{props, texts}.newWave(scope, wave)
	}
	return newLister(scope, hub.Organization)
}

// newLister makes the stack with the role that lists the organization's accounts, for
// the account that deploys the StackSets: the hub's account may not list them.
func newLister(scope constructs.Construct, o cdkcontext.Organization) error {
	stack := cfn.NewPlainStack(scope, cfn.Prefix+string(permission.Lister),
		"Lets Keymend's hub list the accounts of the organization. For the account that deploys its StackSets, once.", &awscdk.Environment{Region: &o.Regions[0]})
	return role.New(stack, "Roles", role.Props{Roles: []permission.Role{permission.Lister}, Place: permission.Place{
		Partition: "${AWS::Partition}", Account: "${AWS::AccountId}", Prefix: cfn.Prefix, Organization: o.ID, Hub: o.Hub,
	}})
}

// sets are what the StackSets are made of.
type sets struct {
	member.Props
	texts member.Texts
}

// newWave makes the stack of a wave, with two StackSets: its roles, and after them its
// rules. Each wave has a stack of its own, so that one can be deployed, and looked at,
// before the other.
func (s sets) newWave(scope constructs.Construct, wave cdkcontext.Wave) {
	// It is small enough to need no bucket in the account that deploys it.
	stack := cfn.NewPlainStack(scope, cfn.Prefix+named("organization", wave),
		"Keymend in the accounts of an organization, by StackSets. Deploy the hub's stacks first.", &awscdk.Environment{Region: &s.Organization.Regions[0]})
	awscdk.NewCfnParameter(stack, new("ManagementAccount"), &awscdk.CfnParameterProps{
		Type: new("String"), Default: s.Organization.Management, AllowedPattern: new("[0-9]{12}"),
		Description: new("Account that ARNs of StackSets name: the management account, also where a delegated administrator made them"),
	})
	roles := s.newSet(stack, wave, "Roles", s.texts.Roles, map[string]string{
		"HubAccount": s.Organization.Hub, "OrganizationId": s.Organization.ID, "OwnKey": wave.OwnKey, "ForeignKey": wave.ForeignKey,
		"DedicatedRoleSuffix": s.Suffix, "ResumeSuspended": s.Resume, "ImageParameters": s.Organization.ImageParameters, "PermissionsBoundary": s.Organization.PermissionsBoundary,
	}, nil)
	s.newSet(stack, wave, "Regions", s.texts.Region, map[string]string{
		"HubAccount": s.Organization.Hub, "OwnKey": wave.OwnKey, "ForeignKey": wave.ForeignKey, "Mode": wave.Mode,
	}, roles)
}

// named adds a wave's name to what the main wave has by a name.
func named(name string, wave cdkcontext.Wave) string {
	return strings.TrimSuffix(name+"-"+wave.Name, "-")
}

// newSet makes one StackSet. Accounts that join a unit later get its stacks, and lose
// them when they leave. Where it comes after another, so it does for them.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-stackset.html
func (s sets) newSet(stack awscdk.Stack, wave cdkcontext.Wave, what, text string, parameters map[string]string, after awscdk.CfnStackSet) awscdk.CfnStackSet {
	name := strings.ToLower(what)
	props := &awscdk.CfnStackSetProps{
		StackSetName: new(wave.StackSet(name)), Description: new("Keymend in members: " + name), PermissionModel: new("SERVICE_MANAGED"),
		CallAs: new("SELF"), TemplateBody: &text, ManagedExecution: map[string]any{"Active": true}, // the CDK writes its own type in lower case
		Parameters: set(parameters), OperationPreferences: s.preferences(wave, what),
	}
	if s.Organization.Delegated {
		props.CallAs = new("DELEGATED_ADMIN")
	}
	auto := &awscdk.CfnStackSet_AutoDeploymentProperty{Enabled: true, RetainStacksOnAccountRemoval: false}
	regions := s.Organization.Regions
	if what == "Roles" {
		props.Capabilities, regions = &[]*string{new("CAPABILITY_NAMED_IAM")}, regions[:1]
	}
	if after != nil {
		auto.DependsOn = &[]*string{awscdk.Fn_Sub(new("arn:${AWS::Partition}:cloudformation:${AWS::Region}:${ManagementAccount}:stackset/${"+*after.Node().Id()+".StackSetId}"), nil)}
	}
	props.AutoDeployment = auto
	props.StackInstancesGroup = &[]any{&awscdk.CfnStackSet_StackInstancesProperty{
		DeploymentTargets: &awscdk.CfnStackSet_DeploymentTargetsProperty{OrganizationalUnitIds: cfn.Texts(wave.Units)}, Regions: cfn.Texts(regions),
	}}
	made := awscdk.NewCfnStackSet(stack, &what, props)
	cfn.Place(made, nil)
	return made
}

// preferences: a canary tolerates no failure, and its Regions come one after the other.
// A tolerance of none on a thousand accounts would never end.
func (s sets) preferences(wave cdkcontext.Wave, what string) *awscdk.CfnStackSet_OperationPreferencesProperty {
	tolerance := s.Organization.FailureTolerance
	if wave.Name != "" {
		tolerance = 0
	}
	out := &awscdk.CfnStackSet_OperationPreferencesProperty{
		MaxConcurrentPercentage: cfn.Number(s.Organization.MaxConcurrent), FailureTolerancePercentage: cfn.Number(tolerance), ConcurrencyMode: new("SOFT_FAILURE_TOLERANCE"),
	}
	switch {
	case what == "Roles":
	case wave.Name != "":
		out.RegionConcurrencyType, out.RegionOrder = new("SEQUENTIAL"), cfn.Texts(s.Organization.Regions)
	default:
		out.RegionConcurrencyType = new("PARALLEL")
	}
	return out
}

// set gives the parameters in the order of their names.
func set(parameters map[string]string) *[]any {
	out := []any{}
	for _, key := range slices.Sorted(maps.Keys(parameters)) {
		out = append(out, &awscdk.CfnStackSet_ParameterProperty{ParameterKey: &key, ParameterValue: new(parameters[key])})
	}
	return &out
}
