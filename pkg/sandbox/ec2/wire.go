package ec2

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"keymend/pkg/sandbox/wire"
)

// Wire returns the service as the dispatcher takes it.
func (s *Service) Wire() wire.Service {
	return wire.Service{
		Name: "ec2", Protocol: wire.EC2Query, Version: "2016-11-15",
		Denied: "UnauthorizedOperation", DeniedCode: 403, Operations: slices.Concat(s.storage(), s.sharing(), s.computing()),
	}.On(s.named)
}

func (s *Service) storage() []wire.Operation {
	return []wire.Operation{
		wire.Handle("CreateVolume", s.CreateVolume),
		wire.Handle("DescribeVolumes", s.DescribeVolumes),
		wire.Handle("CreateSnapshot", s.CreateSnapshot),
		wire.Handle("DescribeSnapshots", s.DescribeSnapshots),
		wire.Handle("RegisterImage", s.RegisterImage),
		wire.Handle("DescribeImages", s.DescribeImages),
		s.deregistering(),
		wire.Handle("GetEbsEncryptionByDefault", s.GetEbsEncryptionByDefault),
		wire.Handle("EnableEbsEncryptionByDefault", s.EnableEbsEncryptionByDefault),
		wire.Handle("DisableEbsEncryptionByDefault", s.DisableEbsEncryptionByDefault),
		wire.Handle("GetEbsDefaultKmsKeyId", s.GetEbsDefaultKmsKeyId),
		wire.Handle("ModifyEbsDefaultKmsKeyId", s.ModifyEbsDefaultKmsKeyId),
		wire.Handle("ResetEbsDefaultKmsKeyId", s.ResetEbsDefaultKmsKeyId),
	}
}

func (s *Service) sharing() []wire.Operation {
	return []wire.Operation{
		wire.Handle("ModifyImageAttribute", s.ModifyImageAttribute),
		wire.Handle("DescribeImageAttribute", s.DescribeImageAttribute),
		wire.Handle("ResetImageAttribute", s.ResetImageAttribute),
		wire.Handle("DisableImage", s.DisableImage),
		wire.Handle("EnableImage", s.EnableImage),
		wire.Handle("EnableImageDeprecation", s.EnableImageDeprecation),
		wire.Handle("DisableImageDeprecation", s.DisableImageDeprecation),
		wire.Handle("ModifySnapshotAttribute", s.ModifySnapshotAttribute),
		wire.Handle("DescribeSnapshotAttribute", s.DescribeSnapshotAttribute),
		s.deletingSnapshot(),
		s.copyingImage(),
		s.copyingSnapshot(),
	}
}

func (s *Service) computing() []wire.Operation {
	return []wire.Operation{
		wire.Handle("CreateLaunchTemplate", s.CreateLaunchTemplate),
		wire.Handle("CreateLaunchTemplateVersion", s.CreateLaunchTemplateVersion),
		wire.Handle("DescribeLaunchTemplates", s.DescribeLaunchTemplates),
		s.describeVersions(),
		wire.Handle("ModifyLaunchTemplate", s.ModifyLaunchTemplate),
		wire.Handle("DeleteLaunchTemplate", s.DeleteLaunchTemplate),
		wire.Handle("DeleteLaunchTemplateVersions", s.DeleteLaunchTemplateVersions),
		wire.Handle("RunInstances", s.RunInstances),
		wire.Handle("DescribeInstances", s.DescribeInstances),
		wire.Handle("TerminateInstances", s.TerminateInstances),
		wire.Handle("StopInstances", s.StopInstances),
		wire.Handle("StartInstances", s.StartInstances),
		wire.Handle("CreateTags", s.CreateTags),
		wire.Handle("DescribeTags", s.DescribeTags),
		wire.Handle("DescribeAvailabilityZones", s.DescribeAvailabilityZones),
		wire.Handle("DescribeRegions", s.DescribeRegions),
		wire.Handle("DescribeSubnets", s.DescribeSubnets),
	}
}

