package permission

import (
	"maps"

	"keymend/pkg/tag"
)

// What copies under a key of the group's account need. Where the settings don't
// ask for copies there is none of it.

func (p Place) readTemplates() []Permission {
	return []Permission{{Action: "ec2:DescribeLaunchTemplates", Resource: "*", Why: "a template's latest and default versions, and who owns it"}}
}

// copy: EC2 asks for the action on the source, and on what is made, whose ARNs
// look alike; tags are only in what is made. What isn't Keymend's own copy can't
// be taken away.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/copy-ami-permissions.html
func (p Place) copy() []Permission {
	images, snapshots := p.storage("image/*"), p.storage("snapshot/*")
	tagged := map[string][]string{"aws:RequestTag/" + tag.CopyOf: {"?*"}}
	ours := conditions{"StringLike": {"aws:ResourceTag/" + tag.CopyOf: {"?*"}}}
	by := func(actions ...string) conditions {
		return conditions{
			"StringEquals": {"ec2:CreateAction": actions}, "ForAllValues:StringEquals": {"aws:TagKeys": tag.OfCopies()},
		}
	}
	return []Permission{
		{Action: "ec2:CopyImage", Resource: images, Why: "the image that the group launches from, and the copy"},
		{Action: "ec2:CopyImage", Resource: snapshots, Condition: conditions{"StringLike": tagged}, Why: "the copy's snapshots"},
		{Action: "ec2:CopySnapshot", Resource: snapshots, Why: "the snapshot that a template names, and the copy"},
		{Action: "ec2:CreateTags", Resource: images, Condition: by("CopyImage"), Why: "marks the copy, by which it is found again"},
		{Action: "ec2:CreateTags", Resource: snapshots, Condition: by("CopyImage", "CopySnapshot"), Why: "the same, for snapshots"},
		{Action: "ec2:DeregisterImage", Resource: images, Condition: ours, Why: "clears a copy away that failed, or that is taken back"},
		{Action: "ec2:DeleteSnapshot", Resource: snapshots, Condition: ours, Why: "the same, for snapshots"},
	}
}

// copyKeys: EBS uses the keys in the copier's name, and only by way of EC2. Which
// of the account's keys copies lie under, the session policy says. "When copying an
// encrypted snapshot, you must have DescribeKey permissions on the default CMK"; by
// whose call that is looked at, AWS doesn't say.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html
func (p Place) copyKeys() []Permission {
	via := func(more conditions) conditions {
		out := conditions{"StringLike": {"kms:ViaService": {"ec2.*.amazonaws.com"}}}
		maps.Copy(out, more)
		return out
	}
	var out []Permission
	for _, action := range []string{"CreateGrant", "GenerateDataKeyWithoutPlaintext", "ReEncryptTo"} {
		out = append(out, Permission{Action: "kms:" + action, Resource: p.keys(), Condition: forAWS(action, via(nil)), Why: "encrypts the copy"})
	}
	out = append(out, Permission{Action: "kms:DescribeKey", Resource: p.keys(), Why: "the key of the copy, and the account's default EBS key, which EC2 wants to see at every copy"})
	if p.elsewhere() == nil {
		return out
	}
	for _, action := range []string{"CreateGrant", "Decrypt", "DescribeKey", "ReEncryptFrom"} {
		out = append(out, Permission{
			Action: "kms:" + action, Resource: "arn:" + p.Partition + ":kms:*:*:key/*",
			Condition: forAWS(action, via(p.elsewhere())), Why: "decrypts what is copied, under a key of an account that is listed",
		})
	}
	return out
}

// forAWS: EBS makes the grant for itself.
func forAWS(action string, condition conditions) conditions {
	if action == "CreateGrant" {
		condition["Bool"] = map[string][]string{"kms:GrantIsForAWSResource": {"true"}}
	}
	return condition
}

func (p Place) makeVersions() []Permission {
	templates := p.at("ec2", "*", "launch-template/*")
	return []Permission{
		{Action: "ec2:CreateLaunchTemplateVersion", Resource: templates, Why: "a version that names the copy; the group's launches and the template's other versions stay as they are"},
		{Action: "ec2:ModifyLaunchTemplate", Resource: templates, Why: "makes that version the default, or takes that back"},
	}
}

// storage names images or snapshots, whose ARNs have no account.
func (p Place) storage(resource string) string {
	return "arn:" + p.Partition + ":ec2:*::" + resource
}

// A Copy is what one session of the copier copies.
type Copy struct {
	Action    string // ec2:CopyImage or ec2:CopySnapshot
	Partition string
	Account   string // that copies
	Region    string
	Source    string   // id of the image or snapshot
	Keys      []string // ARNs of the keys that it, and the copy, lie under
}

// CopyPolicy narrows one session of the copier to one copy of one source, by
// these keys, JSON.
func CopyPolicy(c Copy) (string, error) {
	p := Place{Partition: c.Partition, Account: c.Account}
	source := "arn:" + c.Partition + ":ec2:" + c.Region + "::"
	tagged := conditions{"StringEquals": {"aws:RequestTag/" + tag.CopyOf: {c.Source}}}
	d := document{Version: "2012-10-17"}
	allow := func(action string, resource any, condition conditions) {
		d.Statement = append(d.Statement, statement{Effect: "Allow", Action: action, Resource: resource, Condition: condition})
	}
	if c.Action == "ec2:CopyImage" {
		allow(c.Action, source+"image/"+literal(c.Source), nil)
		allow(c.Action, []string{p.storage("image/*"), p.storage("snapshot/*")}, tagged)
	} else {
		allow(c.Action, source+"snapshot/"+literal(c.Source), nil)
		allow(c.Action, p.storage("snapshot/*"), tagged)
	}
	allow("ec2:CreateTags", []string{p.storage("image/*"), p.storage("snapshot/*")}, tagged)
	allow("kms:*", c.Keys, conditions{"StringEquals": {"kms:ViaService": {"ec2." + c.Region + ".amazonaws.com"}}})
	allow("kms:DescribeKey", p.keys(), nil) // the default key is whichever the account chose
	return d.text()
}
