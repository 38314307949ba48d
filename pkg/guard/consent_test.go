package guard_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"keymend/pkg/change"
	"keymend/pkg/guard"
	"keymend/pkg/kind/grant"
	"keymend/pkg/kind/group"
	"keymend/pkg/kind/role"
	"keymend/pkg/kind/statements"
	"keymend/pkg/kind/template"
	"keymend/pkg/plan"
	"keymend/pkg/quote"
	"keymend/pkg/settings"
)

// A step claims whatever it is told to, on the one target of all steps here.
type claiming struct {
	change.Unread
	claim change.Claim
}

func (claiming) At() change.Place      { return change.Place{Account: account, Target: image} }
func (c claiming) Claim() change.Claim { return c.claim }

// willing is the input that everything speaks for, whatever the plan: a key of
// another account to open and to copy from, and a role for the group.
func willing() guard.Input {
	in := agreeing()
	in.Dedicated, in.Finding.Tags["keymend"] = ownRole, "remediate"
	return in
}

func claims() map[change.Consent]change.Claim {
	return map[change.Consent]change.Claim{
		change.Nobody:      {},
		change.KeyOwner:    {Consent: change.KeyOwner, Key: foreignKey, Principal: slr},
		change.Operator:    {Consent: change.Operator, Principal: ownRole},
		change.DataOwners:  {Consent: change.DataOwners, Key: foreignKey, Keys: []string{foreignKey}, Under: copyKey},
		change.OwnCopyOnly: {Consent: change.OwnCopyOnly, Key: foreignKey, Under: copyKey},
	}
}

// A plan rests on one word. What is asked of two people, each of whom knows a half
// of it, is neither's; only clearing away what failed, for which nobody is asked,
// may stand beside another step.
func TestOnePlanOneConsent(t *testing.T) {
	t.Parallel()
	all := []change.Consent{change.Nobody, change.KeyOwner, change.Operator, change.DataOwners, change.OwnCopyOnly}
	var plans [][]change.Consent
	for _, a := range all {
		plans = append(plans, []change.Consent{a})
		for _, b := range all {
			plans = append(plans, []change.Consent{a, b})
			for _, c := range all {
				plans = append(plans, []change.Consent{a, b, c})
			}
		}
	}
	for _, consents := range plans {
		p := plan.Plan{Target: image, Half: plan.HalfMissing}
		for _, c := range consents {
			p.Steps = append(p.Steps, claiming{claim: claims()[c]})
		}
		asked := slices.Compact(slices.Sorted(slices.Values(slices.DeleteFunc(slices.Clone(consents), func(c change.Consent) bool { return c == change.OwnCopyOnly }))))
		want := len(asked) == 0 || len(asked) == 1 && asked[0] != change.Nobody
		v := guard.Judge(willing(), p)
		if v.Allowed != want || v.Propose || v.Try || !want && v.Reason != guard.WrongTarget {
			t.Errorf("%v: %+v", consents, v)
		}
	}
}

// Of several steps the one that nobody agrees to decides, in whichever order.
func TestClearingAwayOpensNothing(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		consent change.Consent
		since   func(*guard.Input)
		want    guard.Reason
	}{
		"the key isn't enrolled":  {change.KeyOwner, func(in *guard.Input) { in.Finding.Tags = nil }, guard.NotConsented},
		"the data isn't enrolled": {change.DataOwners, func(in *guard.Input) { in.Finding.Copy.Keys[0].Tags = nil }, guard.CopyNotConsented},
		"the group is ignored":    {change.Operator, func(in *guard.Input) { in.GroupTags = map[string]string{"keymend": "ignore"} }, guard.GroupIgnored},
	} {
		step, clears := claiming{claim: claims()[tc.consent]}, claiming{claim: claims()[change.OwnCopyOnly]}
		for _, steps := range []change.Steps{{step, clears}, {clears, step}, {clears, step, clears}} {
			in := willing()
			tc.since(&in)
			if v := guard.Judge(in, plan.Plan{Target: image, Half: plan.HalfMissing, Steps: steps}); v.Allowed || v.Reason != tc.want {
				t.Errorf("%s: %+v", name, v)
			}
		}
	}
}

