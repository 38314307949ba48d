package guard_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"keymend/pkg/change"
	"keymend/pkg/guard"
	step "keymend/pkg/kind/copies"
	"keymend/pkg/kind/grant"
	"keymend/pkg/kind/template"
	"keymend/pkg/plan"
	"keymend/pkg/plan/copies"
	"keymend/pkg/quote"
	"keymend/pkg/settings"
)

const (
	copyKey  = "arn:aws:kms:eu-west-1:111122223333:key/ours"
	otherKey = "arn:aws:kms:eu-west-1:777788889999:key/5e6f"
	image    = "arn:aws:ec2:eu-west-1:111122223333:image/ami-1"

	theirImage = "arn:aws:ec2:eu-west-1:444455556666:image/ami-1"
)

func scene() template.Scene {
	return template.Scene{Account: account, Region: "eu-west-1", Key: foreignKey, Template: "lt-1"}
}

// aimed is a step that is carried out in the group's account, on another's image.
type aimed struct{ change.Step }

func (aimed) At() change.Place {
	return change.Place{Account: account, Target: theirImage, Key: foreignKey}
}

// makes is the copy that is asked for, changed.
func makes(changes ...func(*step.Make)) plan.Plan {
	s := step.Make{Account: account, Region: "eu-west-1", Key: foreignKey, Source: "ami-1", CopyKey: copyKey, Keys: []string{foreignKey}}
	for _, c := range changes {
		c(&s)
	}
	return plan.Plan{Target: s.At().Target, Steps: change.Steps{s}}
}

func copying(keys ...string) plan.Plan {
	return makes(func(s *step.Make) { s.Keys = append(s.Keys, keys...) })
}

// agreeing is the input that everything speaks for.
func agreeing() guard.Input {
	in := across()
	ours := copies.Key{ARN: copyKey}
	in.Finding.Copy = &copies.Case{CopyKey: ours, Keys: []copies.Key{
		{ARN: foreignKey, Tags: map[string]string{"keymend": "remediate", "keymend-copy": "777788889999 " + account}}, ours,
	}}
	return in
}

