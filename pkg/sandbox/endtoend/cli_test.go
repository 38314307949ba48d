package endtoend_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"keymend/pkg/sandbox/conformance/tool"
)

// TestPrintedCommandsOfAWS: a shell runs what is printed for the AWS CLI, about a group
// with a hostile name: it has the group launch again, enrols the key and takes it out, and
// runs nothing else.
func TestPrintedCommandsOfAWS(t *testing.T) {
	t.Parallel()
	aws := tool.Tool{Program: "aws", Probe: []string{"--version"}, What: "what is printed for it"}.Need(t)
	const name = "web;touch${IFS}x;#"
	w := newWorld(t, with("Mode", "observe"))
	key := w.key(rootOnly, nil)
	w.broken(name, key)
	w.box.Advance(5 * time.Minute)
	_, err := w.asg.SuspendProcesses(t.Context(), &autoscaling.SuspendProcessesInput{AutoScalingGroupName: new(name), ScalingProcesses: []string{"Launch"}})
	must(t, err)
	_, screen := w.run(account, nil, "diagnose", name)
	_, more := w.run(account, nil, "enroll", key)
	var ran []string
	enrolled := false
	home := t.TempDir()
	for _, line := range regexp.MustCompile(`(?m)^.{0,12}(aws .*)$`).FindAllStringSubmatch(screen+more, -1) {
		run := exec.CommandContext(t.Context(), "sh", "-c", line[1])
		run.Dir = home
		run.Env = []string{
			"PATH=" + filepath.Dir(aws) + ":/usr/bin:/bin", "HOME=" + home, "AWS_ENDPOINT_URL=" + w.url, "AWS_EC2_METADATA_DISABLED=true",
			"AWS_ACCESS_KEY_ID=" + account, "AWS_SECRET_ACCESS_KEY=any", "AWS_PAGER=",
		}
		if out, err := run.CombinedOutput(); err != nil {
			t.Errorf("%s\n%v\n%s", line[1], err, out)
		}
		ran = append(ran, strings.Join(strings.Fields(line[1])[1:3], " "))
		if strings.Contains(line[1], " tag-resource ") {
			tags, err := w.kms.ListResourceTags(t.Context(), &kms.ListResourceTagsInput{KeyId: &key})
			must(t, err)
			enrolled = len(tags.Tags) == 1 && strings.HasPrefix(*tags.Tags[0].TagValue, "remediate ")
		}
	}
	tags, err := w.kms.ListResourceTags(t.Context(), &kms.ListResourceTagsInput{KeyId: &key})
	must(t, err)
	groups, err := w.asg.DescribeAutoScalingGroups(t.Context(), &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{name}})
	must(t, err)
	want := "autoscaling resume-processes, kms tag-resource, kms untag-resource"
	if got := strings.Join(ran, ", "); got != want || !enrolled || len(tags.Tags) != 0 || len(groups.AutoScalingGroups[0].SuspendedProcesses) != 0 {
		t.Errorf("%s; enrolled: %v, tags in the end %v, suspended %v\n%s%s", got, enrolled, tags.Tags, groups.AutoScalingGroups[0].SuspendedProcesses, screen, more)
	}
	left, err := os.ReadDir(home)
	must(t, err)
	for _, file := range left {
		if !strings.HasPrefix(file.Name(), ".aws") {
			t.Errorf("it made %s", file.Name())
		}
	}
}