// What asks for nobody's consent isn't for plans: it takes back, on a person's word,
// or nobody could read it. No setting and nobody's word lets it through.
func TestTheZeroClaimIsRefused(t *testing.T) {
	t.Parallel()
	create := grant.Create{Key: keyARN, Principal: slr}
	for _, step := range []change.Step{
		change.Unread{Name: "EditKeyPolicy", Text: []byte(`{"type":"EditKeyPolicy"}`)}, statements.Remove{Key: keyARN, Principal: slr},
		grant.Revoke{GrantID: "g", Grant: create}, role.Delete{Role: ownRole}, template.DeleteVersion{Scene: scene(), From: 3},
		claiming{claim: change.Claim{Key: keyARN, Principal: slr}}, claiming{claim: change.Claim{Consent: 99, Key: keyARN, Principal: slr}},
	} {
		for name, in := range map[string]guard.Input{"own": permitted(), "another's": willing(), "the group's": moving()} {
			in.PersonAsked, in.Scope = true, settings.AllKeys
			for _, p := range []plan.Plan{alone(step), {Target: keyARN, Steps: change.Steps{create, step}}, {Target: step.At().Target, Steps: change.Steps{step, create}}} {
				if v := guard.Judge(in, p); v.Allowed || v.Propose || v.Try || v.Reason != guard.WrongTarget && v.Reason != guard.WrongPrincipal {
					t.Errorf("%s, %s: %+v", step.Kind(), name, v)
				}
			}
		}
	}
}

// A tag on the group is about the group: its keys' owners say what is done to them.
func TestIgnoredGroups(t *testing.T) {
	t.Parallel()
	moves := alone(group.Update{Group: ownGroup, Name: "web-prod", Before: "b", After: ownRole})
	for _, tags := range ignores() {
		in := moving()
		in.GroupTags, in.PersonAsked, in.Scope = tags, true, settings.AllKeys
		for _, p := range []plan.Plan{moves, alone(role.Ensure{Role: ownRole})} {
			if v := guard.Judge(in, p); v.Allowed || v.Propose || v.Reason != guard.GroupIgnored {
				t.Errorf("%v: %+v", tags, v)
			}
		}
		on := permitted()
		if on.GroupTags = tags; !guard.Judge(on, edit()).Allowed {
			t.Errorf("%v on the group stop a key's owner", tags)
		}
	}
	in := moving()
	in.GroupTags = map[string]string{"keymend": "remediate", "other": "ignore"}
	if v := guard.Judge(in, moves); !v.Allowed {
		t.Errorf("%+v", v)
	}
}

// A grant is ended by the word of who let the key be opened; of another account's
// key the policy that lets it be made says nothing about its end.
func TestClosing(t *testing.T) {
	t.Parallel()
	retire := func(key string) plan.Plan {
		return plan.Plan{Target: key, Half: plan.HalfGiven, Steps: change.Steps{grant.Retire{GrantID: "g", Grant: grant.Create{Key: key, Principal: slr}}}}
	}
	for name, tc := range map[string]struct {
		in    guard.Input
		key   string
		since func(*guard.Input)
		want  guard.Reason
	}{
		"enrolled":                   {permitted(), keyARN, func(*guard.Input) {}, guard.Consented},
		"not enrolled":               {permitted(), keyARN, func(in *guard.Input) { in.Finding.Tags = nil }, guard.NotConsented},
		"another role's":             {permitted(), keyARN, func(in *guard.Input) { in.Finding.Principal.ARN = ownRole }, guard.WrongPrincipal},
		"another key's":              {permitted(), foreignKey, func(*guard.Input) {}, guard.WrongTarget},
		"another account's":          {across(), foreignKey, func(*guard.Input) {}, guard.Consented},
		"… by the half it gave":      {across(), foreignKey, func(in *guard.Input) { in.Finding.Tags = nil }, guard.NotConsented},
		"… whose tags can't be read": {across(), foreignKey, func(in *guard.Input) { in.Finding.Tags, in.Finding.TagsUnreadable = nil, "not onboarded" }, guard.NotConsented},
	} {
		if tc.since(&tc.in); guard.Judge(tc.in, retire(tc.key)).Reason != tc.want {
			t.Errorf("%s: %+v", name, guard.Judge(tc.in, retire(tc.key)))
		}
	}
}

