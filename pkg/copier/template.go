package copier

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/launch"
	"keymend/pkg/owncopy"
	"keymend/pkg/owncopy/pipeline"
)

// template fills in what a way's template says and what stands around it.
func (r *Reader) template(ctx context.Context, w *pipeline.Way) error {
	t := &w.Template
	head, err := r.head(ctx, t.ID)
	if err != nil {
		return err
	}
	t.Latest, t.Default, t.ManagedBy = value(head.LatestVersionNumber), value(head.DefaultVersionNumber), managedBy(head)
	if t.Data, err = r.data(ctx, t.ID, t.Version); err != nil {
		return err
	}
	if image := imageOf(t.Data); strings.HasPrefix(image, "resolve:") {
		w.Parameter = image
	}
	if t.Later, err = r.later(ctx, t.ID, t.Version); err != nil {
		return err
	}
	t.Groups, err = r.followers(ctx, head)
	return err
}

func (r *Reader) head(ctx context.Context, id string) (ec2types.LaunchTemplate, error) {
	out, err := r.images.DescribeLaunchTemplates(ctx, &ec2.DescribeLaunchTemplatesInput{LaunchTemplateIds: []string{id}})
	if err == nil && len(out.LaunchTemplates) != 1 {
		err = fmt.Errorf("%d templates in the answer", len(out.LaunchTemplates))
	}
	if err != nil {
		return ec2types.LaunchTemplate{}, fmt.Errorf("describe launch template %s: %w", id, err)
	}
	return out.LaunchTemplates[0], nil
}

// managedBy: services say so by tags, and in Operator.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_OperatorResponse.html
func managedBy(head ec2types.LaunchTemplate) string {
	tags := map[string]string{}
	for _, t := range head.Tags {
		tags[value(t.Key)] = value(t.Value)
	}
	owner := launch.Owner(value(head.LaunchTemplateName), tags)
	if o := head.Operator; owner == "" && o != nil && value(o.Managed) {
		owner = "service " + value(o.Principal)
	}
	return owner
}

// data reads one version as it is written: the parameter, not what it says now.
func (r *Reader) data(ctx context.Context, id string, version int64) (json.RawMessage, error) {
	found, err := r.versions(ctx, &ec2.DescribeLaunchTemplateVersionsInput{LaunchTemplateId: &id, Versions: []string{strconv.FormatInt(version, 10)}})
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("describe launch template %s: it has no version %d", id, version)
	}
	if err != nil {
		return nil, err
	}
	return dataOf(found[0])
}

// later reads the versions that Keymend made of one. Whether EC2 counts
// MinVersion itself its page leaves open ("after which to describe"); it is asked
// from the one before those that matter.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLaunchTemplateVersions.html
func (r *Reader) later(ctx context.Context, id string, version int64) ([]pipeline.Version, error) {
	found, err := r.versions(ctx, &ec2.DescribeLaunchTemplateVersionsInput{LaunchTemplateId: &id, MinVersion: new(strconv.FormatInt(version, 10))})
	if err != nil {
		return nil, err
	}
	var out []pipeline.Version
	for _, v := range found {
		if !strings.HasPrefix(value(v.VersionDescription), owncopy.Mark(version)+" ") {
			continue
		}
		data, err := dataOf(v)
		if err != nil {
			return nil, err
		}
		out = append(out, pipeline.Version{Number: value(v.VersionNumber), Description: value(v.VersionDescription), Data: data})
	}
	return out, nil
}

func (r *Reader) versions(ctx context.Context, in *ec2.DescribeLaunchTemplateVersionsInput) ([]ec2types.LaunchTemplateVersion, error) {
	var out []ec2types.LaunchTemplateVersion
	pages := ec2.NewDescribeLaunchTemplateVersionsPaginator(r.images, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("describe versions of launch template %s: %w", value(in.LaunchTemplateId), err)
		}
		out = append(out, page.LaunchTemplateVersions...)
	}
	return out, nil
}

// dataOf is a version's data as JSON, without what it doesn't say. NoDevice is a
// string that counts by being there, so an empty one stays.
func dataOf(v ec2types.LaunchTemplateVersion) (json.RawMessage, error) {
	text, err := json.Marshal(v.LaunchTemplateData)
	if err != nil {
		return nil, fmt.Errorf("read launch template %s: %w", value(v.LaunchTemplateId), err)
	}
	var all any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&all); err != nil {
		return nil, fmt.Errorf("read launch template %s: %w", value(v.LaunchTemplateId), err)
	}
	return json.Marshal(withoutNulls(all))
}

func withoutNulls(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, member := range v {
			if member == nil {
				delete(v, k)
				continue
			}
			v[k] = withoutNulls(member)
		}
	case []any:
		for i := range v {
			v[i] = withoutNulls(v[i])
		}
	}
	return v
}

func imageOf(data json.RawMessage) string {
	var d struct{ ImageId string }
	if err := json.Unmarshal(data, &d); err != nil {
		return "" // it was made of JSON
	}
	return d.ImageId
}

// followers are the groups of the account and Region that use the template in any
// way. Those that are being deleted launch nothing any more.
func (r *Reader) followers(ctx context.Context, head ec2types.LaunchTemplate) ([]pipeline.Follower, error) {
	var out []pipeline.Follower
	err := r.eachGroup(ctx, func(g astypes.AutoScalingGroup) {
		tags := map[string]string{}
		for _, t := range g.Tags {
			tags[value(t.Key)] = value(t.Value)
		}
		for _, s := range specs(g) {
			if value(s.LaunchTemplateId) != *head.LaunchTemplateId && value(s.LaunchTemplateName) != value(head.LaunchTemplateName) {
				continue
			}
			version := value(s.Version)
			if version == "" {
				version = "$Default" // "The default value is $Default."
			}
			out = append(out, pipeline.Follower{
				Group: value(g.AutoScalingGroupName), Version: version, ManagedBy: launch.Owner(value(g.AutoScalingGroupName), tags), Ignored: ignored(tags),
			})
		}
	})
	return out, err
}

func (r *Reader) eachGroup(ctx context.Context, do func(astypes.AutoScalingGroup)) error {
	const most = 100
	pages := autoscaling.NewDescribeAutoScalingGroupsPaginator(r.groups, &autoscaling.DescribeAutoScalingGroupsInput{MaxRecords: new(int32(most))})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("describe groups: %w", err)
		}
		for _, g := range page.AutoScalingGroups {
			if value(g.Status) == "" {
				do(g)
			}
		}
	}
	return nil
}

// specs are the templates that a group names.
func specs(g astypes.AutoScalingGroup) []astypes.LaunchTemplateSpecification {
	var out []astypes.LaunchTemplateSpecification
	add := func(s *astypes.LaunchTemplateSpecification) {
		if s != nil {
			out = append(out, *s)
		}
	}
	add(g.LaunchTemplate)
	if m := g.MixedInstancesPolicy; m != nil && m.LaunchTemplate != nil {
		add(m.LaunchTemplate.LaunchTemplateSpecification)
		for _, o := range m.LaunchTemplate.Overrides {
			add(o.LaunchTemplateSpecification)
		}
	}
	return out
}

// ignored reads a refusal generously, as pkg/guard does.
func ignored(tags map[string]string) bool {
	for key, v := range tags {
		if strings.EqualFold(strings.TrimSpace(key), "keymend") && strings.EqualFold(strings.TrimSpace(v), "ignore") {
			return true
		}
	}
	return false
}
