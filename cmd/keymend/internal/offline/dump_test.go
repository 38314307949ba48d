package offline_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"

	"keymend/cmd/keymend/internal/offline"
)

// A dumper writes what an account answers into files, as a person does by the AWS CLI.
type dumper struct {
	ctx   context.Context
	files []offline.File
	err   error
	ec2   *ec2.Client
	kms   *kms.Client
}

// keep keeps an answer. What AWS refuses to tell makes no file.
func keep[O any](d *dumper, name string, out *O, err error) *O {
	if api, refused := errors.AsType[smithy.APIError](err); refused && !strings.Contains(api.ErrorCode(), "NotInTheSandbox") {
		return nil
	}
	if err == nil {
		var f offline.File
		if f, err = answer(name+".json", out); err == nil {
			d.files = append(d.files, f)
			return out
		}
	}
	d.err = errors.Join(d.err, fmt.Errorf("%s: %w", name, err))
	return nil
}

// dump is all that launches in an account and Region hang on.
func dump(ctx context.Context, cfg aws.Config) ([]offline.File, error) {
	d := &dumper{ctx: ctx, ec2: ec2.NewFromConfig(cfg), kms: kms.NewFromConfig(cfg)}
	asg := autoscaling.NewFromConfig(cfg)
	groups, err := asg.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{})
	keep(d, "groups", groups, err)
	configurations, err := asg.DescribeLaunchConfigurations(ctx, &autoscaling.DescribeLaunchConfigurationsInput{})
	keep(d, "templates-configurations", configurations, err)
	images := []string{}
	for _, c := range configurations.LaunchConfigurations {
		images = append(images, *c.ImageId)
	}
	d.storage(append(images, d.templates()...))
	d.keys()
	roles := iam.NewFromConfig(cfg)
	for _, g := range groups.AutoScalingGroups {
		name := (*g.ServiceLinkedRoleARN)[strings.LastIndexByte(*g.ServiceLinkedRoleARN, '/')+1:]
		role, err := roles.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
		keep(d, "role-"+name, role, err)
	}
	return d.files, d.err
}

// templates returns the images that they name.
func (d *dumper) templates() []string {
	var images []string
	all, err := d.ec2.DescribeLaunchTemplates(d.ctx, &ec2.DescribeLaunchTemplatesInput{})
	if err != nil {
		d.err = errors.Join(d.err, err)
		return nil
	}
	for _, t := range all.LaunchTemplates {
		out, err := d.ec2.DescribeLaunchTemplateVersions(d.ctx, &ec2.DescribeLaunchTemplateVersionsInput{LaunchTemplateId: t.LaunchTemplateId})
		for _, v := range keep(d, "templates-"+*t.LaunchTemplateId, out, err).LaunchTemplateVersions {
			images = append(images, *v.LaunchTemplateData.ImageId)
			for _, m := range v.LaunchTemplateData.BlockDeviceMappings {
				if m.Ebs != nil && m.Ebs.SnapshotId != nil {
					d.snapshot(*m.Ebs.SnapshotId)
				}
			}
		}
	}
	return images
}

func (d *dumper) storage(images []string) {
	for _, id := range images {
		out, err := d.ec2.DescribeImages(d.ctx, &ec2.DescribeImagesInput{ImageIds: []string{id}})
		if out = keep(d, "image-"+id, out, err); out == nil {
			continue
		}
		for _, m := range out.Images[0].BlockDeviceMappings {
			if m.Ebs != nil && m.Ebs.SnapshotId != nil {
				d.snapshot(*m.Ebs.SnapshotId)
			}
		}
	}
	on, err := d.ec2.GetEbsEncryptionByDefault(d.ctx, &ec2.GetEbsEncryptionByDefaultInput{})
	keep(d, "by-default", on, err)
	key, err := d.ec2.GetEbsDefaultKmsKeyId(d.ctx, &ec2.GetEbsDefaultKmsKeyIdInput{})
	keep(d, "default-key", key, err)
}

func (d *dumper) snapshot(id string) {
	out, err := d.ec2.DescribeSnapshots(d.ctx, &ec2.DescribeSnapshotsInput{SnapshotIds: []string{id}})
	keep(d, "snapshot-"+id, out, err)
}

// keys are the account's own, and those of others of which the sandbox's template or
// snapshots tell.
func (d *dumper) keys() {
	aliases, err := d.kms.ListAliases(d.ctx, &kms.ListAliasesInput{})
	keep(d, "aliases", aliases, err)
	out, err := d.kms.ListKeys(d.ctx, &kms.ListKeysInput{})
	if err != nil {
		d.err = errors.Join(d.err, err)
		return
	}
	for _, k := range out.Keys {
		d.key(*k.KeyArn)
	}
	seen := map[string]bool{}
	for _, f := range d.files {
		for _, key := range foreign.FindAllString(string(f.Text), -1) {
			if !seen[key] {
				seen[key] = true
				d.key(key)
			}
		}
	}
}

func (d *dumper) key(arn string) {
	id := arn[strings.LastIndexByte(arn, '/')+1:]
	described, err := d.kms.DescribeKey(d.ctx, &kms.DescribeKeyInput{KeyId: &arn})
	keep(d, "key-"+id, described, err)
	policy, err := d.kms.GetKeyPolicy(d.ctx, &kms.GetKeyPolicyInput{KeyId: &arn})
	keep(d, "policy-"+id, policy, err)
	grants, err := d.kms.ListGrants(d.ctx, &kms.ListGrantsInput{KeyId: &arn})
	keep(d, "grants-"+id, grants, err)
	tags, err := d.kms.ListResourceTags(d.ctx, &kms.ListResourceTagsInput{KeyId: &arn})
	keep(d, "tags-"+id, tags, err)
}
