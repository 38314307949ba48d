package ec2

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/wire"
)

// A template is a launch template with its versions, oldest first.
type template struct {
	head     types.LaunchTemplate
	versions []*version
	made     int64 // versions ever made
}

// CreateLaunchTemplate makes a template with one version. Its data isn't looked
// at before a launch ("not fully validated when you create").
func (s *Service) CreateLaunchTemplate(ctx context.Context, in *ec2.CreateLaunchTemplateInput) (*ec2.CreateLaunchTemplateOutput, error) {
	c := wire.CallerOf(ctx)
	name := aws.ToString(in.LaunchTemplateName)
	if name == "" || in.LaunchTemplateData == nil {
		return nil, wire.Errorf("MissingParameter", "The request must contain the parameters LaunchTemplateName and LaunchTemplateData")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.store(placeOf(c))
	if _, err := st.template(nil, &name); err == nil {
		return nil, wire.Errorf("InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use.")
	}
	id := s.newID("lt")
	t := &template{head: types.LaunchTemplate{
		LaunchTemplateId: &id, LaunchTemplateName: &name, CreatedBy: &c.ARN, CreateTime: new(s.clock.Now()),
		DefaultVersionNumber: new(int64(1)), LatestVersionNumber: new(int64(0)),
	}}
	t.append(c.ARN, in.VersionDescription, *in.LaunchTemplateData, s.clock.Now())
	st.templates.add(id, t)
	st.specified(id, types.ResourceTypeLaunchTemplate, in.TagSpecifications)
	return &ec2.CreateLaunchTemplateOutput{LaunchTemplate: st.described(t)}, nil
}

// DescribeLaunchTemplates lists templates.
func (s *Service) DescribeLaunchTemplates(ctx context.Context, in *ec2.DescribeLaunchTemplatesInput) (*ec2.DescribeLaunchTemplatesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.store(placeOf(wire.CallerOf(ctx)))
	wanted, err := st.wanted(in.LaunchTemplateIds, in.LaunchTemplateNames)
	if err != nil {
		return nil, err
	}
	all := []types.LaunchTemplate{}
	for _, t := range wanted {
		head := st.described(t)
		ok, err := matches(in.Filters, tagged(map[string]string{"launch-template-name": *head.LaunchTemplateName}, head.Tags))
		if err != nil {
			return nil, err
		}
		if ok {
			all = append(all, *head)
		}
	}
	page, next, err := page(all, query{limit: in.MaxResults, token: in.NextToken})
	return &ec2.DescribeLaunchTemplatesOutput{LaunchTemplates: page, NextToken: next}, err
}

// wanted returns the templates that ids and names choose; all where none are
// given.
func (st *store) wanted(ids, names []string) ([]*template, error) {
	var found []*template
	for _, id := range ids {
		t, err := st.template(&id, nil)
		if err != nil {
			return nil, err
		}
		found = append(found, t)
	}
	for _, name := range names {
		t, err := st.template(nil, &name)
		if err != nil {
			return nil, err
		}
		found = append(found, t)
	}
	if len(ids)+len(names) == 0 {
		found = st.templates.every()
	}
	return found, nil
}

// ModifyLaunchTemplate chooses the default version.
func (s *Service) ModifyLaunchTemplate(ctx context.Context, in *ec2.ModifyLaunchTemplateInput) (*ec2.ModifyLaunchTemplateOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.store(placeOf(wire.CallerOf(ctx)))
	t, err := st.template(in.LaunchTemplateId, in.LaunchTemplateName)
	if err != nil {
		return nil, err
	}
	if in.DefaultVersion != nil {
		v, err := t.version(*in.DefaultVersion)
		if err != nil {
			return nil, err
		}
		t.head.DefaultVersionNumber = &v.number
	}
	return &ec2.ModifyLaunchTemplateOutput{LaunchTemplate: st.described(t)}, nil
}

// DeleteLaunchTemplate removes a template and its versions.
func (s *Service) DeleteLaunchTemplate(ctx context.Context, in *ec2.DeleteLaunchTemplateInput) (*ec2.DeleteLaunchTemplateOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.store(placeOf(wire.CallerOf(ctx)))
	t, err := st.template(in.LaunchTemplateId, in.LaunchTemplateName)
	if err != nil {
		return nil, err
	}
	gone := st.described(t)
	st.templates.remove(*t.head.LaunchTemplateId)
	delete(st.tags, *t.head.LaunchTemplateId)
	return &ec2.DeleteLaunchTemplateOutput{LaunchTemplate: gone}, nil
}

// template finds a template by its id or else its name.
func (st *store) template(id, name *string) (*template, error) {
	if id != nil && *id != "" {
		if t := st.templates.byID[*id]; t != nil {
			return t, nil
		}
		return nil, wire.Errorf("InvalidLaunchTemplateId.NotFound", "The specified launch template, with template ID %s, does not exist.", *id)
	}
	for _, t := range st.templates.byID {
		if *t.head.LaunchTemplateName == aws.ToString(name) {
			return t, nil
		}
	}
	return nil, wire.Errorf("InvalidLaunchTemplateName.NotFoundException", "The specified launch template, with template name %s, does not exist.", aws.ToString(name))
}

func (st *store) described(t *template) *types.LaunchTemplate {
	head := t.head
	head.Tags = st.tags[*head.LaunchTemplateId]
	return &head
}
