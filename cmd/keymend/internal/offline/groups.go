package offline

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/observe"
	"keymend/pkg/slr"
)

// override takes what the person says of the account's settings, whatever a file says.
func (w *World) override(o Options) {
	if o.ByDefault != nil {
		w.facts.settings.all[byDefault] = strconv.FormatBool(*o.ByDefault)
	}
	if o.DefaultKey != "" {
		w.facts.settings.all[defaultKey] = o.DefaultKey
	}
}

// makeGroups makes a group for each template that no group in the files launches from: the
// plain one that somebody would make of it.
func (w *World) makeGroups(role string) error {
	w.index()
	w.nameTemplate()
	if len(w.facts.versions.all)+len(w.facts.configurations.all)+len(w.facts.groups.all) == 0 {
		return problem("", "no file says what is launched: give a launch template's data, or groups with their templates")
	}
	used := map[string]bool{}
	for _, g := range w.facts.groups.all {
		for _, s := range observe.TemplatesOf(g) {
			used[value(s.LaunchTemplateId)], used[value(s.LaunchTemplateName)] = true, true
		}
	}
	var made []astypes.AutoScalingGroup
	for _, v := range w.facts.versions.list() {
		id, name := value(v.LaunchTemplateId), value(v.LaunchTemplateName)
		if id != "" && used[id] || name != "" && used[name] {
			continue
		}
		used[id], used[name] = true, true
		made = append(made, w.groupOf(v, "$Latest", role))
		if w.defaultElse(v) {
			made = append(made, w.groupOf(v, "$Default", role))
		}
	}
	var errs []error
	for _, g := range made {
		errs = append(errs, w.facts.groups.put("", *g.AutoScalingGroupName, g))
	}
	return joined(errs...)
}

// groupOf is a group with a template and nothing else.
func (w *World) groupOf(v ec2types.LaunchTemplateVersion, version, role string) astypes.AutoScalingGroup {
	name := "a group with " + cmp.Or(value(v.LaunchTemplateName), value(v.LaunchTemplateId))
	if version == "$Default" {
		name += " " + version
	}
	standard := slr.ARN(w.Partition, w.Account, "")
	switch {
	case role == "":
		role = standard
	case !strings.HasPrefix(role, "arn:"):
		role = strings.TrimSuffix(standard, slr.Name) + role
	}
	spec := &astypes.LaunchTemplateSpecification{LaunchTemplateId: v.LaunchTemplateId, Version: &version}
	if v.LaunchTemplateId == nil {
		spec.LaunchTemplateName = v.LaunchTemplateName
	}
	return astypes.AutoScalingGroup{
		AutoScalingGroupName: &name, ServiceLinkedRoleARN: &role, LaunchTemplate: spec,
		DesiredCapacity: new(int32(1)), MinSize: new(int32(0)), MaxSize: new(int32(1)),
	}
}

// defaultElse reports whether the files have another version as the template's default
// than as its latest.
func (w *World) defaultElse(of ec2types.LaunchTemplateVersion) bool {
	latest := w.version(of.LaunchTemplateId, of.LaunchTemplateName, "$Latest")
	standard := w.version(of.LaunchTemplateId, of.LaunchTemplateName, "$Default")
	return latest != nil && standard != nil && value(latest.VersionNumber) != value(standard.VersionNumber)
}

// nameTemplate takes the one template that has no name of AWS's for the one that the groups
// name and no file has.
func (w *World) nameTemplate() {
	var bare []string
	for name, v := range w.facts.versions.all {
		if v.VersionNumber == nil && v.LaunchTemplateId == nil {
			bare = append(bare, name)
		}
	}
	var wanted []*astypes.LaunchTemplateSpecification
	for _, g := range w.facts.groups.list() {
		for _, s := range observe.TemplatesOf(g) {
			if w.version(s.LaunchTemplateId, s.LaunchTemplateName, cmp.Or(value(s.Version), "$Default")) == nil && !slices.ContainsFunc(wanted, func(o *astypes.LaunchTemplateSpecification) bool {
				return value(o.LaunchTemplateId) == value(s.LaunchTemplateId) && value(o.LaunchTemplateName) == value(s.LaunchTemplateName)
			}) {
				wanted = append(wanted, s)
			}
		}
	}
	if len(bare) != 1 || len(wanted) != 1 {
		return
	}
	v := w.facts.versions.all[bare[0]]
	v.LaunchTemplateId = wanted[0].LaunchTemplateId
	if wanted[0].LaunchTemplateName != nil {
		v.LaunchTemplateName = wanted[0].LaunchTemplateName
	}
	w.facts.versions.all[bare[0]] = v
	w.index()
}

// index has the versions of each template found by its id and by its name.
func (w *World) index() {
	w.templates = map[string][]ec2types.LaunchTemplateVersion{}
	for _, v := range w.facts.versions.list() {
		for _, name := range []string{value(v.LaunchTemplateId), value(v.LaunchTemplateName)} {
			if name != "" {
				w.templates[name] = append(w.templates[name], v)
			}
		}
	}
}

// value returns what a pointer of the SDK points to; nil means the zero value.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
