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
	step := template.NewVersion{Scene: template.Scene{Account: "111122223333", Region: "eu-west-1", Template: "lt-1"}, From: 3, Group: "it's web"}
	for asked, want := range map[string]string{
		"$Latest":  "",
		"$Default": "aws ec2 modify-launch-template --launch-template-id lt-1 --default-version 4 --region eu-west-1",
		"3":        "aws autoscaling update-auto-scaling-group '--auto-scaling-group-name=it'\\''s web' --launch-template LaunchTemplateId=lt-1,Version=4 --region eu-west-1",
	} {
		step.Asked = asked
		if words, run := step.Next(4); run.Command != want || (words == "") != (want == "") || want != "" && run.Account != step.Account {
			t.Errorf("%s: %s: %+v", asked, words, run)
		}
	}
	step.Asked, step.Mixed, step.Group = "3", true, "web"
	if words, run := step.Next(4); !strings.Contains(words, "mixed instances policy of group web") || run.Command != "" {
		t.Error(words, run)
	}
	if got := template.Description(3, "r-1"); got != "keymend: version 3 with own copies (r-1)" || !strings.HasPrefix(got, tag.Version(3)) {
		t.Error(got)
	}
}
