package template_test

import (
	"strings"
	"testing"

	"keymend/pkg/kind/template"
	"keymend/pkg/tag"
)

func TestDigest(t *testing.T) {
	t.Parallel()
	digest := func(text string) string {
		d, err := template.Digest([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	a := digest(`{"ImageId":"ami-1","BlockDeviceMappings":[{"DeviceName":"a"},{"DeviceName":"b"}]}`)
	if a != digest(`{"BlockDeviceMappings":[{"DeviceName":"b"},{"DeviceName":"a"}],"ImageId":"ami-1"}`) {
		t.Error("the order counts")
	}
	if a == digest(`{"ImageId":"ami-2","BlockDeviceMappings":[{"DeviceName":"a"},{"DeviceName":"b"}]}`) {
		t.Error("the image doesn't count")
	}
	if digest(`{"BlockDeviceMappings":[{"DeviceName":"a","n":1},{"DeviceName":"a","n":2}]}`) == digest(`{"BlockDeviceMappings":[{"DeviceName":"a","n":2},{"DeviceName":"a","n":1}]}`) {
		t.Error("among mappings of one device the order doesn't count")
	}
	for _, bad := range []string{``, `[]`, `{`} {
		if _, err := template.Digest([]byte(bad)); err == nil {
			t.Errorf("digest of %q", bad)
		}
	}
}

func TestWhatIsLeftToDo(t *testing.T) {
	t.Parallel()
	step := template.NewVersion{Scene: template.Scene{Region: "eu-west-1", Template: "lt-1"}, From: 3, Group: "it's web"}
	for asked, want := range map[string]string{
		"$Latest":  "",
		"$Default": "`aws ec2 modify-launch-template --region eu-west-1 --launch-template-id lt-1 --default-version 4`",
		"3":        "`aws autoscaling update-auto-scaling-group --region eu-west-1 --auto-scaling-group-name 'it'\\''s web' --launch-template LaunchTemplateId=lt-1,Version=4`",
	} {
		step.Asked = asked
		if got := step.Next(4); got != want {
			t.Errorf("%s: %s", asked, got)
		}
	}
	step.Asked, step.Mixed, step.Group = "3", true, "web"
	if got := step.Next(4); !strings.Contains(got, "--auto-scaling-group-name web --mixed-instances-policy") {
		t.Error(got)
	}
	if got := template.Description(3, "r-1"); got != "keymend: version 3 with own copies (r-1)" || !strings.HasPrefix(got, tag.Version(3)) {
		t.Error(got)
	}
}
