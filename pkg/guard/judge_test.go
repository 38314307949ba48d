package guard_test

import (
	"testing"

	"keymend/pkg/access"
	"keymend/pkg/change"
	"keymend/pkg/guard"
	"keymend/pkg/kind/grant"
	"keymend/pkg/kind/statements"
	"keymend/pkg/plan"
	"keymend/pkg/quote"
	"keymend/pkg/settings"
)

const (
	account = "111122223333"
	keyARN  = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d"
	slr     = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
)

func edit() plan.Plan {
	return plan.Plan{Target: keyARN, Steps: change.Steps{statements.Add{Key: keyARN, Principal: slr}}}
}

// permitted is the input that everything speaks for.
func permitted() guard.Input {
	return guard.Input{
		Mode: settings.Enforce, Scope: settings.Tagged, Switch: guard.SwitchOn,
		Finding: plan.Finding{
			Account: account, Tags: map[string]string{"keymend": "remediate"},
			Principal: access.Principal{ARN: slr}, Facts: access.Facts{Key: access.Key{ARN: keyARN}},
		},
	}
}

// What an owner who means "hands off" may have written: tag keys and values are
// case-sensitive in KMS, and in IAM's conditions the keys are not.
func ignores() []map[string]string {
	return []map[string]string{
		{"keymend": "ignore"}, {"keymend": "Ignore"}, {"keymend": " IGNORE "}, {"Keymend": "ignore"}, {"KEYMEND": "Ignore"},
		{" keymend": "ignore"}, {"keymend": "remediate", "Keymend": "ignore"}, {"\u212aeymend": "ignore"},
	}
}

func TestIgnoreIsReadGenerously(t *testing.T) {
	t.Parallel()
	for _, tags := range ignores() {
		in := permitted()
		in.Finding.Tags, in.Scope, in.PersonAsked = tags, "all", true
		if v := guard.Judge(in, edit()); v.Allowed || v.Propose || v.Reason != guard.KeyIgnored {
			t.Errorf("%v: %+v", tags, v)
		}
	}
}

// Consent is read to the letter, and a tag that is neither word stands against
// scope all, too: its writer meant something.
func TestConsentIsReadToTheLetter(t *testing.T) {
	t.Parallel()
	for _, tags := range []map[string]string{
		{"keymend": "Remediate"}, {"keymend": "remediate "}, {"keymend": ""}, {"keymend": "false"}, {"Keymend": "remediate"},
		{"keymend": "remediate", "KEYMEND": "no"}, {"keymend": "\u0433emediate"},
	} {
		in := permitted()
		in.Finding.Tags, in.Scope = tags, "all"
		if v := guard.Judge(in, edit()); v.Allowed || !v.Propose || v.Reason != guard.NotConsented {
			t.Errorf("%v: %+v", tags, v)
		}
	}
}

// The reference: each condition for a write written down once more, by itself.
func mayWrite(in guard.Input) bool {
	tag, tagged := in.Finding.Tags["keymend"]
	return in.Mode == settings.Enforce &&
		(in.Switch == guard.SwitchNone || in.Switch == guard.SwitchOn) &&
		in.Finding.TagsUnreadable == "" && tag != "ignore" &&
		(tag == "remediate" || !tagged && in.Scope == "all" || in.PersonAsked)
}

func mayPropose(in guard.Input) bool {
	return !mayWrite(in) && (in.Mode == settings.Enforce || in.Mode == settings.Propose) &&
		in.Finding.TagsUnreadable == "" && in.Finding.Tags["keymend"] != "ignore"
}

// Invariant 7, over every combination there is: in observe, and without
// consent, nothing is written.
func TestEveryCombination(t *testing.T) {
	t.Parallel()
	tags := []map[string]string{nil, {"keymend": "remediate"}, {"keymend": "ignore"}, {"keymend": "Remediate"}, {"keymend": ""}, {"other": "remediate"}}
	seen := map[guard.Reason]bool{}
	for _, mode := range []settings.Mode{settings.Observe, settings.Propose, settings.Enforce, "", "Enforce"} {
		for _, scope := range []settings.Scope{settings.Tagged, settings.AllKeys, "", "ALL"} {
			for _, sw := range []guard.Switch{guard.SwitchNone, guard.SwitchOn, guard.SwitchOff, 77} {
				for _, tag := range tags {
					for bits := range 4 {
						in := permitted()
						in.Mode, in.Scope, in.Switch, in.Finding.Tags = mode, scope, sw, tag
						in.PersonAsked = bits&1 != 0
						if bits&2 != 0 {
							in.Finding.TagsUnreadable = "AccessDenied"
						}
						v := guard.Judge(in, edit())
						seen[v.Reason] = true
						if v.Allowed != mayWrite(in) || v.Propose != mayPropose(in) {
							t.Errorf("%+v: %+v", in, v)
						}
						if v.Text == "" || v.Consent == "" || v.Allowed && v.Propose {
							t.Errorf("%+v: %+v", in, v)
						}
					}
				}
			}
		}
	}
	for _, r := range []guard.Reason{
		guard.Consented, guard.ScopeAll, guard.PersonDecided, guard.KeyIgnored, guard.OnlyObserving,
		guard.TagsNotReadable, guard.NotConsented, guard.OnlyProposing, guard.SwitchedOff,
	} {
		if !seen[r] {
			t.Errorf("no combination ends in %s", r)
		}
	}
}

