package guard_test

import (
	"strings"
	"testing"

	"keymend/pkg/guard"
	"keymend/pkg/plan"
)

const (
	account = "111122223333"
	keyARN  = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d"
	slr     = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
)

func edit() plan.Plan {
	return plan.Plan{Target: keyARN, Steps: plan.Steps{plan.EditKeyPolicy{Key: keyARN, Principal: slr}}}
}

// permitted is the input that everything speaks for.
func permitted() guard.Input {
	return guard.Input{
		Mode: guard.Enforce, Scope: "tagged", Switch: guard.SwitchOn, KeyTags: map[string]string{"keymend": "remediate"},
		OwnKey: true, Principal: slr, Account: account,
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
		in.KeyTags, in.Scope, in.PersonAsked = tags, "all", true
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
		in.KeyTags, in.Scope = tags, "all"
		if v := guard.Judge(in, edit()); v.Allowed || !v.Propose || v.Reason != guard.NotConsented {
			t.Errorf("%v: %+v", tags, v)
		}
	}
}

// The reference: each condition for a write written down once more, by itself.
func mayWrite(in guard.Input) bool {
	tag, tagged := in.KeyTags["keymend"]
	return in.Mode == guard.Enforce &&
		(in.Switch == guard.SwitchNone || in.Switch == guard.SwitchOn) &&
		in.TagsUnreadable == "" && tag != "ignore" &&
		(tag == "remediate" || !tagged && in.Scope == "all" || in.PersonAsked)
}

func mayPropose(in guard.Input) bool {
	return !mayWrite(in) && (in.Mode == guard.Enforce || in.Mode == guard.Propose) &&
		in.TagsUnreadable == "" && in.KeyTags["keymend"] != "ignore"
}

// Invariant 7, over every combination there is: in observe, and without
// consent, nothing is written.
func TestEveryCombination(t *testing.T) {
	t.Parallel()
	tags := []map[string]string{nil, {"keymend": "remediate"}, {"keymend": "ignore"}, {"keymend": "Remediate"}, {"keymend": ""}, {"other": "remediate"}}
	seen := map[guard.Reason]bool{}
	for _, mode := range []guard.Mode{guard.Observe, guard.Propose, guard.Enforce, 77} {
		for _, scope := range []string{"tagged", "all", "", "ALL"} {
			for _, sw := range []guard.Switch{guard.SwitchNone, guard.SwitchOn, guard.SwitchOff, 77} {
				for _, tag := range tags {
					for bits := range 4 {
						in := permitted()
						in.Mode, in.Scope, in.Switch, in.KeyTags = mode, scope, sw, tag
						in.PersonAsked = bits&1 != 0
						if bits&2 != 0 {
							in.TagsUnreadable = "AccessDenied"
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
		in.Principal = principal
		p := plan.Plan{Target: keyARN, Steps: plan.Steps{plan.EditKeyPolicy{Key: keyARN, Principal: principal}}}
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
		"grant":             {plan.Plan{Target: keyARN, Steps: plan.Steps{plan.CreateGrant{Key: keyARN, Principal: slr}}}, guard.Consented},
		"nothing":           {plan.Plan{Target: keyARN}, guard.NothingToApply},
		"no fix":            {plan.Plan{Target: keyARN, NoFix: &plan.NoFix{Reason: plan.KeyNotUsable, Text: "it is Disabled"}}, guard.NothingToApply},
		"both":              {plan.Plan{Target: keyARN, Steps: edit().Steps, NoFix: &plan.NoFix{}}, guard.NothingToApply},
		"another key":       {plan.Plan{Target: keyARN, Steps: plan.Steps{plan.EditKeyPolicy{Key: other, Principal: slr}}}, guard.WrongTarget},
		"no key":            {plan.Plan{Steps: plan.Steps{plan.EditKeyPolicy{Principal: slr}}}, guard.WrongTarget},
		"another role":      {plan.Plan{Target: keyARN, Steps: plan.Steps{plan.CreateGrant{Key: keyARN, Principal: slr + "_two"}}}, guard.WrongPrincipal},
		"one of two":        {plan.Plan{Target: keyARN, Steps: append(edit().Steps, plan.CreateGrant{Key: other, Principal: slr})}, guard.WrongTarget},
		"a step of no type": {plan.Plan{Target: keyARN, Steps: plan.Steps{nil}}, guard.WrongPrincipal},
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
	in.KeyTags = nil
	want := "aws kms tag-resource --key-id " + keyARN + " --tags TagKey=keymend,TagValue=remediate --region eu-west-1"
	if v := guard.Judge(in, edit()); !v.Propose || !strings.Contains(v.Text, want) {
		t.Errorf("%+v", v)
	}
}

func TestModes(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]guard.Mode{
		"observe": guard.Observe, "propose": guard.Propose, "enforce": guard.Enforce,
		"": guard.Observe, "Enforce": guard.Observe, "enforce ": guard.Observe,
	} {
		if got := guard.ParseMode(name); got != want {
			t.Errorf("%q: %s", name, got)
		}
	}
	for _, m := range []guard.Mode{guard.Observe, guard.Propose, guard.Enforce} {
		if guard.ParseMode(m.String()) != m {
			t.Errorf("%s doesn't survive", m)
		}
	}
}
