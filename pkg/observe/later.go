package observe

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/launch"
	"keymend/pkg/plan/copies"
	"keymend/pkg/tag"
)

// A Head is a launch template without its versions.
type Head struct {
	ID, Name        string
	Latest, Default int64
	ManagedBy       string // "" = nobody known
}

// template fills in what a way's template says and what stands around it.
func (r *Storage) template(ctx context.Context, w *copies.Way) error {
	t := &w.Template
	head, err := r.Head(ctx, t.ID)
	if err != nil {
		return err
	}
	t.Latest, t.Default, t.ManagedBy = head.Latest, head.Default, head.ManagedBy
	if t.Data, t.Later, err = r.from(ctx, t.ID, t.Version); err != nil {
		return err
	}
	if t.Data == nil {
		return fmt.Errorf("describe launch template %s: it has no version %d", t.ID, t.Version)
	}
	if image := imageIn(t.Data); strings.HasPrefix(image, "resolve:") {
		w.Parameter = image
	}
	t.Groups, err = r.followers(ctx, head)
	return err
}

// Head reads a launch template. Its error is EC2's, wrapped: see Gone.
func (r *Storage) Head(ctx context.Context, id string) (Head, error) {
	out, err := r.images.DescribeLaunchTemplates(ctx, &ec2.DescribeLaunchTemplatesInput{LaunchTemplateIds: []string{id}})
	if err == nil && len(out.LaunchTemplates) != 1 {
		err = fmt.Errorf("%d templates in the answer", len(out.LaunchTemplates))
	}
	if err != nil {
		return Head{}, fmt.Errorf("describe launch template %s: %w", id, err)
	}
	t := out.LaunchTemplates[0]
	return Head{value(t.LaunchTemplateId), value(t.LaunchTemplateName), value(t.LatestVersionNumber), value(t.DefaultVersionNumber), managedBy(t)}, nil
}

// managedBy: services say so by tags, and in Operator.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_OperatorResponse.html
func managedBy(head ec2types.LaunchTemplate) string {
	owner := launch.Owner(value(head.LaunchTemplateName), tagsOf(head.Tags))
	if o := head.Operator; owner == "" && o != nil && value(o.Managed) {
		owner = "service " + value(o.Principal)
	}
	return owner
}

// Data reads one version as it is written: the parameter, not what it says now.
func (r *Storage) Data(ctx context.Context, id string, version int64) (json.RawMessage, error) {
	v, err := r.one(ctx, id, strconv.FormatInt(version, 10))
	if err != nil {
		return nil, err
	}
	return dataOf(v)
}

// Latest returns the number of a template's $Latest.
func (r *Storage) Latest(ctx context.Context, id string) (int64, error) {
	v, err := r.one(ctx, id, "$Latest")
	return value(v.VersionNumber), err
}

func (r *Storage) one(ctx context.Context, id, version string) (ec2types.LaunchTemplateVersion, error) {
	found, err := describeVersions(ctx, r.images, ec2.DescribeLaunchTemplateVersionsInput{LaunchTemplateId: &id, Versions: []string{version}})
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("describe launch template %s: %d versions are its %s", id, len(found), version)
	}
	if err != nil {
		return ec2types.LaunchTemplateVersion{}, err
	}
	return found[0], nil
}

// Later reads the versions that Keymend made of one.
func (r *Storage) Later(ctx context.Context, id string, version int64) ([]copies.Version, error) {
	_, out, err := r.from(ctx, id, version)
	return out, err
}

// from reads the data of a version, if it is there, and the versions that Keymend
// made of it. Whether EC2 counts MinVersion itself its page leaves open ("after which
// to describe"); it is asked from the one before.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLaunchTemplateVersions.html
func (r *Storage) from(ctx context.Context, id string, version int64) (json.RawMessage, []copies.Version, error) {
	in := ec2.DescribeLaunchTemplateVersionsInput{LaunchTemplateId: &id}
	if version > 1 {
		in.MinVersion = new(strconv.FormatInt(version-1, 10))
	}
	found, err := describeVersions(ctx, r.images, in)
	if err != nil {
		return nil, nil, err
	}
	var (
		source json.RawMessage
		later  []copies.Version
	)
	for _, v := range found {
		one := copies.Version{Number: value(v.VersionNumber), Description: value(v.VersionDescription)}
		if one.Number != version && !strings.HasPrefix(one.Description, tag.Version(version)+" ") {
			continue
		}
		if one.Data, err = dataOf(v); err != nil {
			return nil, nil, err
		}
		if one.Number == version {
			source = one.Data
		} else {
			later = append(later, one)
		}
	}
	return source, later, nil
}

// dataOf is a version's data as JSON, without what it doesn't say. NoDevice is a
// string that counts by being there, so an empty one stays.
func dataOf(v ec2types.LaunchTemplateVersion) (json.RawMessage, error) {
	var all any
	text, err := json.Marshal(v.LaunchTemplateData)
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
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

func imageIn(data json.RawMessage) string {
	var d struct{ ImageId string }
	if err := json.Unmarshal(data, &d); err != nil {
		return "" // it was made of JSON
	}
	return d.ImageId
}

// followers are the groups of the account and Region that use the template in any
// way. Those that are being deleted launch nothing any more.
func (r *Storage) followers(ctx context.Context, head Head) ([]copies.Follower, error) {
	groups, err := describeGroups(ctx, r.groups, nil)
	var out []copies.Follower
	for _, g := range groups {
		l := ofGroup(g, "", "")
		for _, s := range specsOf(g) {
			if !l.Deleting && (s.ID == head.ID || s.Name == head.Name) {
				out = append(out, copies.Follower{Group: l.Group, Version: s.Version, ManagedBy: l.ManagedBy, Ignored: tag.Ignores(l.Tags)})
			}
		}
	}
	return out, err
}

// On names the groups that use a template by a version as they write it.
func (r *Storage) On(ctx context.Context, head Head, version string) ([]string, error) {
	all, err := r.followers(ctx, head)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, g := range all {
		if g.Version == version {
			out = append(out, g.Group)
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(out))), nil
}

// Names says which launch template version names one of the ids, among those of the
// templates that groups use, and the latest and default ones of all others; "" =
// none.
func (r *Storage) Names(ctx context.Context, ids []string) (string, error) {
	all, err := describeVersions(ctx, r.images, ec2.DescribeLaunchTemplateVersionsInput{Versions: []string{"$Latest", "$Default"}})
	if err != nil {
		return "", err
	}
	groups, err := describeGroups(ctx, r.groups, nil)
	if err != nil {
		return "", err
	}
	used := map[string]bool{"": true} // those that were read
	for _, g := range groups {
		for _, s := range specsOf(g) {
			if used[s.ID] || value(g.Status) != "" {
				continue
			}
			used[s.ID] = true
			some, err := describeVersions(ctx, r.images, ec2.DescribeLaunchTemplateVersionsInput{LaunchTemplateId: &s.ID})
			if err != nil && !Gone(err) {
				return "", err
			}
			all = append(all, some...)
		}
	}
	for _, v := range all {
		data, err := dataOf(v)
		if err != nil {
			return "", err
		}
		if slices.ContainsFunc(ids, func(id string) bool { return strings.Contains(string(data), `"`+id+`"`) }) {
			return fmt.Sprintf("version %d of %s", value(v.VersionNumber), value(v.LaunchTemplateId)), nil
		}
	}
	return "", nil
}