// Every reason has a row here, a sentence of its own, and one verdict.
func TestEveryReason(t *testing.T) {
	t.Parallel()
	const allowed, proposed, tried, none = "allowed", "proposed", "tried", "none"
	resumes := alone(group.Resume{Group: ownGroup, Name: "web-prod"})
	moves := alone(group.Update{Group: ownGroup, Name: "web-prod", Before: "b", After: ownRole})
	for reason, tc := range map[guard.Reason]struct {
		in    guard.Input
		p     plan.Plan
		since func(*guard.Input)
		want  string
		says  string // beside the reason's own sentence
	}{
		guard.Consented:        {permitted(), edit(), func(*guard.Input) {}, allowed, ""},
		guard.ScopeAll:         {permitted(), edit(), func(in *guard.Input) { in.Finding.Tags, in.Scope = nil, settings.AllKeys }, allowed, ""},
		guard.PersonDecided:    {permitted(), edit(), func(in *guard.Input) { in.Finding.Tags, in.PersonAsked = nil, true }, allowed, ""},
		guard.HalfGiven:        {across(), second(plan.HalfGiven), func(in *guard.Input) { in.Finding.Tags = nil }, allowed, ""},
		guard.ResumeBySettings: {moving(), resumes, func(in *guard.Input) { in.Finding.Group, in.Resume, in.Missing = "web-prod", 2, 2 }, allowed, ""},
		guard.TooManyMissing:   {moving(), resumes, func(in *guard.Input) { in.Finding.Group, in.Resume, in.Missing = "web-prod", 2, 3 }, proposed, ""},
		guard.RoleBySettings:   {moving(), moves, func(*guard.Input) {}, allowed, ""},
		guard.HalfNotSeen: {across(), second(plan.HalfUnknown), func(in *guard.Input) {
			in.Finding.Tags, in.Finding.TagsUnreadable = nil, "not onboarded"
		}, tried, ""},
		guard.NothingToApply:   {permitted(), plan.Plan{Target: keyARN}, func(*guard.Input) {}, none, ""},
		guard.WrongPrincipal:   {permitted(), edit(), func(in *guard.Input) { in.Finding.Principal.ARN = "arn:aws:iam::" + account + ":role/admin" }, none, "This one is arn:aws:iam::" + account + ":role/admin."},
		guard.WrongTarget:      {permitted(), plan.Plan{Target: foreignKey, Steps: edit().Steps}, func(*guard.Input) {}, none, ""},
		guard.KeyIgnored:       {permitted(), edit(), func(in *guard.Input) { in.Finding.Tags = map[string]string{"keymend": "ignore"} }, none, ""},
		guard.GroupIgnored:     {moving(), moves, func(in *guard.Input) { in.GroupTags = map[string]string{"keymend": "ignore"} }, none, ""},
		guard.OnlyObserving:    {permitted(), edit(), func(in *guard.Input) { in.Mode = settings.Observe }, none, ""},
		guard.TagsNotReadable:  {permitted(), edit(), func(in *guard.Input) { in.Finding.TagsUnreadable = "AccessDenied" }, none, "AccessDenied"},
		guard.NotConsented:     {permitted(), edit(), func(in *guard.Input) { in.Finding.Tags = nil }, proposed, "aws kms tag-resource"},
		guard.ForeignKey:       {across(), both(), func(in *guard.Input) { in.Accounts = nil }, proposed, "adds " + owner + " to the setting accounts"},
		guard.ConsentElsewhere: {across(), both(), func(in *guard.Input) { in.Finding.Tags = map[string]string{"keymend-accounts": owner} }, proposed, "TagValue=" + owner + " " + account},
		guard.CopyNotConsented: {agreeing(), copying(), func(in *guard.Input) { in.Finding.Copy.Keys[0].Tags = nil }, proposed, "TagKey=keymend-copy"},
		guard.CopyNotSeen:      {agreeing(), copying(), func(in *guard.Input) { in.Finding.Copy.Keys[0].Unreadable = "not onboarded" }, proposed, "TagKey=keymend-copy"},
		guard.ApprovalExpired: {permitted(), sealed(), func(in *guard.Input) {
			in.Mode, in.Approval = settings.Propose, guard.Approval{By: "alice", Digest: sealed().Digest, Late: true}
		}, proposed, "keymend approve r-"},
		guard.OwnApproval: {permitted(), sealed(), func(in *guard.Input) {
			in.Mode, in.Approval = settings.Propose, guard.Approval{By: "Alice", Digest: sealed().Digest, Makers: []string{"", "arn:aws:sts::" + account + ":assumed-role/dev/alice"}}
		}, proposed, "assumed-role/dev/alice did"},
		guard.OnlyProposing: {permitted(), edit(), func(in *guard.Input) { in.Mode = settings.Propose }, proposed, ""},
		guard.TakenAway: {permitted(), edit(), func(in *guard.Input) {
			in.Past.Gone = &guard.Removal{What: "2 statements added (r-1)", By: "an administrator wrote the key's policy"}
		}, proposed, "2 statements added (r-1), written 0001-01-01T00:00:00Z; since then: an administrator wrote the key's policy."},
		guard.Braked:         {permitted(), edit(), func(in *guard.Input) { in.Past.Read, in.Past.Unread = true, "refused" }, proposed, "can't be read: refused"},
		guard.MayNotBeNeeded: {permitted(), edit(), func(in *guard.Input) {}, proposed, "it hangs on aws:PrincipalOrgID"},
		guard.SwitchedOff:    {permitted(), edit(), func(in *guard.Input) { in.Switch, in.SwitchText = guard.SwitchOff, "the parameter says off" }, proposed, "the parameter says off"},
	} {
		tc.since(&tc.in)
		if reason == guard.MayNotBeNeeded {
			tc.p.Doubt = "the role may be allowed it: it hangs on aws:PrincipalOrgID"
		}
		v := guard.Judge(tc.in, tc.p)
		got := map[[3]bool]string{{true, false, false}: allowed, {false, true, false}: proposed, {false, false, true}: tried, {}: none}[[3]bool{v.Allowed, v.Propose, v.Try}]
		if v.Reason != reason || got != tc.want || !strings.HasPrefix(v.Text, guard.Explain(reason)) || !strings.Contains(v.Text+quote.Told(v.Run), tc.says) {
			t.Errorf("%s: %s, %+v", reason, got, v)
		}
	}
	if text := guard.Explain("because"); !strings.Contains(text, `"because"`) {
		t.Error(text)
	}
}

