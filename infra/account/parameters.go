package account

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"keymend/infra/cdkcontext"
	"keymend/infra/cfn"
	"keymend/infra/role"
	"keymend/pkg/settings"
	"keymend/pkg/settings/variable"
)

// parameters are those of an account's template: its settings, each without its default,
// which comes from the CDK's context.
func parameters() []settings.Setting {
	all := cdkcontext.OfAccount()
	for i, s := range all {
		switch s.Variable {
		case variable.SwitchParameter:
			all[i].Pattern = "/" + s.Pattern // the policies have the name in an ARN
		case variable.ServiceLinkedRole:
			s.Form = "the suffix alone"
		}
		if len(s.Choices) == 0 {
			all[i].Help += " Form: " + s.Allowed() + "."
		}
	}
	return all
}

// newParameters makes the parameters; each needs a default.
func newParameters(stack awscdk.Stack, parameters []settings.Setting, defaults map[string]string) error {
	for _, s := range parameters {
		value, ok := defaults[s.Context]
		if !ok {
			return fmt.Errorf("parameter %s has no default: context key keymend:%s is missing", cfn.Name(s), s.Context)
		}
		cfn.NewParameter(stack, s, kind(s), value)
	}
	return nil
}

// kind is the type of a setting's parameter.
func kind(s settings.Setting) string {
	switch s.Context {
	case "accounts", "groupAccounts":
		return list // a policy names each
	case "retentionInDays":
		return "Number"
	}
	return "String"
}

const list = "CommaDelimitedList"

// value is what a setting's parameter is set to; a list's members are separated by commas.
func value(s settings.Setting) *string {
	if kind(s) == list {
		return awscdk.Token_AsString(map[string]any{"Fn::Join": []any{",", map[string]any{"Ref": cfn.Name(s)}}}, nil)
	}
	return cfn.Ref(cfn.Name(s))
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

// settings are those on which parts of the roles hang.
func (c conditions) settings() role.Settings {
	return role.Settings{Dedicated: c.dedicated, Resumes: c.resumes, ChangesGroups: c.changesGroups, Copies: c.copies, HandsOn: c.handsOn}
}

// given holds where a list has members.
func given(list string) awscdk.ICfnConditionExpression {
	joined := map[string]any{"Fn::Join": []any{"", map[string]any{"Ref": list}}}
	return awscdk.Fn_ConditionNot(awscdk.Fn_ConditionEquals(joined, ""))
}

func newConditions(stack awscdk.Stack) conditions {
	c := conditions{
		functions:       cfn.Condition(stack, "WithFunctions", cfn.Is("RolesOnly", "no")),
		dedicated:       cfn.Condition(stack, "Dedicated", cfn.IsSet("DedicatedRoleSuffix")),
		otherAccounts:   cfn.Condition(stack, "OtherAccounts", given("Accounts")),
		groupsElsewhere: cfn.Condition(stack, "GroupsElsewhere", given("GroupAccounts")),
		allKeys:         cfn.Condition(stack, "AllKeys", cfn.Is("Scope", "all")),
	}
	c.encrypted = cfn.Condition(stack, "OwnEncryption", cfn.IsSet("EncryptionKey"))
	c.alarming = cfn.Condition(stack, "WithAlarmTopic", cfn.IsSet("AlarmTopic"))
	c.asking = cfn.Condition(stack, "WithActionTopic", awscdk.Fn_ConditionAnd(c.functions, cfn.IsSet("ActionTopic")))
	c.resumes = cfn.Condition(stack, "Resumes", awscdk.Fn_ConditionAnd(c.functions, awscdk.Fn_ConditionNot(cfn.Is("ResumeSuspended", "0"))))
	c.changesGroups = cfn.Condition(stack, "ChangesGroups", awscdk.Fn_ConditionOr(c.dedicated, c.resumes))
	c.copies = cfn.Condition(stack, "Copies", awscdk.Fn_ConditionAnd(c.functions, cfn.Is("ForeignKey", "copy")))
	c.reaching = cfn.Condition(stack, "Reaching", awscdk.Fn_ConditionAnd(c.functions, c.otherAccounts))
	c.handsOn = cfn.Condition(stack, "HandsOn", awscdk.Fn_ConditionOr(c.dedicated, c.copies))
	// Else grants are all that is made here, and no other account's Keymend is let in.
	c.writesPolicies = cfn.Condition(stack, "WritesPolicies", awscdk.Fn_ConditionOr(awscdk.Fn_ConditionNot(cfn.Is("OwnKey", "grant")), c.groupsElsewhere))
	return c
}
