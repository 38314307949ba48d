// Package observe reads from AWS what the launches of Auto Scaling groups depend on,
// and has pkg/launch decide: templates and launch configurations, images,
// snapshots, the account's EBS settings. The keys of snapshots that the account
// can't see are looked for in their owner's account, in CloudTrail and among
// Keymend's grants.
//
// It also reads what there is to do without a key: copies of images and snapshots,
// later template versions, and the groups that follow a template.
//
// It changes nothing.
package observe

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"keymend/pkg/account"
	"keymend/pkg/launch"
	"keymend/pkg/launch/encryption"
)

// Groups is what the resolver calls of Auto Scaling.
type Groups interface {
	DescribeAutoScalingGroups(context.Context, *autoscaling.DescribeAutoScalingGroupsInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeAutoScalingGroupsOutput, error)
	DescribeLaunchConfigurations(context.Context, *autoscaling.DescribeLaunchConfigurationsInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeLaunchConfigurationsOutput, error)
	DescribeScalingActivities(context.Context, *autoscaling.DescribeScalingActivitiesInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeScalingActivitiesOutput, error)
}

// Images is what it calls of EC2 to follow a template to its volumes.
type Images interface {
	DescribeLaunchTemplates(context.Context, *ec2.DescribeLaunchTemplatesInput, ...func(*ec2.Options)) (*ec2.DescribeLaunchTemplatesOutput, error)
	DescribeLaunchTemplateVersions(context.Context, *ec2.DescribeLaunchTemplateVersionsInput, ...func(*ec2.Options)) (*ec2.DescribeLaunchTemplateVersionsOutput, error)
	DescribeImages(context.Context, *ec2.DescribeImagesInput, ...func(*ec2.Options)) (*ec2.DescribeImagesOutput, error)
	DescribeSnapshots(context.Context, *ec2.DescribeSnapshotsInput, ...func(*ec2.Options)) (*ec2.DescribeSnapshotsOutput, error)
}

// ebsSettings is what it calls of EC2 for the account's EBS settings.
type ebsSettings interface {
	GetEbsEncryptionByDefault(context.Context, *ec2.GetEbsEncryptionByDefaultInput, ...func(*ec2.Options)) (*ec2.GetEbsEncryptionByDefaultOutput, error)
	GetEbsDefaultKmsKeyId(context.Context, *ec2.GetEbsDefaultKmsKeyIdInput, ...func(*ec2.Options)) (*ec2.GetEbsDefaultKmsKeyIdOutput, error)
}

var (
	_ Groups      = (*autoscaling.Client)(nil)
	_ Images      = (*ec2.Client)(nil)
	_ ebsSettings = (*ec2.Client)(nil)
)

// A Resolver reads launches from AWS. It changes nothing, and remembers nothing unless
// it is Remembering.
type Resolver struct {
	groups   Groups
	images   Images
	settings ebsSettings

	elsewhere Elsewhere
	memory    *memory
	supposed  func(encryption.Defaults) encryption.Defaults // nil = the settings are as they are
}

// New returns a resolver over the given clients.
func New(groups Groups, images Images, settings ebsSettings) *Resolver {
	return &Resolver{groups: groups, images: images, settings: settings}
}

// FromConfig returns a resolver for the account and Region of the credentials.
func FromConfig(cfg aws.Config) *Resolver {
	client := ec2.NewFromConfig(cfg)
	return New(autoscaling.NewFromConfig(cfg), client, client)
}

// Supposing returns a resolver for which the account's EBS settings are what a function
// makes of them. It remembers what this one does, together with it.
func (r *Resolver) Supposing(settings func(encryption.Defaults) encryption.Defaults) *Resolver {
	c := *r
	c.supposed = settings
	return &c
}

// Storage returns what reads copies and templates with the same clients.
func (r *Resolver) Storage() *Storage { return &Storage{r.images, r.groups, r.elsewhere.Denials} }

// Resolve says what the next instance of the group will ask for. A template,
// image or version that is gone is Launch.Refused, not an error.
//
// Errors: launch.ErrGroupNotFound; else the SDK's, wrapped with what was being read.
func (r *Resolver) Resolve(ctx context.Context, accountID, region, group string) (launch.Launch, error) {
	launches, err := r.batch(ctx, accountID, region, []string{group})
	if err != nil {
		return launch.Launch{}, err
	}
	return found(launches, group)
}

// A Result is what came of one group: its launch, or an error as Resolve's.
type Result struct {
	Launch launch.Launch
	Err    error
}

// ResolveAll resolves many groups for what their distinct templates, images and
// snapshots cost: each is read once, in AWS's batch forms.
func (r *Resolver) ResolveAll(ctx context.Context, accountID, region string, groups []string) map[string]Result {
	out := make(map[string]Result, len(groups))
	launches, err := r.batch(ctx, accountID, region, groups)
	for _, group := range groups {
		switch {
		case err == nil:
			l, err := found(launches, group)
			out[group] = Result{l, err}
		case len(groups) == 1 || account.Transient(err) || account.AccessDenied(err):
			out[group] = Result{Err: err} // each alone would fare the same
		default:
			// Something about one group made a call invalid: the others must not
			// suffer for it.
			l, err := r.Resolve(ctx, accountID, region, group)
			out[group] = Result{l, err}
		}
	}
	return out
}

func found(launches map[string]launch.Launch, group string) (launch.Launch, error) {
	l, ok := launches[group]
	if !ok {
		return launch.Launch{}, notFound(group)
	}
	return l, nil
}

func notFound(group string) error {
	return fmt.Errorf("describe group %s: %w", group, launch.ErrGroupNotFound)
}
