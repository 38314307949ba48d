package ec2_test

import (
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/sandbox/wire"
)

// TestNeeds holds which resources a permission is checked for.
func TestNeeds(t *testing.T) {
	t.Parallel()
	const place = "arn:aws:ec2:eu-west-1:111122223333:"
	w := newWorld(t)
	id := w.template("web", "ami-1")
	for name, tc := range map[string]struct {
		in   any
		want []string
	}{
		"CreateLaunchTemplateVersion": {&sdk.CreateLaunchTemplateVersionInput{LaunchTemplateName: new("web")}, []string{place + "launch-template/" + id}},
		"ModifyLaunchTemplate":        {&sdk.ModifyLaunchTemplateInput{LaunchTemplateId: new("lt-0")}, []string{place + "launch-template/*"}},
		"DisableImage":                {&sdk.DisableImageInput{}, []string{"arn:aws:ec2:eu-west-1::image/"}},
		"DescribeImageAttribute":      {&sdk.DescribeImageAttributeInput{ImageId: new("ami-1")}, []string{"arn:aws:ec2:eu-west-1::image/ami-1"}},
		"ModifySnapshotAttribute":     {&sdk.ModifySnapshotAttributeInput{SnapshotId: new("snap-1")}, []string{"arn:aws:ec2:eu-west-1::snapshot/snap-1"}},
		"TerminateInstances":          {&sdk.TerminateInstancesInput{InstanceIds: []string{"i-1", "i-2"}}, []string{place + "instance/i-1", place + "instance/i-2"}},
		"DescribeImages":              {&sdk.DescribeImagesInput{ImageIds: []string{"ami-1"}}, []string{"*"}},
	} {
		for _, op := range w.ec2.Wire().Operations {
			if op.Name != name {
				continue
			}
			want := []wire.Check{}
			for _, r := range tc.want {
				want = append(want, wire.Check{Action: "ec2:" + name, Resource: r})
			}
			if diff := cmp.Diff(want, op.Needs(as(account), tc.in)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
}
