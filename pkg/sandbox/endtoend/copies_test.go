package endtoend_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/outcome"
)

// copyable is how the owner of a key lets the first account copy what lies under it.
var copyable = map[string]string{"keymend": "remediate", "keymend-copy": third + " " + account} //nolint:gochecknoglobals // a constant map

// A copies world has Keymend copy what groups launch from under keys of the
// owner's account.
type copies struct {
	*border
	theirs, ours string // keys
	snapshot     string // under theirs, shared
	image        string // of it, shared
}

// newCopies makes one, with what the owner says of the key.
func newCopies(t testing.TB, tags map[string]string, options ...option) *copies {
	t.Helper()
	c := &copies{border: newBorder(t, true, append([]option{with("ForeignKey", "copy"), with("CopyKey", "alias/copies")}, options...)...)}
	c.ours = c.key(rootOnly, enrolled)
	c.alias("alias/copies", c.ours)
	c.theirs = c.there.key(openTo(owner, account), tags)
	c.snapshot = c.there.snapshot(c.theirs)
	c.image = c.sharedImage(c.snapshot, true)
	return c
}

// own returns the account's own images and snapshots that carry Keymend's mark.
func (c *copies) own() (images []ec2types.Image, snapshots []ec2types.Snapshot) {
	c.t.Helper()
	mark := []ec2types.Filter{{Name: new("tag:keymend-copy-key"), Values: []string{"*"}}}
	found, err := c.ec2.DescribeImages(c.t.Context(), &ec2.DescribeImagesInput{Owners: []string{"self"}, Filters: mark})
	must(c.t, err)
	parts, err := c.ec2.DescribeSnapshots(c.t.Context(), &ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}, Filters: mark})
	must(c.t, err)
	return found.Images, parts.Snapshots
}

// versions returns a template's versions, oldest first, and the default's number.
func (c *copies) versions(template string) (all []ec2types.LaunchTemplateVersion, standard int64) {
	c.t.Helper()
	out, err := c.ec2.DescribeLaunchTemplateVersions(c.t.Context(), &ec2.DescribeLaunchTemplateVersionsInput{LaunchTemplateId: &template})
	must(c.t, err)
	slices.Reverse(out.LaunchTemplateVersions)
	for _, v := range out.LaunchTemplateVersions {
		if *v.DefaultVersion {
			standard = *v.VersionNumber
		}
	}
	return out.LaunchTemplateVersions, standard
}

// count counts the copier's calls of an operation that went well.
func (c *copies) count(operation string) int {
	n := 0
	for _, call := range c.box.Calls() {
		if call.Operation == operation && call.Error == "" && strings.Contains(call.Caller, "keymend-copier") {
			n++
		}
	}
	return n
}

// wantCopied fails unless there is one copy, under the own key, and it was begun
// once.
func (c *copies) wantCopied(images, snapshots int) {
	c.t.Helper()
	i, s := c.own()
	if len(i) != images || len(s) != snapshots || c.copiesBegun() != 1 {
		c.t.Fatalf("%d images, %d snapshots, begun %d times\n%v", len(i), len(s), c.copiesBegun(), c.short())
	}
	for _, one := range s {
		if *one.KmsKeyId != c.ours {
			c.t.Errorf("%s lies under %s", *one.SnapshotId, *one.KmsKeyId)
		}
	}
}

func (c *copies) wantRunning(group string) {
	c.t.Helper()
	if n := c.inService(group); n != 2 {
		c.t.Fatalf("%s: %d in service, want 2\n%v", group, n, c.short())
	}
}

// short is the story without what fills screens.
func (c *copies) short() string {
	var out strings.Builder
	for _, r := range c.records() {
		text, err := json.Marshal(map[string]any{"phase": r.Phase, "signal": r.Signal, "outcome": r.Outcome, "key": r.Key, "reason": r.Reason, "consent": r.Consent})
		must(c.t, err)
		out.Write(append(text, '\n'))
	}
	return out.String()
}

