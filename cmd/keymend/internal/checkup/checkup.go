// Package checkup reads what keymend doctor judges, with a person's credentials. It changes
// nothing. What can't be read is said in its place; the rest is read all the same.
package checkup

import (
	"keymend/pkg/account"

	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"keymend/pkg/census"
	"keymend/pkg/coverage"
	"keymend/pkg/doctor"
	"keymend/pkg/permission"
	"keymend/pkg/together"
)

// A Checkup is what it takes to read.
type Checkup struct {
	AWS aws.Config
	Now time.Time
}

// Read adds what it reads to the facts, which say where.
func (c Checkup) Read(ctx context.Context, f *doctor.Facts) {
	run(
		func() { f.Skew = census.Answered(c.skew(ctx)) },
		func() { f.Reads = c.reads(ctx) },
		func() { f.Stacks = census.Answered(c.stacks(ctx, f.Region)) },
		func() { f.Member = census.Answered(c.member(ctx)) },
		func() { f.Trails = census.Answered(census.Trails(ctx, c.AWS)) },
		func() { f.Swept = census.Answered(c.swept(ctx)) },
		func() { f.Newest = census.Answered(c.newest(ctx)) },
		func() { f.Alarms = census.Answered(c.alarms(ctx)) },
		func() { f.LogGroups = census.Answered(c.logGroups(ctx)) },
	)
	c.deployed(ctx, f)
}

// run runs tasks side by side. Each keeps its own problem.
func run(tasks ...func()) {
	_, _ = together.Each(tasks, func(task func()) (struct{}, error) {
		task()
		return struct{}{}, nil
	})
}

// skew is how far this machine's clock is ahead of AWS's.
func (c Checkup) skew(ctx context.Context) (time.Duration, error) {
	out, err := sts.NewFromConfig(c.AWS).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return 0, err
	}
	skew, known := middleware.GetAttemptSkew(out.ResultMetadata)
	if !known {
		return 0, errors.New("the answer doesn't say what time it is there")
	}
	return -skew, nil
}

// stacks are those of Keymend's names.
func (c Checkup) stacks(ctx context.Context, region string) ([]doctor.Stack, error) {
	client := cloudformation.NewFromConfig(c.AWS)
	var out []doctor.Stack
	for _, name := range doctor.Names(region) {
		got, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
		if account.Code(err) == "ValidationError" {
			continue // there is none of that name
		}
		if err != nil {
			return nil, err
		}
		for _, s := range got.Stacks {
			one := doctor.Stack{Name: name, Status: string(s.StackStatus), Reason: aws.ToString(s.StackStatusReason), Given: map[string]string{}, Since: aws.ToTime(s.CreationTime)}
			if s.LastUpdatedTime != nil {
				one.Since = *s.LastUpdatedTime
			}
			for _, p := range s.Parameters {
				one.Given[aws.ToString(p.ParameterKey)] = aws.ToString(p.ParameterValue)
			}
			if one.Made, err = resources(ctx, client, name); err != nil {
				return nil, err
			}
			out = append(out, one)
		}
	}
	return out, nil
}

// resources are what a stack made.
func resources(ctx context.Context, client *cloudformation.Client, stack string) ([]doctor.Made, error) {
	pages := cloudformation.NewListStackResourcesPaginator(client, &cloudformation.ListStackResourcesInput{StackName: &stack})
	all, err := account.EveryPage(ctx, pages, func(p *cloudformation.ListStackResourcesOutput) []cfntypes.StackResourceSummary {
		return p.StackResourceSummaries
	})
	var out []doctor.Made
	for _, r := range all {
		if r.PhysicalResourceId != nil {
			out = append(out, doctor.Made{ID: aws.ToString(r.LogicalResourceId), Type: aws.ToString(r.ResourceType), Name: *r.PhysicalResourceId})
		}
	}
	return out, err
}

// member is the template of a member's reader; "" = there is none.
func (c Checkup) member(ctx context.Context) (string, error) {
	role, err := census.Role(ctx, iam.NewFromConfig(c.AWS), "keymend-"+string(permission.Reader))
	if role == nil || err != nil {
		return "", err
	}
	return role.Template, nil
}

// each reads what stacks made of a type, side by side, and keeps it by what AWS calls it.
func each[T any](f *doctor.Facts, kind string, read func(name string) (T, error)) map[string]coverage.Answer[T] {
	names := made(f, kind)
	answers, _ := together.Each(names, func(name string) (coverage.Answer[T], error) { return census.Answered(read(name)), nil })
	out := map[string]coverage.Answer[T]{}
	for i, name := range names {
		out[name] = answers[i]
	}
	return out
}

// made are what AWS calls the resources of a type that stacks made.
func made(f *doctor.Facts, kind string) []string {
	var names []string
	for _, s := range f.Stacks.Is {
		for _, m := range s.Made {
			if m.Type == kind {
				names = append(names, m.Name)
			}
		}
	}
	return names
}
