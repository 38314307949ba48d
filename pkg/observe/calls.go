package observe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"keymend/pkg/account"
	"keymend/pkg/together"
)

// everyPage reads all pages of a call. Its error says what the call was to do.
func everyPage[P, O, T any](ctx context.Context, call string, pages account.Pager[P, O], of func(*P) []T) ([]T, error) {
	out, err := account.EveryPage(ctx, pages, of)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", call, err)
	}
	return out, nil
}

// inParts reads the values of a long list, each once, as many of them as one call
// takes at a time.
func inParts[T any](all []string, size int, read func([]string) ([]T, error)) ([]T, error) {
	parts := slices.Collect(slices.Chunk(slices.Compact(slices.Sorted(slices.Values(all))), size))
	if len(parts) == 1 { // most often
		return read(parts[0])
	}
	answers, err := together.Each(parts, read)
	if err != nil {
		return nil, err
	}
	return slices.Concat(answers...), nil
}

// mostGroups: "By default, you can only specify up to 50 names. You can optionally
// increase this limit using the MaxRecords property", whose maximum is 100.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html
const mostGroups = 100

// describeGroups reads up to mostGroups groups; without names, all.
func describeGroups(ctx context.Context, client autoscaling.DescribeAutoScalingGroupsAPIClient, names []string) ([]astypes.AutoScalingGroup, error) {
	return eachGroup(ctx, client, names, func(g astypes.AutoScalingGroup) (astypes.AutoScalingGroup, bool) { return g, true })
}

// eachGroup reads groups, and keeps of each what is asked for, if anything is.
func eachGroup[T any](ctx context.Context, client autoscaling.DescribeAutoScalingGroupsAPIClient, names []string, keep func(astypes.AutoScalingGroup) (T, bool)) ([]T, error) {
	pages := autoscaling.NewDescribeAutoScalingGroupsPaginator(client, &autoscaling.DescribeAutoScalingGroupsInput{
		AutoScalingGroupNames: names, MaxRecords: new(int32(mostGroups)),
	})
	return everyPage(ctx, "describe group "+cmp.Or(strings.Join(names, ", "), "*"), pages, func(p *autoscaling.DescribeAutoScalingGroupsOutput) []T {
		var out []T
		for _, g := range p.AutoScalingGroups {
			if one, ok := keep(g); ok {
				out = append(out, one)
			}
		}
		return out
	})
}

// byID reads what has an id, and leaves out what the account can't see: one such id
// fails the call for all, and then each is asked for alone. A filter over all that is
// public would read page after page.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSnapshots.html
func byID[T any](ids []string, read func([]string) ([]T, error)) ([]T, error) {
	const most = 200
	return inParts(ids, most, func(part []string) ([]T, error) {
		found, err := read(part)
		switch {
		case !notSeen(err):
			return found, err
		case len(part) == 1:
			return nil, nil
		}
		return inParts(part, 1, func(one []string) ([]T, error) { return byID(one, read) })
	})
}

// notSeen: EC2 says so of an image or snapshot, or that its id is none.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
func notSeen(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && slices.Contains([]string{
		"InvalidAMIID.NotFound", "InvalidAMIID.Unavailable", "InvalidAMIID.Malformed", "InvalidSnapshot.NotFound", "InvalidSnapshotID.Malformed",
	}, api.ErrorCode())
}

func imagesByID(ctx context.Context, client ec2.DescribeImagesAPIClient, own bool, ids []string) ([]ec2types.Image, error) {
	return byID(ids, func(ids []string) ([]ec2types.Image, error) {
		return describeImages(ctx, client, ec2.DescribeImagesInput{ImageIds: ids, Owners: self(own)}, strings.Join(ids, ", "))
	})
}

// mostOnAPage: "We strongly recommend using only paginated requests." With ids EC2
// takes no limit.
const mostOnAPage = 1000

// ownImages reads the account's own images by filters.
func ownImages(ctx context.Context, client ec2.DescribeImagesAPIClient, filters ...ec2types.Filter) ([]ec2types.Image, error) {
	return describeImages(ctx, client, ec2.DescribeImagesInput{Filters: filters, Owners: self(true), MaxResults: new(int32(mostOnAPage))}, asked(filters))
}

func describeImages(ctx context.Context, client ec2.DescribeImagesAPIClient, in ec2.DescribeImagesInput, which string) ([]ec2types.Image, error) {
	in.IncludeDeprecated = new(true) // they launch all the same
	in.IncludeDisabled = new(true)   // to tell a disabled one from none
	return everyPage(ctx, "describe images "+which, ec2.NewDescribeImagesPaginator(client, &in), func(p *ec2.DescribeImagesOutput) []ec2types.Image { return p.Images })
}

// ownSnapshots reads the account's own snapshots by filters.
func ownSnapshots(ctx context.Context, client ec2.DescribeSnapshotsAPIClient, filters ...ec2types.Filter) ([]ec2types.Snapshot, error) {
	return describeSnapshots(ctx, client, ec2.DescribeSnapshotsInput{Filters: filters, OwnerIds: self(true), MaxResults: new(int32(mostOnAPage))}, asked(filters))
}

func describeSnapshots(ctx context.Context, client ec2.DescribeSnapshotsAPIClient, in ec2.DescribeSnapshotsInput, which string) ([]ec2types.Snapshot, error) {
	return everyPage(ctx, "describe snapshots "+which, ec2.NewDescribeSnapshotsPaginator(client, &in), func(p *ec2.DescribeSnapshotsOutput) []ec2types.Snapshot { return p.Snapshots })
}

func asked(filters []ec2types.Filter) string { return strings.Join(filters[0].Values, ", ") }

func filter(name string, values ...string) ec2types.Filter {
	return ec2types.Filter{Name: &name, Values: values}
}

func self(own bool) []string {
	if own {
		return []string{"self"}
	}
	return nil
}

// mostVersions: "This value can be between 1 and 200."
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLaunchTemplateVersions.html
const mostVersions = 200

func describeVersions(ctx context.Context, client ec2.DescribeLaunchTemplateVersionsAPIClient, in ec2.DescribeLaunchTemplateVersionsInput) ([]ec2types.LaunchTemplateVersion, error) {
	call := fmt.Sprintf("describe launch template %s version %s", cmp.Or(value(in.LaunchTemplateId), value(in.LaunchTemplateName), "*"), cmp.Or(strings.Join(in.Versions, ", "), "*"))
	if in.LaunchTemplateId == nil && in.LaunchTemplateName == nil || len(in.Versions) == 0 {
		in.MaxResults = new(int32(mostVersions))
	}
	return everyPage(ctx, call, ec2.NewDescribeLaunchTemplateVersionsPaginator(client, &in), func(p *ec2.DescribeLaunchTemplateVersionsOutput) []ec2types.LaunchTemplateVersion {
		return p.LaunchTemplateVersions
	})
}

// Gone reports whether an image, a snapshot, a launch template or a version of it
// isn't there any more: for the latter two InvalidLaunchTemplateId.NotFound,
// .VersionNotFound, .Malformed and InvalidLaunchTemplateName.NotFoundException.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
func Gone(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && (strings.HasPrefix(api.ErrorCode(), "InvalidLaunchTemplate") ||
		slices.Contains([]string{"InvalidAMIID.NotFound", "InvalidAMIID.Unavailable", "InvalidSnapshot.NotFound"}, api.ErrorCode()))
}

// value returns what a pointer of the SDK points to; nil means the zero value.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

func tagsOf(tags []ec2types.Tag) map[string]string {
	out := map[string]string{}
	for _, t := range tags {
		out[value(t.Key)] = value(t.Value)
	}
	return out
}
