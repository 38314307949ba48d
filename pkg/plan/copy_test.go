package plan_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"keymend/pkg/access"
	"keymend/pkg/plan"
	"keymend/pkg/plan/copies"
	"keymend/pkg/tag"
)

const (
	copyKey = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000003"
	copier  = "arn:aws:iam::111122223333:role/keymend-copier"
)

func byCopies(o *plan.Options) { o.ForeignKey, o.Copier = "copy", access.Principal{ARN: copier} }

// from is a launch from an image that lies under the key.
func from(changes ...func(*copies.Case)) func(*plan.Finding) {
	return func(f *plan.Finding) {
		f.Copy = &copies.Case{
			Account: account, Region: "eu-west-1", Group: f.Group, Key: foreignKey, CopyKey: copies.Key{ARN: copyKey},
			Ways: []copies.Way{{
				Asked: "3", Sources: []copies.Source{{ID: "ami-1", Owner: owner, Keys: []string{foreignKey}}},
				Template: copies.Template{ID: "lt-1", Version: 3, Latest: 3, Data: json.RawMessage(`{"ImageId":"ami-1"}`)},
			}},
		}
		for _, c := range changes {
			c(f.Copy)
		}
	}
}

func one(state copies.State) func(*copies.Case) {
	return func(c *copies.Case) {
		c.Ways[0].Sources[0].Copies = []copies.Copy{{ID: "ami-2", State: state}}
	}
}

func TestCopies(t *testing.T) {
	t.Parallel()
	made := func(c *copies.Case) {
		one(copies.Ready)(c)
		c.Ways[0].Template.Later = []copies.Version{{Number: 4, Description: tag.Version(3) + " (r-1)", Data: json.RawMessage(`{"ImageId":"ami-2"}`)}}
	}
	ebs := strings.Replace(forAWS, `"kms:GrantIsForAWSResource":"true"}`, `"kms:GrantIsForAWSResource":"true"},"StringEquals":{"kms:ViaService":"ec2.eu-west-1.amazonaws.com"}`, 1)
	for name, tc := range map[string]struct {
		f     plan.Finding
		steps string
		nofix plan.NoFixReason
		says  string
	}{
		"the key is open to the account":  {across(policyIs(ownerRoot, useByRoot, byRoot), from()), "CopyImage", "", `"copyKey":"` + copyKey},
		"for EBS only":                    {across(policyIs(ownerRoot, useByRoot, ebs), from()), "CopyImage", "", ""},
		"it isn't":                        {across(from()), "", plan.ForeignKey, "account 444455556666, whose key policy doesn't let " + copier},
		"for use only":                    {across(policyIs(ownerRoot, useByRoot), from()), "", plan.ForeignKey, `"Sid":"CopyGrantsBy111122223333"`},
		"by the procedure's own hardened": {across(policyIs(ownerRoot, useByRoot, strings.Replace(forAWS, `"Bool":{"kms:GrantIsForAWSResource":"true"}`, `"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/other"}`, 1)), from()), "", plan.ForeignKey, "kms:CreateGrant is denied"},
		"its policy can't be read":        {across(unseenKey, from()), "CopyImage", "", ""},
		"a version asks nothing of it":    {across(from(one(copies.Ready))), "NewTemplateVersion", "", `"imageId":"ami-2"`},
		"clearing away neither":           {across(from(one(copies.Failed))), "RemoveCopy", "", ""},
		"clearing away, of a dead key":    {across(from(one(copies.Failed)), func(f *plan.Finding) { f.Facts.Key.State = "Disabled" }), "RemoveCopy", "", ""},
		"a dead key":                      {across(from(), func(f *plan.Finding) { f.Facts.Key.State = "Disabled" }), "", plan.KeyNotUsable, ""},
		"on its way":                      {across(policyIs(ownerRoot, useByRoot, byRoot), from(one(copies.Pending))), "", plan.Copying, "isn't ready yet"},
		"made":                            {across(from(made)), "", plan.HandedOver, "LaunchTemplateId=lt-1,Version=4"},
		"can't be copied":                 {across(from(func(c *copies.Case) { c.Ways[0].Sources[0].Marketplace = true })), "", plan.NotCopyable, "AWS Marketplace"},
		"nothing known to copy":           {across(from(func(c *copies.Case) { c.Ways = nil })), "", plan.NotCopyable, "is known to need"},
		"not looked at":                   {across(), "", plan.NotCopyable, "wasn't looked at"},
		"a template that is no template":  {across(from(one(copies.Ready), func(c *copies.Case) { c.Ways[0].Template.Data = nil })), "", plan.NotCopyable, "derive template version"},
		"a key of the own account":        {broken(from()), "EditKeyPolicy", "", ""},
	} {
		p := plan.For(tc.f.Evaluate(), options(byCopies))
		all := strings.NewReplacer(`\"`, `"`, `\u003c`, "<").Replace(textOf(t, p))
		reason := plan.NoFixReason("")
		if p.NoFix != nil {
			reason = p.NoFix.Reason
		}
		if kindsOf(p.Steps) != tc.steps || reason != tc.nofix || !strings.Contains(all, tc.says) {
			t.Errorf("%s: %s", name, all)
		}
		if p.OthersAffected != 0 || p.Copies() != (tc.steps != "" && tc.steps != "EditKeyPolicy") {
			t.Errorf("%s: affects %d, copies %v", name, p.OthersAffected, p.Copies())
		}
	}
}

// What a plan of copies does is all in its digest, and it comes back from the
// wire.
func TestCopiesOnTheWire(t *testing.T) {
	t.Parallel()
	digests := map[string]string{}
	for name, f := range map[string]plan.Finding{
		"pending none": across(unseenKey, from()), "another image": across(unseenKey, from(func(c *copies.Case) { c.Ways[0].Sources[0].ID = "ami-9" })),
		"another key": across(unseenKey, from(func(c *copies.Case) { c.CopyKey.ARN += "4" })), "a version": across(unseenKey, from(one(copies.Ready))),
	} {
		p := plan.For(f.Evaluate(), options(byCopies))
		if other := digests[p.Digest]; other != "" {
			t.Errorf("%s and %s have one digest", name, other)
		}
		digests[p.Digest] = name
		if back := overTheWire(t, p.Steps); !reflect.DeepEqual(back, p.Steps) || !back.Same(p.Steps) {
			t.Errorf("%s: %+v → %+v", name, p.Steps, back)
		}
		if !strings.HasPrefix(p.Target, "arn:aws:ec2:eu-west-1:"+account+":") {
			t.Errorf("%s: target %s", name, p.Target)
		}
	}
}