// named returns the ARNs that a request acts on. Describe, Get and the account's
// EBS settings have none (Service Authorization Reference).
func (s *Service) named(c *wire.Caller, in any) []string {
	switch in := in.(type) {
	case *ec2.CreateLaunchTemplateVersionInput:
		return []string{s.templateARN(c, in.LaunchTemplateId, in.LaunchTemplateName)}
	case *ec2.ModifyLaunchTemplateInput:
		return []string{s.templateARN(c, in.LaunchTemplateId, in.LaunchTemplateName)}
	case *ec2.DeleteLaunchTemplateVersionsInput:
		return []string{s.templateARN(c, in.LaunchTemplateId, in.LaunchTemplateName)}
	case *ec2.DeleteLaunchTemplateInput:
		return []string{s.templateARN(c, in.LaunchTemplateId, in.LaunchTemplateName)}
	case *ec2.RunInstancesInput:
		return []string{arn(placeOf(c), "instance/*")}
	case *ec2.TerminateInstancesInput:
		return arns(placeOf(c), "instance/", in.InstanceIds)
	case *ec2.StopInstancesInput:
		return arns(placeOf(c), "instance/", in.InstanceIds)
	case *ec2.StartInstancesInput:
		return arns(placeOf(c), "instance/", in.InstanceIds)
	case *ec2.CreateTagsInput:
		return arns(placeOf(c), "*/", in.Resources)
	}
	return storageNamed(c, in)
}

// storageNamed returns the image or snapshot that a request acts on.
func storageNamed(c *wire.Caller, in any) []string {
	switch in.(type) {
	case *ec2.DeregisterImageInput, *ec2.DisableImageInput, *ec2.EnableImageInput, *ec2.EnableImageDeprecationInput, *ec2.DisableImageDeprecationInput,
		*ec2.ModifyImageAttributeInput, *ec2.DescribeImageAttributeInput, *ec2.ResetImageAttributeInput:
		return []string{imageARN(c.Region, wire.Member(in, "ImageId"))}
	case *ec2.DeleteSnapshotInput, *ec2.ModifySnapshotAttributeInput, *ec2.DescribeSnapshotAttributeInput:
		return []string{snapshotARN(c.Region, wire.Member(in, "SnapshotId"))}
	}
	return nil
}

func (s *Service) templateARN(c *wire.Caller, id, name *string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.store(placeOf(c)).template(id, name)
	if err != nil {
		return arn(placeOf(c), "launch-template/*")
	}
	return arn(placeOf(c), "launch-template/"+*t.head.LaunchTemplateId)
}

func arns(p place, kind string, ids []string) []string {
	all := make([]string, len(ids))
	for i, id := range ids {
		all[i] = arn(p, kind+id)
	}
	return all
}

// imageARN and snapshotARN name things that can be shared: their ARNs are of no
// account (Service Authorization Reference).
func imageARN(region, id string) string    { return "arn:aws:ec2:" + region + "::image/" + id }
func snapshotARN(region, id string) string { return "arn:aws:ec2:" + region + "::snapshot/" + id }

// arn names a resource of an account's.
func arn(p place, resource string) string {
	return fmt.Sprintf("arn:aws:ec2:%s:%s:%s", p.region, p.account, resource)
}

// describeVersions asks for the caller's ssm:GetParameters, too, where it shall
// resolve an image's parameter ("Use a Systems Manager parameter instead of an
// AMI ID", Auto Scaling user guide).
func (s *Service) describeVersions() wire.Operation {
	op := wire.Handle("DescribeLaunchTemplateVersions", s.DescribeLaunchTemplateVersions)
	op.Needs = func(ctx context.Context, in any) []wire.Check {
		checks := []wire.Check{{Action: "ec2:DescribeLaunchTemplateVersions", Resource: "*"}}
		request := in.(*ec2.DescribeLaunchTemplateVersionsInput)
		if !aws.ToBool(request.ResolveAlias) {
			return checks
		}
		c := wire.CallerOf(ctx)
		versions, _, _ := s.versions(placeOf(c), request) // what is wrong with them, the handler says
		for _, v := range versions {
			if name, ok := strings.CutPrefix(aws.ToString(v.LaunchTemplateData.ImageId), "resolve:ssm:"); ok {
				checks = append(checks, wire.Check{Action: "ssm:GetParameters", Resource: parameterARN(placeOf(c), name)})
			}
		}
		return checks
	}
	return op
}

// parameterARN is the ARN of a parameter, perhaps with a version or label behind
// a colon. AWS's public ones are of no account.
func parameterARN(p place, name string) string {
	name, _, _ = strings.Cut(strings.TrimPrefix(name, "/"), ":")
	account := p.account
	if strings.HasPrefix(name, "aws/service/") {
		account = ""
	}
	return "arn:aws:ssm:" + p.region + ":" + account + ":parameter/" + name
}