func TestPrincipals(t *testing.T) {
	t.Parallel()
	for principal, ok := range map[string]bool{
		slr:                   true,
		slr + "_keys":         true,
		slr + "_":             false,
		slr + "Evil":          false,
		slr + "_x/y":          false,
		slr + "_x\n":          false,
		slr + "_*":            false,
		"*":                   false,
		"":                    false,
		account:               false,
		"arn:aws:iam::*:root": false,
		"x" + slr:             false,
		"arn:aws:iam::111122223333:role/AWSServiceRoleForAutoScaling":                                                     false,
		"arn:aws:iam::444455556666:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling":          false,
		"arn:aws:iam::111122223333:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot":                     false,
		"arn:aws:iam::111122223333:role/x/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling":        false,
		"arn:aws:iam::111122223333:role/aws-service-role/autoscalingXamazonaws.com/AWSServiceRoleForAutoScaling":          false,
		"arn:aws-cn:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling":       true,
		"arn:aws-us-gov:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_a": true,
	} {
		in := permitted()
		in.Finding.Principal.ARN = principal
		p := plan.Plan{Target: keyARN, Steps: change.Steps{statements.Add{Key: keyARN, Principal: principal}}}
		v := guard.Judge(in, p)
		if v.Allowed != ok || !ok && (v.Propose || v.Reason != guard.WrongPrincipal) {
			t.Errorf("%q: %+v", principal, v)
		}
	}
}

func TestSteps(t *testing.T) {
	t.Parallel()
	other := "arn:aws:kms:eu-west-1:111122223333:key/other"
	for name, tc := range map[string]struct {
		p    plan.Plan
		want guard.Reason
	}{
		"edit":              {edit(), guard.Consented},
		"grant":             {plan.Plan{Target: keyARN, Steps: change.Steps{grant.Create{Key: keyARN, Principal: slr}}}, guard.Consented},
		"nothing":           {plan.Plan{Target: keyARN}, guard.NothingToApply},
		"no fix":            {plan.Plan{Target: keyARN, NoFix: &plan.NoFix{Reason: plan.KeyNotUsable, Text: "it is Disabled"}}, guard.NothingToApply},
		"both":              {plan.Plan{Target: keyARN, Steps: edit().Steps, NoFix: &plan.NoFix{}}, guard.NothingToApply},
		"another key":       {plan.Plan{Target: keyARN, Steps: change.Steps{statements.Add{Key: other, Principal: slr}}}, guard.WrongTarget},
		"no key":            {plan.Plan{Steps: change.Steps{statements.Add{Principal: slr}}}, guard.WrongTarget},
		"another role":      {plan.Plan{Target: keyARN, Steps: change.Steps{grant.Create{Key: keyARN, Principal: slr + "_two"}}}, guard.WrongPrincipal},
		"one of two":        {plan.Plan{Target: keyARN, Steps: append(edit().Steps, grant.Create{Key: other, Principal: slr})}, guard.WrongTarget},
		"a step of no type": {plan.Plan{Target: keyARN, Steps: change.Steps{change.Unread{Name: "EditKeyPolicy"}}}, guard.WrongTarget},
	} {
		if v := guard.Judge(permitted(), tc.p); v.Reason != tc.want || v.Allowed != (tc.want == guard.Consented) || v.Propose {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

func TestZeroInputPermitsNothing(t *testing.T) {
	t.Parallel()
	if v := guard.Judge(guard.Input{}, edit()); v.Allowed || v.Propose {
		t.Errorf("%+v", v)
	}
}

func TestNotConsentedPrintsTheOneCommand(t *testing.T) {
	t.Parallel()
	in := permitted()
	in.Finding.Tags = nil
	want := "aws kms tag-resource --key-id " + keyARN + " --tags TagKey=keymend,TagValue=remediate --region eu-west-1"
	if v := guard.Judge(in, edit()); !v.Propose || len(v.Run) != 1 || v.Run[0] != (quote.Task{Account: account, Command: want}) {
		t.Errorf("%+v", v)
	}
}

// A mode that is none counts as observe.
func TestModes(t *testing.T) {
	t.Parallel()
	for mode, want := range map[settings.Mode]guard.Reason{
		"observe": guard.OnlyObserving, "propose": guard.OnlyProposing, "enforce": guard.Consented,
		"": guard.OnlyObserving, "Enforce": guard.OnlyObserving, "enforce ": guard.OnlyObserving,
	} {
		in := permitted()
		in.Mode = mode
		if v := guard.Judge(in, edit()); v.Reason != want || v.Allowed != (want == guard.Consented) || v.Propose != (want == guard.OnlyProposing) {
			t.Errorf("%q: %+v", mode, v)
		}
	}
}
