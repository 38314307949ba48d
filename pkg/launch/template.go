package launch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"keymend/pkg/account"
)

// A reading is what a spec names, or why it names nothing.
type reading struct {
	source  source // name, image, devices
	refused string
}

// readTemplates reads the template versions and launch configurations of the
// sources, each once and side by side. EC2 takes many versions of one template in
// a call, and no several templates.
func (r *Resolver) readTemplates(ctx context.Context, all []*source) error {
	byTemplate := map[spec][]spec{} // by the spec without its version
	var configurations []string
	for _, s := range all {
		template := s.spec
		template.version = ""
		switch {
		case s.spec.configuration != "":
			configurations = append(configurations, s.spec.configuration)
		case !slices.Contains(byTemplate[template], s.spec):
			byTemplate[template] = append(byTemplate[template], s.spec)
		}
	}
	var (
		answers = make([]map[spec]reading, 0, len(byTemplate)+1)
		tasks   []func() error
	)
	task := func(read func() (map[spec]reading, error)) {
		i := len(answers)
		answers = append(answers, nil)
		tasks = append(tasks, func() (err error) { answers[i], err = read(); return err })
	}
	for _, specs := range byTemplate {
		task(func() (map[spec]reading, error) { return r.versions(ctx, specs) })
	}
	if len(configurations) > 0 {
		task(func() (map[spec]reading, error) { return r.configurations(ctx, distinct(configurations)) })
	}
	if err := together(tasks...); err != nil {
		return err
	}
	for _, s := range all {
		for _, found := range answers {
			if reading, ok := found[s.spec]; ok {
				s.take(reading)
			}
		}
	}
	return nil
}

// versions reads versions of one template. One that is gone fails the call for
// all of them, so then each is asked for alone.
func (r *Resolver) versions(ctx context.Context, specs []spec) (map[spec]reading, error) {
	out := map[spec]reading{}
	if len(specs) > 1 {
		found, err := r.ask(ctx, specs, true)
		if account.Transient(err) {
			return nil, err
		}
		for _, s := range specs {
			if v := s.among(found); err == nil && v != nil {
				out[s] = readingOf(*v, s)
			}
		}
	}
	var errs []error
	for _, s := range specs {
		if _, known := out[s]; !known {
			one, err := r.version(ctx, s)
			out[s], errs = one, append(errs, err)
		}
	}
	return out, errors.Join(errs...)
}

// version reads one version. Where the parameter behind its image can't be
// resolved, the rest of it still says something.
func (r *Resolver) version(ctx context.Context, s spec) (reading, error) {
	found, err := r.ask(ctx, []spec{s}, true)
	unresolved := err
	if err != nil && !gone(err) && !account.Transient(err) {
		if found, err = r.ask(ctx, []spec{s}, false); err != nil {
			err = unresolved // of the two the one that says why
		}
	}
	switch {
	case gone(err):
		return reading{refused: fmt.Sprintf("launch template %s doesn't exist (%s); name a template and version that exist in the group", s, messageOf(err))}, nil
	case err != nil:
		return reading{}, err
	case len(found) == 0:
		return reading{refused: fmt.Sprintf("launch template %s doesn't exist; name a template and version that exist in the group", s)}, nil
	}
	out := readingOf(found[0], s)
	if image := out.source.imageID; strings.HasPrefix(image, "resolve:") {
		out.source.unknown = fmt.Sprintf("the image of %s: %s couldn't be resolved", out.source.name, image)
		if unresolved != nil {
			out.source.unknown += ": " + messageOf(unresolved)
		}
	}
	return out, nil
}

// ask calls EC2 for versions of one template, with an image behind a Systems
// Manager parameter shown as its id where that is wanted.
func (r *Resolver) ask(ctx context.Context, specs []spec, resolve bool) ([]ec2types.LaunchTemplateVersion, error) {
	in := &ec2.DescribeLaunchTemplateVersionsInput{ResolveAlias: new(resolve)}
	for _, s := range specs {
		in.Versions = append(in.Versions, s.version)
	}
	if id := specs[0].id; id != "" { // one of the two, not both
		in.LaunchTemplateId = &id
	} else {
		in.LaunchTemplateName = &specs[0].name
	}
	var out []ec2types.LaunchTemplateVersion
	pages := ec2.NewDescribeLaunchTemplateVersionsPaginator(r.images, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("describe launch template %s: %w", specs[0], err)
		}
		out = append(out, page.LaunchTemplateVersions...)
	}
	return out, nil
}

// among finds the spec's version in an answer to several; nil where it isn't.
func (s spec) among(found []ec2types.LaunchTemplateVersion) *ec2types.LaunchTemplateVersion {
	var out *ec2types.LaunchTemplateVersion
	for i, v := range found {
		number := value(v.VersionNumber)
		switch {
		case s.version == "$Default" && value(v.DefaultVersion),
			s.version == "$Latest" && (out == nil || number > value(out.VersionNumber)),
			s.version == strconv.FormatInt(number, 10):
			out = &found[i]
		}
	}
	return out
}

func readingOf(v ec2types.LaunchTemplateVersion, s spec) reading {
	id := value(v.LaunchTemplateId)
	if id == "" {
		id = s.name
	}
	out := source{name: fmt.Sprintf("%s v%d", id, value(v.VersionNumber)), templateID: value(v.LaunchTemplateId), number: value(v.VersionNumber)}
	if data := v.LaunchTemplateData; data != nil {
		out.imageID = value(data.ImageId)
		out.devices = templateDevices(data.BlockDeviceMappings, out.name)
	}
	return reading{source: out}
}

// take fills in the source from what its spec names.
func (s *source) take(r reading) {
	if r.refused != "" {
		s.name, s.refused = s.spec.String(), r.refused
		return
	}
	s.name, s.devices, s.spot = r.source.name, r.source.devices, r.source.spot
	s.templateID, s.number = r.source.templateID, r.source.number
	if s.imageID == "" { // an override's image goes before
		s.imageID, s.unknown = r.source.imageID, r.source.unknown
	}
	if s.imageID == "" {
		s.refused = s.name + " names no image; EC2 launches none without"
	}
}

// gone reports whether the template or its version was deleted: codes
// InvalidLaunchTemplateId.NotFound, .VersionNotFound, .Malformed and
// InvalidLaunchTemplateName.NotFoundException.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
func gone(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && strings.HasPrefix(api.ErrorCode(), "InvalidLaunchTemplate")
}

func messageOf(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	return err.Error()
}