func TestConsentToCopies(t *testing.T) {
	t.Parallel()
	tags := func(tags map[string]string) func(*guard.Input) {
		return func(in *guard.Input) { in.Finding.Copy.Keys[0].Tags = tags }
	}
	also := func(k copies.Key) func(*guard.Input) {
		return func(in *guard.Input) { in.Finding.Copy.Keys = append(in.Finding.Copy.Keys, k) }
	}
	both := map[string]string{"keymend": "remediate", "keymend-copy": account}
	version := plan.Plan{Target: scene().At().Target, Steps: change.Steps{template.NewVersion{Scene: scene(), CopyKey: copyKey}, template.SetDefault{Scene: scene()}}}
	removal := step.Remove{Account: account, Region: "eu-west-1", Key: foreignKey, Source: "ami-1", CopyKey: copyKey}
	remove := alone(removal)
	under := func(key string) plan.Plan { return makes(func(s *step.Make) { s.CopyKey = key }) }
	person := func(change func(*guard.Input)) func(*guard.Input) {
		return func(in *guard.Input) { change(in); in.PersonAsked, in.OwnCalls = true, true }
	}
	for name, tc := range map[string]struct {
		change func(*guard.Input)
		p      plan.Plan
		want   guard.Reason
		says   string
	}{
		"both tags":              {func(*guard.Input) {}, copying(), guard.Consented, ""},
		"both tags, a version":   {func(*guard.Input) {}, version, guard.Consented, ""},
		"consent to grants only": {tags(map[string]string{"keymend": "remediate", "keymend-accounts": account}), copying(), guard.CopyNotConsented, "ccount " + owner + " runs: aws kms tag-resource --key-id " + foreignKey + " --tags TagKey=keymend,TagValue=remediate TagKey=keymend-copy,TagValue=" + account + " --region eu-west-1"},
		"another account named":  {tags(map[string]string{"keymend": "remediate", "keymend-copy": "777788889999"}), copying(), guard.CopyNotConsented, "TagValue=777788889999 " + account},
		"part of an id":          {tags(map[string]string{"keymend": "remediate", "keymend-copy": account + "0"}), copying(), guard.CopyNotConsented, ""},
		"by commas":              {tags(map[string]string{"keymend": "remediate", "keymend-copy": account + "," + owner}), copying(), guard.CopyNotConsented, ""},
		"only the accounts":      {tags(map[string]string{"keymend-copy": account}), copying(), guard.CopyNotConsented, ""},
		"taken back meanwhile":   {tags(nil), version, guard.CopyNotConsented, ""},
		"the owner's no":         {tags(map[string]string{"Keymend": " ignore", "keymend-copy": account}), copying(), guard.KeyIgnored, ""},
		"a no on the copy key":   {func(in *guard.Input) { in.Finding.Copy.CopyKey.Tags = map[string]string{"keymend": "ignore"} }, copying(), guard.KeyIgnored, ""},
		"tags that can't be read": {func(in *guard.Input) {
			in.Finding.Copy.Keys[0].Tags, in.Finding.Copy.Keys[0].Unreadable = nil, "not onboarded"
		}, copying(), guard.CopyNotSeen, "TagKey=keymend-copy,TagValue=" + account},
		"a person asks":             {person(tags(nil)), copying(), guard.PersonDecided, ""},
		"… through Keymend's roles": {func(in *guard.Input) { person(tags(nil))(in); in.OwnCalls = false }, copying(), guard.CopyNotConsented, ""},
		"nobody asks":               {func(in *guard.Input) { person(tags(nil))(in); in.PersonAsked = false }, copying(), guard.CopyNotConsented, ""},
		"… about what can't be read": {person(func(in *guard.Input) {
			in.Finding.Copy.Keys[0].Tags, in.Finding.Copy.Keys[0].Unreadable = nil, "not onboarded"
		}), copying(), guard.PersonDecided, ""},
		"… with no account listed":      {person(func(in *guard.Input) { in.Accounts = nil }), copying(), guard.PersonDecided, ""},
		"… and the owner agrees":        {person(func(*guard.Input) {}), copying(), guard.Consented, ""},
		"… against the owner's no":      {person(tags(map[string]string{"keymend": "ignore"})), copying(), guard.KeyIgnored, ""},
		"… while the switch is off":     {person(func(in *guard.Input) { in.Switch = guard.SwitchOff }), copying(), guard.SwitchedOff, ""},
		"… beside an own key":           {person(also(copies.Key{ARN: keyARN})), copying(keyARN), guard.PersonDecided, ""},
		"… beside an own key, not seen": {person(also(copies.Key{ARN: keyARN, Unreadable: "denied"})), copying(keyARN), guard.CopyNotSeen, ""},
		"… under another key":           {person(func(*guard.Input) {}), under(keyARN), guard.WrongTarget, ""},
		"an account not listed":         {func(in *guard.Input) { in.Accounts = nil }, copying(), guard.ForeignKey, "adds " + owner},
		"a second owner, silent":        {also(copies.Key{ARN: otherKey}), copying(otherKey), guard.CopyNotConsented, "ccount 777788889999 runs: aws kms tag-resource --key-id " + otherKey},
		"a second owner, agreeing":      {also(copies.Key{ARN: otherKey, Tags: both}), copying(otherKey), guard.Consented, ""},
		"a second owner, not listed": {func(in *guard.Input) {
			also(copies.Key{ARN: otherKey, Tags: both})(in)
			in.Accounts = []string{owner}
		}, copying(otherKey), guard.ForeignKey, "adds 777788889999"},
		"a second owner, not looked at": {func(*guard.Input) {}, copying(otherKey), guard.WrongTarget, ""},
		"an own key beside it, silent":  {also(copies.Key{ARN: keyARN}), copying(keyARN), guard.CopyNotConsented, "ccount " + account},
		"aws/ebs beside it":             {also(copies.Key{ARN: keyARN, Managed: true}), copying(keyARN), guard.Consented, ""},
		"the copy key beside it":        {func(*guard.Input) {}, copying(copyKey), guard.Consented, ""},
		"observe":                       {func(in *guard.Input) { in.Mode = settings.Observe }, copying(), guard.OnlyObserving, ""},
		"propose":                       {func(in *guard.Input) { in.Mode = settings.Propose }, copying(), guard.OnlyProposing, ""},
		"switch off":                    {func(in *guard.Input) { in.Switch = guard.SwitchOff }, copying(), guard.SwitchedOff, ""},
		"clearing away":                 {tags(nil), remove, guard.Consented, ""},
		"clearing away, observe":        {func(in *guard.Input) { in.Mode = settings.Observe }, remove, guard.OnlyObserving, ""},
		"clearing away, switch off":     {func(in *guard.Input) { in.Switch = guard.SwitchOff }, remove, guard.SwitchedOff, ""},
		"in another account":            {func(*guard.Input) {}, makes(func(s *step.Make) { s.Account = owner }), guard.WrongTarget, ""},
		"under another key":             {func(*guard.Input) {}, under(keyARN), guard.WrongTarget, ""},
		"another target":                {func(*guard.Input) {}, plan.Plan{Target: foreignKey, Steps: copying().Steps}, guard.WrongTarget, ""},
		"beside a grant":                {func(*guard.Input) {}, plan.Plan{Target: foreignKey, Steps: append(copying().Steps, grant.Create{Key: foreignKey, Principal: slr})}, guard.WrongTarget, ""},
		"under no key":                  {func(*guard.Input) {}, under(""), guard.WrongTarget, ""},
		"a version under no key":        {func(*guard.Input) {}, alone(template.NewVersion{Scene: scene()}), guard.WrongTarget, ""},
		"clearing away under no key":    {func(*guard.Input) {}, alone(step.Remove{Account: account, Region: "eu-west-1", Key: foreignKey, Source: "ami-1"}), guard.WrongTarget, ""},
		"nobody looked":                 {func(in *guard.Input) { in.Finding.Copy = nil }, copying(), guard.WrongTarget, ""},
		"the copy key is another's":     {func(in *guard.Input) { in.Finding.Copy.CopyKey.ARN = otherKey }, under(otherKey), guard.WrongTarget, ""},
		"a target in another account":   {func(*guard.Input) {}, plan.Plan{Target: theirImage, Steps: change.Steps{aimed{Step: copying().Steps[0]}}}, guard.WrongTarget, ""},
		"clearing away and a copy":      {func(*guard.Input) {}, plan.Plan{Target: image, Steps: append(remove.Steps, copying().Steps...)}, guard.Consented, ""},
		"… that nobody agrees to":       {tags(nil), plan.Plan{Target: image, Steps: append(copying().Steps, removal)}, guard.CopyNotConsented, ""},
		"no copy key":                   {func(in *guard.Input) { in.Finding.Copy.CopyKey.ARN = "" }, version, guard.WrongTarget, ""},
	} {
		in := agreeing()
		tc.change(&in)
		v := guard.Judge(in, tc.p)
		if v.Reason != tc.want || v.Allowed != (tc.want == guard.Consented || tc.want == guard.PersonDecided) || !strings.Contains(v.Text+quote.Told(v.Run), tc.says) || v.Try {
			t.Errorf("%s: %+v", name, v)
		}
		if proposed := tc.want == guard.CopyNotConsented || tc.want == guard.CopyNotSeen || tc.want == guard.ForeignKey || tc.want == guard.OnlyProposing || tc.want == guard.SwitchedOff; v.Propose != proposed {
			t.Errorf("%s: proposed %v", name, v.Propose)
		}
	}
}

