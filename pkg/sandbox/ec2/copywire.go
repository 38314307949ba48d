package ec2

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/wire"
)

// copyingImage asks for ec2:CopyImage on the source and on the copy, which "also
// grants permission to copy the AMI's backing snapshots": these are resources of
// the action, too (Service Authorization Reference); and for ec2:CreateTags
// on what is to be tagged (EC2 user guide, copy-ami-permissions).
func (s *Service) copyingImage() wire.Operation {
	op := wire.Handle("CopyImage", s.CopyImage)
	op.Needs = func(ctx context.Context, in any) []wire.Check {
		request, region := in.(*ec2.CopyImageInput), wire.CallerOf(ctx).Region
		source := imageARN(aws.ToString(request.SourceRegion), aws.ToString(request.SourceImageId))
		checks := copying("CopyImage", request.TagSpecifications, region, source, imageARN(region, "*"))
		parts := map[string][]string{}
		for _, spec := range request.TagSpecifications {
			if spec.ResourceType == types.ResourceTypeSnapshot {
				parts = tagContext(spec.Tags)
			}
		}
		return append(checks, wire.Check{Action: "ec2:CopyImage", Resource: snapshotARN(region, "*"), Context: parts})
	}
	return op
}

// copyingSnapshot asks for ec2:CopySnapshot on the source and on the copy.
func (s *Service) copyingSnapshot() wire.Operation {
	op := wire.Handle("CopySnapshot", s.CopySnapshot)
	op.Needs = func(ctx context.Context, in any) []wire.Check {
		request, region := in.(*ec2.CopySnapshotInput), wire.CallerOf(ctx).Region
		source := snapshotARN(aws.ToString(request.SourceRegion), aws.ToString(request.SourceSnapshotId))
		return copying("CopySnapshot", request.TagSpecifications, region, source, snapshotARN(region, "*"))
	}
	return op
}

// copying makes the checks of a copy: its action on the source, without what is
// said of the copy, and on the copy, with its tags.
func copying(operation string, specs []types.TagSpecification, region, source, target string) []wire.Check {
	checks := []wire.Check{{Action: "ec2:" + operation, Resource: source}}
	tags := map[string][]string{}
	for _, spec := range specs {
		resource := imageARN(region, "*")
		if spec.ResourceType == types.ResourceTypeSnapshot {
			resource = snapshotARN(region, "*")
		}
		of := tagContext(spec.Tags)
		if resource == target {
			tags = of
		}
		create := maps.Clone(of)
		create["ec2:CreateAction"] = []string{operation}
		checks = append(checks, wire.Check{Action: "ec2:CreateTags", Resource: resource, Context: create})
	}
	return slices.Insert(checks, 1, wire.Check{Action: "ec2:" + operation, Resource: target, Context: tags})
}

// tagContext is what a request says of the tags it sets.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requesttag
func tagContext(tags []types.Tag) map[string][]string {
	of := map[string][]string{}
	for _, t := range tags {
		of["aws:RequestTag/"+*t.Key] = []string{aws.ToString(t.Value)}
		of["aws:TagKeys"] = append(of["aws:TagKeys"], *t.Key)
	}
	return of
}

// removing asks for an operation on an image or snapshot with its tags, by which
// policies tell one from another.
func (s *Service) removing(op wire.Operation, id func(in any) (kind, name string)) wire.Operation {
	op.Needs = func(ctx context.Context, in any) []wire.Check {
		c := wire.CallerOf(ctx)
		kind, name := id(in)
		resource := imageARN(c.Region, name)
		if kind == "snapshot" {
			resource = snapshotARN(c.Region, name)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		of := map[string][]string{}
		for _, t := range s.store(placeOf(c)).tags[name] {
			of["aws:ResourceTag/"+*t.Key] = []string{aws.ToString(t.Value)}
		}
		return []wire.Check{{Action: "ec2:" + op.Name, Resource: resource, Context: of}}
	}
	return op
}

func (s *Service) deregistering() wire.Operation {
	return s.removing(wire.Handle("DeregisterImage", s.DeregisterImage), func(in any) (string, string) {
		return "image", aws.ToString(in.(*ec2.DeregisterImageInput).ImageId)
	})
}

func (s *Service) deletingSnapshot() wire.Operation {
	return s.removing(wire.Handle("DeleteSnapshot", s.DeleteSnapshot), func(in any) (string, string) {
		return "snapshot", aws.ToString(in.(*ec2.DeleteSnapshotInput).SnapshotId)
	})
}
