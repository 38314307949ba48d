package account

import (
	"maps"
	"slices"
	"strings"

	"keymend/pkg/settings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/constructs-go/constructs/v10"

	"keymend/infra/cdkcontext"
	"keymend/infra/cfn"
	"keymend/infra/queue"
	"keymend/infra/role"
	"keymend/infra/rule"
	"keymend/pkg/permission"
	"keymend/pkg/settings/variable"
	"keymend/pkg/tag"
)

// hubSwitch stops all writes by a hub stack. It isn't the switch that the hub's account
// has as a member.
const hubSwitch = "/keymend/hub/switch"

// A Hub is the account in which the functions of an organization run: the stack of an
// account, in two halves, with a bus that members send AWS's events to.
type Hub struct {
	Organization cdkcontext.Organization
	Props        // the settings, and the functions' code
}

// NewHubRoles makes the stack with the functions' roles, which are global.
func NewHubRoles(scope constructs.Construct, id string, hub Hub) (awscdk.Stack, error) {
	stack := hub.newStack(scope, id, hub.Organization.Regions[0], "The roles of Keymend's functions in the hub of an organization.")
	if err := newParameters(stack, only(hub.parameters(), "foreignKey", "dedicatedRoleSuffix", "resumeSuspended", "switchParameter"), hub.defaults()); err != nil {
		return nil, err
	}
	c := conditions{
		dedicated: cfn.Condition(stack, "Dedicated", cfn.IsSet("DedicatedRoleSuffix")), copies: cfn.Condition(stack, "Copies", cfn.Is("ForeignKey", "copy")),
	}
	c.resumes = cfn.Condition(stack, "Resumes", awscdk.Fn_ConditionNot(cfn.Is("ResumeSuspended", "0")))
	c.changesGroups = cfn.Condition(stack, "ChangesGroups", awscdk.Fn_ConditionOr(c.dedicated, c.resumes))
	c.handsOn = cfn.Condition(stack, "HandsOn", awscdk.Fn_ConditionOr(c.dedicated, c.copies))
	return stack, role.New(stack, "Roles", role.Props{
		Roles: permission.Hub(),
		Place: permission.Place{
			Partition: "${AWS::Partition}", Account: "${AWS::AccountId}", Region: "*", Functions: hub.Organization.HubRegions, Prefix: cfn.Prefix, // the roles serve all hub stacks
			Signals: queue.Signals, Changes: queue.Changes, Looks: queue.Looks, Drift: queue.Drift, SwitchParameter: "${SwitchParameter}",
			Organization: hub.Organization.ID, Hub: "${AWS::AccountId}", Listing: hub.Organization.Administrator, Suffix: "${DedicatedRoleSuffix}", Copies: true, Resumes: true,
		},
		Without: c.settings().Without(),
	})
}

// NewHub makes the stack of one hub Region.
func NewHub(scope constructs.Construct, id, region string, hub Hub) (awscdk.Stack, error) {
	stack := hub.newStack(scope, id, region, "Keymend in one Region of the hub of an organization: what members' events come to, and the functions.")
	if err := newParameters(stack, hub.parameters(), hub.defaults()); err != nil {
		return nil, err
	}
	c := regionConditions(stack)
	queues := newSources(stack, c, hub.newBus(stack))
	env := environment(hub.parameters(), queues, c.dedicated)
	env[variable.Accounts] = new(tag.Organization)
	env[variable.Governed], env[variable.ListingAccount] = new(strings.Join(hub.Organization.Governed(region), ",")), &hub.Organization.Administrator
	run := runs{code: hub.Code, environment: env, diagnose: roleARN(permission.Diagnose), remediate: roleARN(permission.Remediate), organization: true}
	if home := hub.Organization.Regions[0]; region == home {
		run.shown = own(slices.DeleteFunc(slices.Clone(hub.Organization.HubRegions), func(r string) bool { return r == home }))
	}
	newFunctions(stack, c, queues, run)
	return stack, nil
}

// newBus makes the bus, and lets the organization's accounts send to it, by the role
// that Keymend has for that there. EventBridge has no resource control policies: this is
// the wall, beside EventBridge's own, which takes no event from anybody that says it is
// from an AWS service.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-perms.html
func (h Hub) newBus(stack awscdk.Stack) *string {
	cfn.Place(awsevents.NewCfnEventBus(stack, new("Bus"), &awsevents.CfnEventBusProps{Name: new(rule.Bus)}), nil)
	cfn.Place(awsevents.NewCfnEventBusPolicy(stack, new("BusPolicy"), &awsevents.CfnEventBusPolicyProps{
		EventBusName: cfn.Ref("Bus"), StatementId: new("Members"),
		Statement: map[string]any{
			"Sid": "Members", "Effect": "Allow", "Principal": "*", "Action": "events:PutEvents", "Resource": cfn.GetAtt("Bus", "Arn"),
			"Condition": map[string]any{
				"StringEquals": map[string]any{"aws:PrincipalOrgID": h.Organization.ID},
				"ArnLike":      map[string]any{"aws:PrincipalArn": awscdk.Fn_Sub(new("arn:${AWS::Partition}:iam::*:role/"+cfn.Prefix+string(permission.Forwarder)), nil)},
			},
		},
	}), nil)
	return cfn.Ref("Bus")
}

func (h Hub) newStack(scope constructs.Construct, id, region, description string) awscdk.Stack {
	return cfn.NewStack(scope, id, description, &awscdk.Environment{Account: &h.Organization.Hub, Region: &region})
}

// parameters are the account's, but for what the organization decides.
func (h Hub) parameters() []settings.Setting {
	out := without(parameters(), "accounts", "groupAccounts", "rolesOnly")
	for i := range out {
		if out[i].Variable == variable.Scope {
			out[i].Choices, out[i].Help = []string{string(settings.Tagged)}, "tagged: in an organization a key's owner has to enrol it"
		}
	}
	return out
}

// defaults are the settings, but for what the waves ask for. Statements that are
// proposed to the owner of a key elsewhere are the least ones.
func (h Hub) defaults() map[string]string {
	out := maps.Clone(h.Defaults)
	out["accountRegions"] = strings.Join(h.Organization.HubRegions, ",")
	out["switchParameter"], out["scope"], out["foreignStatements"] = hubSwitch, "tagged", "least"
	out["ownKey"] = h.Organization.OfHub(func(w cdkcontext.Wave) string { return w.OwnKey }, "grant")
	out["foreignKey"] = h.Organization.OfHub(func(w cdkcontext.Wave) string { return w.ForeignKey }, "report")
	return out
}

func only(all []settings.Setting, keys ...string) []settings.Setting {
	return slices.DeleteFunc(all, func(s settings.Setting) bool { return !slices.Contains(keys, s.Context) })
}
