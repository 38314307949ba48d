package observe

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
	"keymend/pkg/launch"
	"keymend/pkg/together"
)

// readTemplates reads the template versions and launch configurations of the
// sources, each once and side by side. EC2 takes many versions of one template in
// a call, and no several templates, but $Latest and $Default of all there are.
func (r *Resolver) readTemplates(ctx context.Context, all []*launch.Source) error {
	if err := r.readWide(ctx, all); err != nil {
		return err
	}
	byTemplate := map[launch.Spec][]launch.Spec{} // by the spec without its version
	var configurations []string
	for _, s := range all {
		template := s.Spec
		template.Version = ""
		_, known := r.memory.sources.get(s.Spec)
		switch {
		case known:
		case s.Spec.Configuration != "":
			configurations = append(configurations, s.Spec.Configuration)
		case !slices.Contains(byTemplate[template], s.Spec):
			byTemplate[template] = append(byTemplate[template], s.Spec)
		}
	}
	var tasks []func() error
	for _, specs := range byTemplate {
		tasks = append(tasks, func() error { return r.readVersions(ctx, specs) })
	}
	if len(configurations) > 0 {
		tasks = append(tasks, func() error { return r.readConfigurations(ctx, configurations) })
	}
	if err := together.Do(tasks...); err != nil {
		return err
	}
	for _, s := range all {
		if named, ok := r.memory.sources.get(s.Spec); ok {
			s.Fill(named)
		}
	}
	return nil
}

// readVersions reads versions of one template. One that is gone fails the call for
// all of them, so then each is asked for alone.
func (r *Resolver) readVersions(ctx context.Context, specs []launch.Spec) error {
	if len(specs) > 1 {
		found, err := r.ask(ctx, specs, true)
		if account.Transient(err) {
			return err
		}
		for _, s := range specs {
			if v := VersionAmong(found, s.Version); err == nil && v != nil {
				r.memory.sources.put(s, sourceOf(*v, s))
			}
		}
	}
	var errs []error
	for _, s := range specs {
		if _, known := r.memory.sources.get(s); known {
			continue
		}
		one, err := r.version(ctx, s)
		if err == nil {
			r.memory.sources.put(s, one)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// version reads one version. Where the parameter behind its image can't be
// resolved, the rest of it still says something.
func (r *Resolver) version(ctx context.Context, s launch.Spec) (launch.Source, error) {
	found, err := r.ask(ctx, []launch.Spec{s}, true)
	unresolved := err
	if err != nil && !Gone(err) && !account.Transient(err) {
		if found, err = r.ask(ctx, []launch.Spec{s}, false); err != nil {
			err = unresolved // of the two the one that says why
		}
	}
	switch {
	case account.Untold(err):
		return launch.Source{Unknown: fmt.Sprintf("nothing is told of launch template %s", s)}, nil
	case Gone(err):
		return launch.Source{Refused: fmt.Sprintf("launch template %s doesn't exist (%s); name a template and version that exist in the group", s, messageOf(err))}, nil
	case err != nil:
		return launch.Source{}, err
	case len(found) == 0:
		return launch.Source{Refused: fmt.Sprintf("launch template %s doesn't exist; name a template and version that exist in the group", s)}, nil
	}
	out := sourceOf(found[0], s)
	if strings.HasPrefix(out.ImageID, "resolve:") {
		out.Unknown = fmt.Sprintf("the image of %s: %s couldn't be resolved", out.Name, out.ImageID)
		if unresolved != nil {
			out.Unknown += ": " + messageOf(unresolved)
		}
	}
	return out, nil
}

// ask calls EC2 for versions of one template, with an image behind a Systems
// Manager parameter shown as its id where that is wanted.
func (r *Resolver) ask(ctx context.Context, specs []launch.Spec, resolve bool) ([]ec2types.LaunchTemplateVersion, error) {
	in := ec2.DescribeLaunchTemplateVersionsInput{ResolveAlias: new(resolve)}
	for _, s := range specs {
		in.Versions = append(in.Versions, s.Version)
	}
	if id := specs[0].ID; id != "" { // one of the two, not both
		in.LaunchTemplateId = &id
	} else {
		in.LaunchTemplateName = &specs[0].Name
	}
	return describeVersions(ctx, r.images, in)
}

// VersionAmong finds a version of a template as a group names it, by its number or as
// $Latest or $Default, among several; nil where it isn't.
func VersionAmong(found []ec2types.LaunchTemplateVersion, named string) *ec2types.LaunchTemplateVersion {
	var out *ec2types.LaunchTemplateVersion
	for i, v := range found {
		number := value(v.VersionNumber)
		switch {
		case named == "$Default" && value(v.DefaultVersion),
			named == "$Latest" && (out == nil || number > value(out.VersionNumber)),
			named == strconv.FormatInt(number, 10):
			out = &found[i]
		}
	}
	return out
}

func sourceOf(v ec2types.LaunchTemplateVersion, s launch.Spec) launch.Source {
	id := value(v.LaunchTemplateId)
	if id == "" {
		id = s.Name
	}
	if v.VersionNumber != nil {
		id += fmt.Sprintf(" v%d", *v.VersionNumber)
	}
	out := launch.Source{Name: id, TemplateID: value(v.LaunchTemplateId), Number: value(v.VersionNumber), MadeBy: value(v.CreatedBy)}
	if data := v.LaunchTemplateData; data != nil {
		out.ImageID = value(data.ImageId)
		out.Devices = templateDevices(data.BlockDeviceMappings, out.Name)
	}
	return out
}

func messageOf(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	return err.Error()
}
