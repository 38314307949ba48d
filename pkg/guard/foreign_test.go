package guard_test

import (
	"slices"
	"strings"
	"testing"

	"keymend/pkg/change"
	"keymend/pkg/guard"
	"keymend/pkg/kind/grant"
	"keymend/pkg/kind/statements"
	"keymend/pkg/plan"
	"keymend/pkg/quote"
	"keymend/pkg/settings"
)

const (
	owner      = "444455556666"
	foreignKey = "arn:aws:kms:eu-west-1:444455556666:key/1a2b3c4d"
	groupRoot  = "arn:aws:iam::111122223333:root"
)

// both is the plan of both halves, second that of the grant alone.
func both() plan.Plan {
	return plan.Plan{Target: foreignKey, Half: plan.HalfMissing, Steps: change.Steps{
		statements.Add{Key: foreignKey, Principal: groupRoot}, grant.Create{Key: foreignKey, Principal: slr},
	}}
}

func second(half plan.Half) plan.Plan {
	return plan.Plan{Target: foreignKey, Half: half, Steps: change.Steps{grant.Create{Key: foreignKey, Principal: slr}}}
}

// across is the input that everything speaks for.
func across() guard.Input {
	in := permitted()
	in.Finding.Facts.Key.ARN, in.Accounts = foreignKey, []string{"777788889999", owner}
	in.Finding.Tags = map[string]string{"keymend": "remediate", "keymend-accounts": "777788889999 " + account}
	return in
}