// Whatever the tags are: nothing is copied unless every key that the data lies
// under carries both, to the letter, or a person does it themselves, and no owner
// forbids it.
func TestNoCopyWithoutEveryOwner(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := agreeing()
		in.Scope = rapid.SampledFrom([]settings.Scope{settings.Tagged, settings.AllKeys}).Draw(t, "scope")
		in.PersonAsked, in.OwnCalls = rapid.Bool().Draw(t, "asked"), rapid.Bool().Draw(t, "themselves")
		var arns []string
		agreed, forbidden := true, false
		in.Finding.Copy.Keys = []copies.Key{in.Finding.Copy.CopyKey}
		for _, arn := range []string{foreignKey, otherKey, keyARN} {
			k := copies.Key{ARN: arn, Tags: rapid.MapOf(
				rapid.SampledFrom([]string{"keymend", "Keymend", "keymend-copy", "keymend-Copy", "keymend-accounts"}),
				rapid.SampledFrom([]string{"remediate", "ignore", "Remediate", account, owner + " " + account, account + ","}),
			).Draw(t, arn)}
			named := k.Tags["keymend-copy"] == account || k.Tags["keymend-copy"] == owner+" "+account
			_, odd := k.Tags["Keymend"]
			agreed = agreed && k.Tags["keymend"] == "remediate" && named && !odd
			forbidden = forbidden || k.Tags["keymend"] == "ignore" || k.Tags["Keymend"] == "ignore"
			in.Finding.Copy.Keys, arns = append(in.Finding.Copy.Keys, k), append(arns, arn)
		}
		want := agreed || in.PersonAsked && in.OwnCalls && !forbidden
		if v := guard.Judge(in, copying(arns...)); v.Allowed != want {
			t.Fatalf("%+v, want %v", v, want)
		}
	})
}
