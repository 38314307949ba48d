package observe

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/account"
	"keymend/pkg/launch"
	"keymend/pkg/together"
)

// readWide reads the $Latest and $Default of all templates of the account, a page after
// the other, where more are asked for than pages are likely to be. An image behind a
// parameter isn't resolved so: one that can't be would fail the call for all. Such a
// template is asked for alone, as is one that isn't found.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLaunchTemplateVersions.html
func (r *Resolver) readWide(ctx context.Context, all []*launch.Source) error {
	const few = 5
	asked := r.following(all)
	if len(asked) <= few || !r.memory.wide.CompareAndSwap(false, true) {
		return nil
	}
	var tasks []func() error
	for _, version := range []string{"$Latest", "$Default"} {
		n := 0
		for _, s := range asked {
			if s.Version == version {
				n++
			}
		}
		if n > 0 {
			tasks = append(tasks, func() error { return r.readAll(ctx, version, n/2) })
		}
	}
	err := together.Do(tasks...)
	r.memory.wide.Store(err == nil)
	return err
}

// readAll reads so many pages of all templates' $Latest, or $Default. But for what may
// pass, each template alone says why it can't be read.
func (r *Resolver) readAll(ctx context.Context, version string, most int) error {
	pages := ec2.NewDescribeLaunchTemplateVersionsPaginator(r.images, &ec2.DescribeLaunchTemplateVersionsInput{Versions: []string{version}, MaxResults: new(int32(mostVersions))})
	for n := 0; n < most && pages.HasMorePages(); n++ {
		page, err := pages.NextPage(ctx)
		if err != nil {
			if account.Transient(err) {
				return fmt.Errorf("describe all launch templates version %s: %w", version, err)
			}
			return nil
		}
		for _, v := range page.LaunchTemplateVersions {
			r.keep(v, version)
		}
	}
	return nil
}

// following are the specs that follow a template, and aren't known yet.
func (r *Resolver) following(all []*launch.Source) []launch.Spec {
	var out []launch.Spec
	for _, s := range all {
		if _, known := r.memory.sources.get(s.Spec); !known && strings.HasPrefix(s.Spec.Version, "$") && !slices.Contains(out, s.Spec) {
			out = append(out, s.Spec)
		}
	}
	return out
}

// keep keeps a version by every way in which a group may name it.
func (r *Resolver) keep(v ec2types.LaunchTemplateVersion, version string) {
	if data := v.LaunchTemplateData; data != nil && strings.HasPrefix(value(data.ImageId), "resolve:") {
		return
	}
	id, name := value(v.LaunchTemplateId), value(v.LaunchTemplateName)
	for _, s := range []launch.Spec{{ID: id, Name: name, Version: version}, {ID: id, Version: version}, {Name: name, Version: version}} {
		r.memory.sources.put(s, sourceOf(v, s))
	}
}
