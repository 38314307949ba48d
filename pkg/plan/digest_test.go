package plan_test

import (
	"testing"

	"keymend/pkg/plan"
	"keymend/pkg/plan/copies"
)

// Messages and records of version 1 name plans by their digest: what comes to the
// same on the same facts has the digest that it had there.
func TestDigestsOfVersion1(t *testing.T) {
	t.Parallel()
	retire, _ := broken(granted, policyIs(root, useOf, grantsOf)).Retire(plan.Options{OwnKey: "auto"})
	last := func(s plan.Snapshot) plan.Plan {
		all := plan.All(s, options(dedicated))
		return all[len(all)-1].Plan
	}
	onDefault := func(c *copies.Case) {
		one(copies.Ready)(c)
		c.Ways[0].Asked, c.Ways[0].Template.Default = "$Default", 3
		c.Ways[0].Template.Groups = []copies.Follower{{Group: "web-prod", Version: "$Default"}}
	}
	for name, tc := range map[string]struct {
		p      plan.Plan
		digest string
		facts  string // "" = as for others
	}{
		"statements":                 {plan.For(broken(), plan.Options{OwnKey: "auto"}), "255f72a4abe3df5472cce29e7a499aedd98dd41d1dbf7b2cd2cbf16b2a683489", "1e9d9e41c1aeb41d44b27ec689f45796fb96678aaf550a45ba33168a385e4499"},
		"a grant":                    {plan.For(broken(), plan.Options{OwnKey: "grant", RetiringRole: granter}), "ff0c72d5959f49ac10a04c125bcec1c67949c758c996281697d3f34b7b243832", ""},
		"both halves":                {plan.For(across(), options()), "a7db996a04e1de9e4e9da1f9d7c36fb6521d263eee4578828ef2d483488b2fb6", "c414f030e291c22d7dd75822456c7ea5af3192be34c1ba08350671de5aacdb3a"},
		"a grant to be tried":        {plan.For(across(unseenKey), options()), "05e1ad954e38f394cb302445b1c58026d8c397670938ebce3eb1a151d0d263ee", "85121be0f255aa3b883500e2439e1990e8c1de932f9adb06cc43404b62b37e77"},
		"a grant's end":              {retire, "3a0e6a9c7e1d5c5e74e6dd55a36fa1bced182ac836063134f64686417d793fb6", "66c9e5df0d200ab0fd35d5934c8afd372d5c4e9c97c859cc2736691ecb280df5"},
		"nothing to apply":           {plan.For(broken(state("Disabled")), plan.Options{}), "addbde93246edaff3684c432cf693cd8cc3a8799f46e8a315e2b8dac8c194584", ""},
		"a copy":                     {plan.For(across(unseenKey, from()), options(byCopies)), "43fb377901f0bc5109fc504e9c17e46154f04b3f409ce3080680a8d7bb5fd189", ""},
		"clearing away":              {plan.For(across(from(one(copies.Failed))), options(byCopies)), "dc4d85444661d24f414e1b3ddff28a7573b171696e9451e988f5e4134bc9d23a", ""},
		"a version":                  {plan.For(across(unseenKey, from(one(copies.Ready))), options(byCopies)), "994932dea2ef7d768d657503326e4816a25873b770831581cdbc413eaeea0b32", ""},
		"a version, and the default": {plan.For(across(unseenKey, from(onDefault)), options(byCopies)), "5a2741488214b4092a35db029d6bc9b9f50b4bc2df2265b5c239061902d540ba", ""},
		"a role":                     {last(asked(looked(broken()), "")), "3592554ddc1e7eca716ad19129b99efc5dc4322778ca4aa49f5ba61363f682cb", "5cdb0ec7f411b02a6e07142bb8838ad72613abc25a8adccad8348800ae429e5f"},
		"a group":                    {last(asked(looked(broken()), ownID)), "c4925b54ecd62103de056a200a6b3b9e278ae3ce1c3f4e6cf339278bc9ce16c7", "239b91883648b2da2b9ad8eac8509a01e3a7f027031c339c0af7b19b3b7176b4"},
	} {
		if tc.p.Digest != tc.digest || tc.facts != "" && tc.p.FactsDigest != tc.facts {
			t.Errorf("%s: %s, %s", name, tc.p.Digest, tc.p.FactsDigest)
		}
	}
}
