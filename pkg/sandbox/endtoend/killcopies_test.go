package endtoend_test

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// copying are the settings of copies under a key of one's own.
func copying() []option {
	return []option{with("Accounts", owner), with("ForeignKey", "copy"), with("CopyKey", "alias/copies")}
}

// followed makes the group, by a version of a template with the other account's image.
func followed(version string) func(*world) {
	return func(w *world) {
		image := w.sharedImage(w.copyableSnapshot(), true)
		w.group("web-prod", w.mappedTemplate("web", image), version)
	}
}

// mapped makes the group, by a template that names the other account's snapshot.
func mapped(w *world) {
	snapshot := w.copyableSnapshot()
	w.sharedImage(snapshot, true)
	mapping := ec2types.LaunchTemplateBlockDeviceMappingRequest{DeviceName: new("/dev/sdf"), Ebs: &ec2types.LaunchTemplateEbsBlockDeviceRequest{SnapshotId: &snapshot}}
	w.launches(w.imageOf(w.snapshot("")), mapping)
}

func (w *world) copyableSnapshot() string {
	w.t.Helper()
	w.onboard()
	w.alias("alias/copies", w.key(rootOnly, enrolled))
	there := w.as(owner)
	return there.snapshot(there.key(openTo(owner, account), copyable))
}

// copiesStand is how copies and template versions stand.
func (w *world) copiesStand() []string {
	w.t.Helper()
	c := copies{border: &border{world: w}}
	images, snapshots := c.own()
	out := []string{fmt.Sprintf("copies: %d images, %d snapshots", len(images), len(snapshots))}
	templates, err := w.ec2.DescribeLaunchTemplates(w.t.Context(), &ec2.DescribeLaunchTemplatesInput{})
	must(w.t, err)
	for _, t := range templates.LaunchTemplates {
		out = append(out, fmt.Sprintf("template %s: latest %d, default %d", *t.LaunchTemplateName, *t.LatestVersionNumber, *t.DefaultVersionNumber))
	}
	return out
}

// copiesBegun counts the copies that were begun.
func (w *world) copiesBegun() int {
	c := copies{border: &border{world: w}}
	return c.count("CopyImage") + c.count("CopySnapshot")
}