// A reason that has no sentence would be shown as a fault.
func TestEveryReasonIsExplained(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("reason.go")
	if err != nil {
		t.Fatal(err)
	}
	all := regexp.MustCompile(`Reason = "([a-z-]+)"`).FindAllStringSubmatch(string(text), -1)
	const reasons = 27 // those of TestEveryReason
	if len(all) != reasons {
		t.Errorf("%d reasons, and %d rows in TestEveryReason", len(all), reasons)
	}
	for _, m := range all {
		if text := guard.Explain(guard.Reason(m[1])); !strings.HasSuffix(text, ".") || strings.HasPrefix(text, "no such reason") {
			t.Errorf("%s: %s", m[1], text)
		}
	}
}

// TestResumeIsTheGroupsOwn: only the group that was looked at is resumed, and only where
// the settings say so.
func TestResumeIsTheGroupsOwn(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		group   string
		account string
		resume  int
		want    guard.Reason
	}{
		"its own": {"web-prod", account, 5, guard.ResumeBySettings}, "another": {"batch", account, 5, guard.WrongTarget},
		"another account's": {"web-prod", owner, 5, guard.WrongTarget}, "off": {"web-prod", account, 0, guard.WrongTarget}, "none": {"", account, 5, guard.WrongTarget},
	} {
		in := moving()
		in.Finding.Group, in.Finding.Account, in.Resume = tc.group, tc.account, tc.resume
		if got := guard.Judge(in, alone(group.Resume{Group: ownGroup, Name: "web-prod"})); got.Reason != tc.want {
			t.Errorf("%s: %+v", name, got)
		}
		if got := guard.Judge(in, alone(group.Suspend{Group: ownGroup, Name: "web-prod"})); got.Allowed || got.Propose {
			t.Errorf("%s: what only an undo may do: %+v", name, got)
		}
	}
}