// TestCopyOfAnImage follows a group on $Latest from an image under another
// account's key to one under its own, and what stays as it was.
func TestCopyOfAnImage(t *testing.T) {
	t.Parallel()
	c := newCopies(t, copyable)
	before := c.there.policy(c.theirs)
	template := c.mappedTemplate("web", c.image, ec2types.LaunchTemplateBlockDeviceMappingRequest{DeviceName: new("/dev/sdf"), Ebs: &ec2types.LaunchTemplateEbsBlockDeviceRequest{SnapshotId: new(c.world.snapshot("")), VolumeSize: new(int32(9))}})
	c.group("web-prod", template, "$Latest")
	c.box.Advance(20 * time.Minute)
	c.wantRunning("web-prod")
	c.wantCopied(1, 1)
	images, _ := c.own()
	all, standard := c.versions(template)
	if len(all) != 2 || standard != 1 || *all[1].LaunchTemplateData.ImageId != *images[0].ImageId || *images[0].SourceImageId != c.image {
		t.Fatalf("versions %+v, default %d", all, standard)
	}
	all[1].LaunchTemplateData.ImageId = all[0].LaunchTemplateData.ImageId
	a, err := json.Marshal(all[0].LaunchTemplateData)
	must(t, err)
	b, err := json.Marshal(all[1].LaunchTemplateData)
	must(t, err)
	if string(a) != string(b) {
		t.Errorf("the version differs in more than the image:\n%s\n%s", a, b)
	}
	if c.there.policy(c.theirs) != before || len(c.grants(c.theirs)) != 0 {
		t.Error("the owner's key was opened")
	}
	if r := c.last(outcome.Moved); !strings.Contains(r.Reason, "group web-prod follows $Latest") || r.Proof.EqualReads == 0 {
		t.Errorf("%+v", r)
	}
	for range 5 {
		c.again()
	}
	c.box.Advance(time.Hour)
	c.wantCopied(1, 1)
	if all, _ := c.versions(template); len(all) != 2 {
		t.Errorf("%d versions", len(all))
	}
}

// TestCopyByDefaultVersion: $Default is moved where nobody else uses it, or the
// settings let it be; else the version is made, and the command is a person's.
func TestCopyByDefaultVersion(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		options []option
		beside  string // version that another group names
		moves   bool
	}{
		"alone":                        {moves: true},
		"beside a group on a number":   {beside: "1", moves: true},
		"beside another on it":         {beside: "$Default"},
		"beside another, and let move": {beside: "$Default", options: []option{with("MoveDefault", "true")}, moves: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCopies(t, copyable, tc.options...)
			template := c.mappedTemplate("web", c.image)
			if tc.beside != "" {
				c.parameter("/keymend/switch", "off") // until both are there
				c.group("api-prod", template, tc.beside)
			}
			c.group("web-prod", template, "$Default")
			c.parameter("/keymend/switch", "on")
			c.box.Advance(25 * time.Minute)
			c.wantCopied(1, 1)
			all, standard := c.versions(template)
			if tc.moves {
				c.wantRunning("web-prod")
				if len(all) != 2 || standard != 2 {
					t.Errorf("%d versions, default %d\n%v", len(all), standard, c.short())
				}
				if r := c.last(outcome.Moved); !strings.Contains(r.Reason, "web-prod") || (tc.beside == "$Default") != strings.Contains(r.Reason, "api-prod and web-prod") {
					t.Error(r.Reason)
				}
				return
			}
			if len(all) != 2 || standard != 1 || c.inService("web-prod") != 0 {
				t.Fatalf("%d versions, default %d\n%v", len(all), standard, c.short())
			}
			r := c.last(outcome.HandedOver)
			if !strings.Contains(r.Reason, "--launch-template-id "+template+" --default-version 2 --region ") {
				t.Error(r.Reason)
			}
			_, err := c.ec2.ModifyLaunchTemplate(t.Context(), &ec2.ModifyLaunchTemplateInput{LaunchTemplateId: &template, DefaultVersion: new("2")})
			must(t, err)
			c.box.Advance(20 * time.Minute)
			c.wantRunning("web-prod")
			c.wantRunning("api-prod")
			c.wantCopied(1, 1)
		})
	}
}

