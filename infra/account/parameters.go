package account

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"keymend/infra/cdkcontext"
	"keymend/infra/cfn"
)

// A parameter of the template is a setting, without its default: that comes from
// the CDK's context.
type parameter struct {
	name, description string
	allowed           []string
	pattern           string
	kind              string // "" = String
}

func parameters() []parameter {
	return []parameter{
		{name: "Mode", description: "observe: record only; propose: publish plans; enforce: carry out what is consented to", allowed: []string{"observe", "propose", "enforce"}},
		{name: "Scope", description: "tagged: keys that their owners enrolled by tag keymend=remediate, with or without a day; all: every key of this account, and the writers' roles may write to each", allowed: []string{"tagged", "all"}},
		{name: "OwnKey", description: "auto: statements, or a grant where KMS or the policy's owner wouldn't keep them; policy: statements; grant: grants", allowed: []string{"auto", "policy", "grant"}},
		{name: "Accounts", kind: "CommaDelimitedList", description: "Other accounts whose keys may be opened for groups of this one, where their owners consent; none unless named"},
		{name: "ForeignKey", description: "grant: edit the policy of a consenting owner's key in another account, and create the grant; report: leave the policy to its owner, and create the grant once that allows it; copy: copy what groups launch from to CopyKey, and give their templates a version that names the copy", allowed: []string{"grant", "report", "copy"}},
		{name: "CopyKey", description: "Customer managed key of this account and Region that copies lie under: ARN or alias"},
		{name: "MoveDefault", description: "true: a launch template's $Default may be moved to a version with copies though several groups use it", allowed: []string{"false", "true"}},
		{name: "ForeignStatements", description: "procedure: AWS's two statements for the group's account; least: only CreateGrant, only by Keymend's granter", allowed: []string{"procedure", "least"}},
		{name: "GroupAccounts", kind: "CommaDelimitedList", description: "Accounts whose Keymend may read this account's keys, and edit the policies of those that their owners enrolled"},
		{name: "RolesOnly", description: "yes: only the roles for GroupAccounts, in an account that owns keys and runs no Keymend of its own", allowed: []string{"no", "yes"}},
		{name: "DedicatedRoleSuffix", description: "Groups whose keys aren't open to their service-linked role launch as AWSServiceRoleForAutoScaling_ and this suffix, which Keymend makes; none: every group keeps its role", pattern: "[a-zA-Z0-9_+=,.@-]{0,35}"},
		{name: "ResumeSuspended", description: "Groups that Auto Scaling stopped after a day of launches that failed for a key are let launch again where at most so many instances are missing; 0: none is. What a person stopped stays", pattern: "[0-9]{1,4}"},
		{name: "OwnershipTags", description: "Tag keys, separated by commas, by which code marks the keys whose policy it owns"},
		{name: "SwitchParameter", description: "SSM parameter that stops all writes unless its value is on", pattern: "/[a-zA-Z0-9_./-]+"},
		{name: "VerifyReads", description: "Reads in a row that must agree after a write"},
		{name: "VerifyInterval", description: "Time between two of them"},
		{name: "MaxChangesAnHour", description: "Changes that may be begun unattended within an hour in an account and Region; what is beyond is proposed"},
		{name: "MaxChangesAnHourInAll", description: "The same, wherever the functions of a Region write, of which one account of an organization may have half; empty: 20, and 100 in an organization's hub"},
		{name: "RetentionInDays", description: "How long audit records are kept", kind: "Number", allowed: cdkcontext.Retentions()},
		{name: "AccountRegions", description: "Regions in which this account has Keymend's functions, separated by commas; none: this one"},
		{name: "EncryptionKey", description: "ARN of the customer managed key that logs and queues are encrypted under; none: keys of AWS's"},
		{name: "AlarmTopic", description: "ARN of the SNS topic that alarms are sent to; none: they show in CloudWatch only"},
		{name: "ActionTopic", description: "ARN of the SNS topic that is told, once when it opens and once when it closes, of what a person has to act on; none: the events say so only"},
	}
}

// newParameters makes the parameters; each needs a default.
func newParameters(stack awscdk.Stack, parameters []parameter, defaults map[string]string) error {
	for _, p := range parameters {
		value, ok := defaults[p.contextKey()]
		if !ok {
			return fmt.Errorf("parameter %s has no default: context key keymend:%s is missing", p.name, p.contextKey())
		}
		props := &awscdk.CfnParameterProps{Type: &p.kind, Default: value, Description: &p.description}
		for _, a := range p.allowed {
			props.AllowedValues = appended(props.AllowedValues, a)
		}
		if p.kind == "" {
			props.Type = new("String")
		}
		if p.pattern != "" {
			props.AllowedPattern = &p.pattern
		}
		awscdk.NewCfnParameter(stack, &p.name, props)
	}
	return nil
}