func TestConsentOfAnotherAccount(t *testing.T) {
	t.Parallel()
	tags := func(tags map[string]string) func(*guard.Input) {
		return func(in *guard.Input) { in.Finding.Tags = tags }
	}
	enrolled := map[string]string{"keymend": "remediate"}
	unseen := func(in *guard.Input) { in.Finding.Tags, in.Finding.TagsUnreadable = nil, "not onboarded" }
	for name, tc := range map[string]struct {
		change func(*guard.Input)
		p      plan.Plan
		want   guard.Reason
		says   string
	}{
		"both tags":                               {func(*guard.Input) {}, both(), guard.Consented, ""},
		"both tags, only the grant":               {func(*guard.Input) {}, second(plan.HalfOpen), guard.Consented, ""},
		"other accounts named":                    {tags(map[string]string{"keymend": "remediate", "keymend-accounts": "777788889999"}), both(), guard.ConsentElsewhere, "TagValue=777788889999 " + account},
		"only the tag":                            {tags(enrolled), both(), guard.NotConsented, "ccount " + owner + " runs: aws kms tag-resource"},
		"only the accounts":                       {tags(map[string]string{"keymend-accounts": account}), both(), guard.NotConsented, ""},
		"nothing":                                 {tags(nil), both(), guard.NotConsented, ""},
		"another account named":                   {tags(map[string]string{"keymend": "remediate", "keymend-accounts": owner}), both(), guard.ConsentElsewhere, ""},
		"nobody named":                            {tags(map[string]string{"keymend": "remediate", "keymend-accounts": ""}), both(), guard.ConsentElsewhere, ""},
		"the organization":                        {tags(map[string]string{"keymend": "remediate", "keymend-accounts": "organization"}), both(), guard.ConsentElsewhere, "TagValue=organization " + account},
		"the organization, and the account":       {tags(map[string]string{"keymend": "remediate", "keymend-accounts": "organization " + account}), both(), guard.Consented, ""},
		"no room for the account":                 {tags(map[string]string{"keymend": "remediate", "keymend-accounts": strings.TrimSpace(strings.Repeat(owner+" ", 19))}), both(), guard.ConsentElsewhere, "has room for 256 characters"},
		"part of an id":                           {tags(map[string]string{"keymend": "remediate", "keymend-accounts": account + "0"}), both(), guard.ConsentElsewhere, ""},
		"by commas":                               {tags(map[string]string{"keymend": "remediate", "keymend-accounts": account + "," + owner}), both(), guard.ConsentElsewhere, ""},
		"the tag otherwise written":               {tags(map[string]string{"keymend": "Remediate", "keymend-accounts": account}), both(), guard.NotConsented, ""},
		"the accounts' tag otherwise written":     {tags(map[string]string{"keymend": "remediate", "Keymend-Accounts": account}), both(), guard.NotConsented, ""},
		"… beside the right one":                  {tags(map[string]string{"keymend": "remediate", "keymend-accounts": account, "KEYMEND-accounts": "none"}), both(), guard.NotConsented, ""},
		"the owner's no":                          {tags(map[string]string{"keymend": "ignore", "keymend-accounts": account}), second(plan.HalfGiven), guard.KeyIgnored, ""},
		"an account not listed":                   {func(in *guard.Input) { in.Accounts = []string{"777788889999"} }, both(), guard.ForeignKey, "adds " + owner},
		"no account listed":                       {func(in *guard.Input) { in.Accounts = nil }, second(plan.HalfGiven), guard.ForeignKey, ""},
		"a person asks":                           {func(in *guard.Input) { in.Finding.Tags, in.PersonAsked = nil, true }, both(), guard.NotConsented, ""},
		"scope all":                               {func(in *guard.Input) { in.Finding.Tags, in.Scope = nil, "all" }, both(), guard.NotConsented, ""},
		"the policy names the account":            {tags(nil), second(plan.HalfGiven), guard.HalfGiven, ""},
		"… and the tag is the account's own":      {tags(enrolled), second(plan.HalfGiven), guard.HalfGiven, ""},
		"… but other accounts are named":          {tags(map[string]string{"keymend-accounts": owner}), second(plan.HalfGiven), guard.ConsentElsewhere, ""},
		"… but the tag says something else":       {tags(map[string]string{"keymend": "no"}), second(plan.HalfGiven), guard.NotConsented, ""},
		"the policy is for everyone":              {tags(nil), second(plan.HalfOpen), guard.NotConsented, ""},
		"a half given, and still edited":          {tags(nil), func() plan.Plan { p := both(); p.Half = plan.HalfGiven; return p }(), guard.NotConsented, ""},
		"not seen, tried":                         {unseen, second(plan.HalfGiven), guard.HalfGiven, ""},
		"not seen, not tried":                     {unseen, second(plan.HalfUnknown), guard.HalfNotSeen, ""},
		"not seen, not tried, account not listed": {func(in *guard.Input) { unseen(in); in.Accounts = nil }, second(plan.HalfUnknown), guard.ForeignKey, ""},
		"not seen, missing":                       {unseen, both(), guard.NotConsented, ""},
		"not seen, and a person asks":             {func(in *guard.Input) { unseen(in); in.PersonAsked = true }, both(), guard.NotConsented, ""},
		"not seen, and still edited":              {unseen, func() plan.Plan { p := both(); p.Half = plan.HalfUnknown; return p }(), guard.NotConsented, ""},
		"mode propose":                            {func(in *guard.Input) { unseen(in); in.Mode = settings.Propose }, second(plan.HalfUnknown), guard.OnlyProposing, ""},
		"mode observe":                            {func(in *guard.Input) { in.Mode = settings.Observe }, both(), guard.OnlyObserving, ""},
		"the switch":                              {func(in *guard.Input) { unseen(in); in.Switch = guard.SwitchOff }, second(plan.HalfUnknown), guard.SwitchedOff, ""},
	} {
		in := across()
		tc.change(&in)
		v := guard.Judge(in, tc.p)
		allowed := tc.want == guard.Consented || tc.want == guard.HalfGiven
		none := tc.want == guard.KeyIgnored || tc.want == guard.OnlyObserving
		if v.Reason != tc.want || v.Allowed != allowed || v.Try != (tc.want == guard.HalfNotSeen) || v.Propose != (!allowed && !v.Try && !none) || !strings.Contains(v.Text+quote.Told(v.Run), tc.says) || v.Consent == "" {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

// Of another account's key the policy is edited for the root of the group's
// account, and the grant made for the group's role: nobody else gets through.
func TestForeignStepsFit(t *testing.T) {
	t.Parallel()
	edit := func(key, principal string) change.Step { return statements.Add{Key: key, Principal: principal} }
	for name, tc := range map[string]struct {
		target string
		steps  change.Steps
		want   guard.Reason
	}{
		"the root":                 {foreignKey, change.Steps{edit(foreignKey, groupRoot)}, guard.Consented},
		"everyone":                 {foreignKey, change.Steps{edit(foreignKey, "*")}, guard.WrongPrincipal},
		"the role":                 {foreignKey, change.Steps{edit(foreignKey, slr)}, guard.WrongPrincipal},
		"another account's root":   {foreignKey, change.Steps{edit(foreignKey, strings.Replace(groupRoot, account, "777788889999", 1))}, guard.WrongPrincipal},
		"another partition's root": {foreignKey, change.Steps{edit(foreignKey, strings.Replace(groupRoot, "arn:aws:", "arn:aws-cn:", 1))}, guard.WrongPrincipal},
		"the key's own root":       {foreignKey, change.Steps{edit(foreignKey, strings.Replace(groupRoot, account, owner, 1))}, guard.WrongPrincipal},
		"a grant to the root":      {foreignKey, change.Steps{grant.Create{Key: foreignKey, Principal: groupRoot}}, guard.WrongPrincipal},
		"another key":              {foreignKey, change.Steps{edit(foreignKey+"0", groupRoot)}, guard.WrongTarget},
		"an own key":               {keyARN, change.Steps{edit(keyARN, groupRoot)}, guard.WrongTarget},
		"a key of a third account": {strings.Replace(foreignKey, owner, "777788889999", 1), change.Steps{edit(strings.Replace(foreignKey, owner, "777788889999", 1), groupRoot)}, guard.WrongTarget},
		"no account":               {"x", change.Steps{edit("x", "arn::iam::"+account+":root")}, guard.WrongTarget},
		"no account's, the root":   {"x", change.Steps{edit("x", groupRoot)}, guard.WrongPrincipal},
	} {
		p := plan.Plan{Target: tc.target, Steps: tc.steps, Half: plan.HalfMissing}
		if v := guard.Judge(across(), p); v.Reason != tc.want || v.Allowed != (tc.want == guard.Consented) || v.Propose || v.Try {
			t.Errorf("%s: %+v", name, v)
		}
	}
	nobodys := across()
	nobodys.Finding.Facts.Key.ARN, nobodys.Accounts = "x", []string{""}
	if v := guard.Judge(nobodys, plan.Plan{Target: "x", Steps: change.Steps{grant.Create{Key: "x", Principal: slr}}}); v.Allowed || v.Propose || v.Reason != guard.WrongTarget {
		t.Errorf("nobody's key: %+v", v)
	}
	own := permitted()
	if v := guard.Judge(own, plan.Plan{Target: keyARN, Steps: change.Steps{edit(keyARN, groupRoot)}}); v.Allowed || v.Reason != guard.WrongPrincipal {
		t.Errorf("an own key for the root: %+v", v)
	}
}

// Invariant 7 across accounts, over every combination: each condition for a
// write once more, by itself.
func TestEveryForeignCombination(t *testing.T) {
	t.Parallel()
	tags := []map[string]string{
		nil, {"keymend": "remediate"}, {"keymend": "ignore"}, {"keymend": "remediate", "keymend-accounts": account}, {"keymend-accounts": account},
		{"keymend": "remediate", "keymend-accounts": owner}, {"keymend": "x", "keymend-accounts": account},
	}
	halves := []plan.Half{plan.HalfUnknown, plan.HalfMissing, plan.HalfGiven, plan.HalfOpen, ""}
	for _, mode := range []settings.Mode{settings.Observe, settings.Propose, settings.Enforce} {
		for _, sw := range []guard.Switch{guard.SwitchNone, guard.SwitchOn, guard.SwitchOff} {
			for _, tag := range tags {
				for _, half := range halves {
					for bits := range 32 {
						in := across()
						in.Mode, in.Switch, in.Finding.Tags, in.PersonAsked, in.Scope = mode, sw, tag, bits&1 != 0, "all"
						p := second(half)
						if bits&2 != 0 {
							p.Steps = both().Steps
						}
						if bits&4 != 0 {
							in.Accounts = nil
						}
						if bits&8 != 0 {
							in.Finding.Tags, in.Finding.TagsUnreadable = nil, "not onboarded"
						}
						if bits&16 != 0 {
							in.Organization = true
							in.Brakes = []guard.Brake{{Wave: settings.Wave{Mode: settings.Enforce}, Switch: guard.SwitchOn}}
						}
						v := guard.Judge(in, p)
						if v.Allowed != mayWriteAcross(in, p) || v.Allowed && (v.Try || v.Propose) || v.Try && (in.Organization || v.Propose || len(p.Steps) != 1) {
							t.Fatalf("%+v, half %s, %d steps: %+v", in, half, len(p.Steps), v)
						}
					}
				}
			}
		}
	}
}

func mayWriteAcross(in guard.Input, p plan.Plan) bool {
	accounts, named := in.Finding.Tags["keymend-accounts"]
	tag, tagged := in.Finding.Tags["keymend"]
	mine := strings.Contains(accounts, account)
	byTag := tag == "remediate" && mine
	byPolicy := p.Half == plan.HalfGiven && !(in.Organization && in.Finding.TagsUnreadable != "") && len(p.Steps) == 1 && (!named || mine) && (!tagged || tag == "remediate")
	return in.Mode == settings.Enforce && in.Switch != guard.SwitchOff && tag != "ignore" && (in.Organization || slices.Contains(in.Accounts, owner)) && (byTag || byPolicy)
}