// TestCopyByNumber: to point a group at another number takes ec2:RunInstances,
// which Keymend never holds; the command that it hands over does it.
func TestCopyByNumber(t *testing.T) {
	t.Parallel()
	c := newCopies(t, copyable)
	template := c.mappedTemplate("web", c.image)
	c.group("web-prod", template, "1")
	c.box.Advance(20 * time.Minute)
	c.wantCopied(1, 1)
	all, standard := c.versions(template)
	if len(all) != 2 || standard != 1 || c.inService("web-prod") != 0 {
		t.Fatalf("%d versions, default %d\n%v", len(all), standard, c.short())
	}
	command := "aws autoscaling update-auto-scaling-group --auto-scaling-group-name=web-prod --launch-template LaunchTemplateId=" + template + ",Version=2 --region " + region
	if r := c.last(outcome.HandedOver); !strings.HasSuffix(r.Reason, ": "+command) || len(r.Run) != 1 || r.Run[0].Command != command {
		t.Error(r.Reason)
	}
	c.wantFinding("web-prod", c.theirs, command)
	_, err := c.asg.UpdateAutoScalingGroup(t.Context(), &autoscaling.UpdateAutoScalingGroupInput{
		AutoScalingGroupName: new("web-prod"), LaunchTemplate: &astypes.LaunchTemplateSpecification{LaunchTemplateId: &template, Version: new("2")}})
	must(t, err)
	c.box.Advance(20 * time.Minute)
	c.wantRunning("web-prod")
	c.wantCopied(1, 1)
}

// TestCopyOfASnapshot is one that the template's own mapping names.
func TestCopyOfASnapshot(t *testing.T) {
	t.Parallel()
	c := newCopies(t, copyable)
	mapping := func(snapshot string) ec2types.LaunchTemplateBlockDeviceMappingRequest {
		return ec2types.LaunchTemplateBlockDeviceMappingRequest{DeviceName: new("/dev/sdf"), Ebs: &ec2types.LaunchTemplateEbsBlockDeviceRequest{SnapshotId: &snapshot, VolumeSize: new(int32(20))}}
	}
	plain := c.world.snapshot("")
	other := ec2types.LaunchTemplateBlockDeviceMappingRequest{DeviceName: new("/dev/sdg"), Ebs: &ec2types.LaunchTemplateEbsBlockDeviceRequest{SnapshotId: &plain}}
	template := c.mappedTemplate("web", c.world.image(), mapping(c.snapshot), other)
	c.group("web-prod", template, "$Latest")
	c.box.Advance(25 * time.Minute)
	c.wantRunning("web-prod")
	c.wantCopied(0, 1)
	_, snapshots := c.own()
	all, _ := c.versions(template)
	made := all[len(all)-1].LaunchTemplateData.BlockDeviceMappings
	if len(all) != 2 || *made[0].Ebs.SnapshotId != *snapshots[0].SnapshotId || *made[0].Ebs.VolumeSize != 20 || *made[1].Ebs.SnapshotId != plain {
		t.Errorf("%d versions, mappings %+v %+v", len(all), made[0].Ebs, made[1].Ebs)
	}
}

// TestCopyKeyInATemplate: where the template itself names the other account's key
// there is nothing to copy, and a version that names the own one.
func TestCopyKeyInATemplate(t *testing.T) {
	t.Parallel()
	c := newCopies(t, copyable)
	template := c.mappedTemplate("web", c.world.image(), volume("/dev/xvda", new(true), c.theirs))
	c.group("web-prod", template, "$Latest")
	c.box.Advance(15 * time.Minute)
	c.wantRunning("web-prod")
	all, _ := c.versions(template)
	if images, snapshots := c.own(); len(images)+len(snapshots) != 0 || len(all) != 2 || *all[1].LaunchTemplateData.BlockDeviceMappings[0].Ebs.KmsKeyId != c.ours {
		t.Errorf("%d copies, versions %+v", len(images)+len(snapshots), all)
	}
}

// TestCopyForSeveralGroups: one copy and one version do for all that follow
// $Latest of a template.
func TestCopyForSeveralGroups(t *testing.T) {
	t.Parallel()
	c := newCopies(t, copyable)
	c.parameter("/keymend/switch", "off")
	template := c.mappedTemplate("web", c.image)
	c.group("web-prod", template, "$Latest")
	c.group("api-prod", template, "$Latest")
	elsewhere := c.mappedTemplate("batch", c.image)
	c.group("batch-prod", elsewhere, "$Latest")
	c.parameter("/keymend/switch", "on")
	c.box.Advance(40 * time.Minute)
	c.wantCopied(1, 1)
	for _, group := range []string{"web-prod", "api-prod", "batch-prod"} {
		c.wantRunning(group)
	}
	if all, _ := c.versions(template); len(all) != 2 {
		t.Errorf("%d versions", len(all))
	}
}