// value is what the parameter is set to; a list's members are separated by commas.
func (p parameter) value() *string {
	if p.kind == "CommaDelimitedList" {
		return awscdk.Token_AsString(map[string]any{"Fn::Join": []any{",", map[string]any{"Ref": p.name}}}, nil)
	}
	return cfn.Ref(p.name)
}

func (p parameter) contextKey() string { return strings.ToLower(p.name[:1]) + p.name[1:] }

func appended(list *[]*string, s string) *[]*string {
	if list == nil {
		return &[]*string{&s}
	}
	*list = append(*list, &s)
	return list
}

// conditions are what parts of the stack hang on.
type conditions struct {
	functions       awscdk.CfnCondition // Keymend runs here
	copies          awscdk.CfnCondition
	dedicated       awscdk.CfnCondition
	resumes         awscdk.CfnCondition // groups that Auto Scaling stopped
	changesGroups   awscdk.CfnCondition // either of the two
	handsOn         awscdk.CfnCondition
	otherAccounts   awscdk.CfnCondition
	reaching        awscdk.CfnCondition // Keymend runs here, and writes in other accounts
	groupsElsewhere awscdk.CfnCondition
	allKeys         awscdk.CfnCondition
	writesPolicies  awscdk.CfnCondition
	encrypted       awscdk.CfnCondition // by a key of the customer's
	alarming        awscdk.CfnCondition
	asking          awscdk.CfnCondition // Keymend runs here, and tells people what they have to act on
}

// key encrypts logs and queues, where one is set.
func (c conditions) key() cfn.Optional {
	return cfn.Optional{Value: cfn.Ref("EncryptionKey"), Given: c.encrypted}
}

// given holds where a list has members.
func given(list string) awscdk.ICfnConditionExpression {
	joined := map[string]any{"Fn::Join": []any{"", map[string]any{"Ref": list}}}
	return awscdk.Fn_ConditionNot(awscdk.Fn_ConditionEquals(joined, ""))
}

func newConditions(stack awscdk.Stack) conditions {
	c := conditions{
		functions:       cfn.Condition(stack, "WithFunctions", cfn.Is("RolesOnly", "no")),
		dedicated:       cfn.Condition(stack, "Dedicated", awscdk.Fn_ConditionNot(cfn.Is("DedicatedRoleSuffix", ""))),
		otherAccounts:   cfn.Condition(stack, "OtherAccounts", given("Accounts")),
		groupsElsewhere: cfn.Condition(stack, "GroupsElsewhere", given("GroupAccounts")),
		allKeys:         cfn.Condition(stack, "AllKeys", cfn.Is("Scope", "all")),
	}
	c.encrypted = cfn.Condition(stack, "OwnEncryption", awscdk.Fn_ConditionNot(cfn.Is("EncryptionKey", "")))
	c.alarming = cfn.Condition(stack, "WithAlarmTopic", awscdk.Fn_ConditionNot(cfn.Is("AlarmTopic", "")))
	c.asking = cfn.Condition(stack, "WithActionTopic", awscdk.Fn_ConditionAnd(c.functions, awscdk.Fn_ConditionNot(cfn.Is("ActionTopic", ""))))
	c.resumes = cfn.Condition(stack, "Resumes", awscdk.Fn_ConditionAnd(c.functions, awscdk.Fn_ConditionNot(cfn.Is("ResumeSuspended", "0"))))
	c.changesGroups = cfn.Condition(stack, "ChangesGroups", awscdk.Fn_ConditionOr(c.dedicated, c.resumes))
	c.copies = cfn.Condition(stack, "Copies", awscdk.Fn_ConditionAnd(c.functions, cfn.Is("ForeignKey", "copy")))
	c.reaching = cfn.Condition(stack, "Reaching", awscdk.Fn_ConditionAnd(c.functions, c.otherAccounts))
	c.handsOn = cfn.Condition(stack, "HandsOn", awscdk.Fn_ConditionOr(c.dedicated, c.copies))
	// Else grants are all that is made here, and no other account's Keymend is let in.
	c.writesPolicies = cfn.Condition(stack, "WritesPolicies", awscdk.Fn_ConditionOr(awscdk.Fn_ConditionNot(cfn.Is("OwnKey", "grant")), c.groupsElsewhere))
	return c
}
