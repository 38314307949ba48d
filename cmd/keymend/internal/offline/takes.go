package offline

import (
	"cmp"
	"encoding/json"
	"path/filepath"
	"strconv"

	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// group: create-auto-scaling-group takes what DescribeAutoScalingGroups answers, as far as
// launches hang on it.
func (f *facts) group(file string, m members) error {
	g, err := decode[astypes.AutoScalingGroup](f, file, "", m.raw())
	name := value(g.AutoScalingGroupName)
	switch {
	case err != nil:
		return err
	case name == "":
		return problem(file, "has a group without AutoScalingGroupName")
	case m.text("InstanceId") != "":
		return problem(file, "makes a group from an instance (InstanceId), of which nothing is known here: name a launch template in it")
	}
	return f.groups.put(file, name, g)
}

// template: a version as DescribeLaunchTemplateVersions has it, or what a file says of one
// with less around it.
func (f *facts) template(file string, m members) error {
	v, err := decode[ec2types.LaunchTemplateVersion](f, file, "", m.raw())
	if err != nil {
		return err
	}
	if m.text("SourceVersion") != "" {
		f.notes = append(f.notes, file+": what version "+m.text("SourceVersion")+" says isn't known, from which it is made (SourceVersion)")
	}
	return f.version(file, v)
}

// data is a launch template's data alone.
func (f *facts) data(file string, m members) error {
	d, err := decode[ec2types.ResponseLaunchTemplateData](f, file, "", m.raw())
	if err != nil {
		return err
	}
	return f.version(file, ec2types.LaunchTemplateVersion{LaunchTemplateData: &d})
}

// version: what no template's name is in goes by the file's.
func (f *facts) version(file string, v ec2types.LaunchTemplateVersion) error {
	if v.LaunchTemplateId == nil && v.LaunchTemplateName == nil {
		v.LaunchTemplateName = new(filepath.Base(file))
	}
	name := cmp.Or(value(v.LaunchTemplateId), value(v.LaunchTemplateName))
	if v.VersionNumber != nil {
		name += " version " + strconv.FormatInt(*v.VersionNumber, 10)
	}
	return f.versions.put(file, name, v)
}

func (f *facts) configuration(file string, m members) error {
	c, err := decode[astypes.LaunchConfiguration](f, file, "", m.raw())
	if err != nil {
		return err
	}
	return f.configurations.put(file, value(c.LaunchConfigurationName), c)
}

func (f *facts) image(file string, m members) error {
	i, err := decode[ec2types.Image](f, file, "Images", m.raw())
	if err != nil {
		return err
	}
	return f.images.put(file, value(i.ImageId), i)
}

func (f *facts) snapshot(file string, m members) error {
	s, err := decode[ec2types.Snapshot](f, file, "Snapshots", m.raw())
	if err != nil {
		return err
	}
	return f.snapshots.put(file, value(s.SnapshotId), s)
}

// role: the policy of who may assume it, which IAM has as a text and the CLI as an object,
// is of no use here.
func (f *facts) role(file string, m members) error {
	delete(m, "AssumeRolePolicyDocument")
	delete(m, "")
	text, err := json.Marshal(m)
	if err != nil {
		return problem(file, err.Error())
	}
	r, err := decode[iamtypes.Role](f, file, "Role", text)
	switch {
	case err != nil:
		return err
	case value(r.Arn) == "" || value(r.RoleName) == "":
		return problem(file, "has a role without Arn and RoleName")
	}
	return f.roles.put(file, *r.RoleName, r)
}

func (f *facts) onByDefault(file string, m members) error {
	var on bool
	if err := json.Unmarshal(m["EbsEncryptionByDefault"], &on); err != nil {
		return problem(file, mistyped("EbsEncryptionByDefault", err))
	}
	return f.settings.put(file, byDefault, strconv.FormatBool(on))
}

func (f *facts) key(file string, m members) error {
	k, err := decode[kmstypes.KeyMetadata](f, file, "KeyMetadata", m["KeyMetadata"])
	switch {
	case err != nil:
		return err
	case !isKey(value(k.Arn)):
		return problem(file, "KeyMetadata has no Arn of a key")
	}
	return f.keys.put(file, *k.Arn, k)
}

func (f *facts) named(file string, m members) error {
	all, err := decode[[]kmstypes.AliasListEntry](f, file, "Aliases", m["Aliases"])
	if err != nil {
		return err
	}
	var errs []error
	for _, a := range all {
		errs = append(errs, f.aliases.put(file, value(a.AliasArn), a))
	}
	return joined(errs...)
}

// listed: a grant has its key; a list of none doesn't.
func (f *facts) listed(file string, m members) error {
	all, err := decode[[]kmstypes.GrantListEntry](f, file, "Grants", m["Grants"])
	if err != nil {
		return err
	}
	of := map[string][]kmstypes.GrantListEntry{}
	for _, g := range all {
		of[value(g.KeyId)] = append(of[value(g.KeyId)], g)
	}
	if len(all) == 0 {
		of[""] = []kmstypes.GrantListEntry{}
	}
	for key, grants := range of {
		f.loose = append(f.loose, loose{file, "grants", key, func(key string) error { return f.grant(file, key, grants, m.text("NextMarker") == "") }})
	}
	return nil
}

// tagged: ListResourceTags' answer doesn't name its key.
func (f *facts) tagged(file string, m members) error {
	all, err := decode[[]kmstypes.Tag](f, file, "Tags", m["Tags"])
	if err != nil {
		return err
	}
	f.loose = append(f.loose, loose{file, "tags", "", func(key string) error { return f.tags.put(file, key, all) }})
	return nil
}

// bare is a key policy alone.
func (f *facts) bare(file string, m members) error { return f.keyPolicy(file, "", string(m.raw())) }

// policy is GetKeyPolicy's answer, or what PutKeyPolicy takes, which names the key.
func (f *facts) policy(file string, m members) error {
	text := m.text("Policy")
	if text == "" {
		text = string(m["Policy"])
	}
	return f.keyPolicy(file, m.text("KeyId"), text)
}

// keyPolicy takes in what may be a key's policy: an identity's names no principal.
func (f *facts) keyPolicy(file, key, text string) error {
	if why := noKeyPolicy(text); why != "" {
		return problem(file, why)
	}
	f.loose = append(f.loose, loose{file, "policy", key, func(key string) error { return f.policies.put(file, key, text) }})
	return nil
}
