package permission_test

import (
	"slices"
	"strings"
	"testing"

	"keymend/pkg/access"
	"keymend/pkg/permission"
)

const (
	theirKey = "arn:aws:kms:eu-west-1:444455556666:key/5e6f"
	theImage = "arn:aws:ec2:eu-west-1::image/ami-1"
	newImage = "arn:aws:ec2:eu-west-1::image/*"
	newPart  = "arn:aws:ec2:eu-west-1::snapshot/*"
	template = "arn:aws:ec2:eu-west-1:111122223333:launch-template/lt-1"
)

// Who doesn't ask for copies has none of it.
func TestNoCopierUnlessAskedFor(t *testing.T) {
	t.Parallel()
	p := place()
	p.Copies = false
	if permission.For(permission.Copier, p) != nil {
		t.Error("the copier may do something")
	}
	for _, r := range permission.Roles() {
		for _, one := range permission.For(r, p) {
			if strings.Contains(one.Resource, "copier") || one.Action == "ec2:DescribeLaunchTemplates" {
				t.Errorf("%s may %s on %s", r, one.Action, one.Resource)
			}
		}
	}
}

// What the copier may, and what beside that nobody may.
func TestCopier(t *testing.T) {
	t.Parallel()
	for _, p := range permission.For(permission.Copier, place()) {
		if strings.Contains(p.Action, "*") || p.Why == "" || p.Resource == "*" {
			t.Errorf("%+v", p)
		}
	}
	via := func(more ...string) map[string][]string {
		out := map[string][]string{"kms:viaservice": {"ec2.eu-west-1.amazonaws.com"}, "aws:resourceaccount": {"444455556666"}}
		for i := 0; i < len(more); i += 2 {
			out[more[i]] = []string{more[i+1]}
		}
		return out
	}
	ours := map[string][]string{"aws:resourcetag/keymend-copy-of": {"ami-1"}}
	tagged := map[string][]string{"aws:requesttag/keymend-copy-of": {"ami-1"}, "aws:tagkeys": {"keymend-copy-of", "keymend-group"}}
	tagging := map[string][]string{"ec2:createaction": {"CopyImage"}, "aws:tagkeys": {"keymend-copy-of", "keymend-group"}}
	for name, tc := range map[string]struct {
		action, resource string
		ctx              map[string][]string
		want             access.Decision
	}{
		"a source":                            {"ec2:CopyImage", theImage, nil, access.Allowed},
		"a copy's snapshots":                  {"ec2:CopyImage", newPart, tagged, access.Allowed},
		"a copy's snapshots, unmarked":        {"ec2:CopyImage", newPart, nil, access.Denied},
		"tags":                                {"ec2:CreateTags", newImage, tagging, access.Allowed},
		"tags on what is there":               {"ec2:CreateTags", theImage, nil, access.Denied},
		"tags of something else":              {"ec2:CreateTags", newImage, map[string][]string{"ec2:createaction": {"CopyImage"}, "aws:tagkeys": {"keymend-copy-of", "keymend"}}, access.Denied},
		"tags of a launch":                    {"ec2:CreateTags", newImage, map[string][]string{"ec2:createaction": {"RunInstances"}, "aws:tagkeys": {"keymend-copy-of"}}, access.Denied},
		"its copy away":                       {"ec2:DeregisterImage", theImage, ours, access.Allowed},
		"anyone's image away":                 {"ec2:DeregisterImage", theImage, map[string][]string{"aws:resourcetag/team": {"a"}}, access.Denied},
		"its snapshot away":                   {"ec2:DeleteSnapshot", newPart, ours, access.Allowed},
		"anyone's snapshot away":              {"ec2:DeleteSnapshot", newPart, nil, access.Denied},
		"a version":                           {"ec2:CreateLaunchTemplateVersion", template, nil, access.Allowed},
		"versions away":                       {"ec2:DeleteLaunchTemplateVersions", template, nil, access.Denied},
		"another account's template":          {"ec2:ModifyLaunchTemplate", strings.Replace(template, "1111", "4444", 1), nil, access.Denied},
		"a launch":                            {"ec2:RunInstances", theImage, nil, access.Denied},
		"the own key, by EC2":                 {"kms:ReEncryptTo", keyARN, via(), access.Allowed},
		"the default key, to see":             {"kms:DescribeKey", keyARN, nil, access.Allowed},
		"the own key, directly":               {"kms:ReEncryptTo", keyARN, nil, access.Denied},
		"the own key, to read":                {"kms:Decrypt", keyARN, via("aws:resourceaccount", "111122223333"), access.Denied},
		"a listed account's key, to read":     {"kms:Decrypt", theirKey, via(), access.Allowed},
		"the same, directly":                  {"kms:Decrypt", theirKey, map[string][]string{"aws:resourceaccount": {"444455556666"}}, access.Denied},
		"an account's key that isn't listed":  {"kms:Decrypt", strings.Replace(theirKey, "4444", "7777", 1), via("aws:resourceaccount", "777755556666"), access.Denied},
		"a grant for EBS":                     {"kms:CreateGrant", theirKey, via("kms:grantisforawsresource", "true"), access.Allowed},
		"a grant for somebody":                {"kms:CreateGrant", theirKey, via("kms:grantisforawsresource", "false"), access.Denied},
		"a grant for somebody on the own key": {"kms:CreateGrant", keyARN, via("kms:grantisforawsresource", "false"), access.Denied},
		"a key policy":                        {"kms:PutKeyPolicy", keyARN, via(), access.Denied},
	} {
		text, err := permission.Policy(permission.Copier, place())
		if err != nil {
			t.Fatal(err)
		}
		if got := decide(t, text, tc.action, tc.resource, tc.ctx); got != tc.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// One session copies one source, by these keys, and nothing else; it fits into
// what STS takes.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func TestCopyPolicyNarrows(t *testing.T) {
	t.Parallel()
	c := permission.Copy{Action: "ec2:CopyImage", Partition: "aws", Account: "111122223333", Region: "eu-west-1", Source: "ami-0123456789abcdef0"}
	c.Keys = slices.Repeat([]string{"arn:aws:kms:eu-west-1:444455556666:key/1a2b3c4d-0000-4000-8000-000000000001"}, 8)
	long, err := permission.CopyPolicy(c)
	if err != nil || len(long) > 2048 {
		t.Errorf("%d characters, %v", len(long), err)
	}
	c.Source, c.Keys = "ami-1", []string{keyARN, theirKey}
	of := func(id string) map[string][]string {
		return map[string][]string{"aws:requesttag/keymend-copy-of": {id}, "kms:viaservice": {"ec2.eu-west-1.amazonaws.com"}}
	}
	for _, action := range []string{"ec2:CopyImage", "ec2:CopySnapshot"} {
		c.Action = action
		text, err := permission.CopyPolicy(c)
		if err != nil {
			t.Fatal(err)
		}
		source, made := theImage, newImage
		if action == "ec2:CopySnapshot" {
			source, made = strings.Replace(theImage, "image/", "snapshot/", 1), newPart
		}
		for name, tc := range map[string]struct {
			action, resource string
			ctx              map[string][]string
			want             access.Decision
		}{
			"the source":        {action, source, nil, access.Allowed},
			"another source":    {action, source + "0", nil, access.Denied},
			"the copy":          {action, made, of("ami-1"), access.Allowed},
			"of another source": {action, made, of("ami-2"), access.Denied},
			"its tags":          {"ec2:CreateTags", made, of("ami-1"), access.Allowed},
			"its key":           {"kms:Decrypt", theirKey, of("ami-1"), access.Allowed},
			"its key, directly": {"kms:Decrypt", theirKey, nil, access.Denied},
			"the default key":   {"kms:DescribeKey", keyARN + "0", nil, access.Allowed},
			"to use":            {"kms:ReEncryptTo", keyARN + "0", of("ami-1"), access.Denied},
			"another key":       {"kms:Decrypt", theirKey + "0", of("ami-1"), access.Denied},
			"another action":    {"ec2:DeregisterImage", source, of("ami-1"), access.Denied},
		} {
			if got := decide(t, text, tc.action, tc.resource, tc.ctx); got != tc.want {
				t.Errorf("%s, %s: %s", action, name, got)
			}
		}
	}
}
