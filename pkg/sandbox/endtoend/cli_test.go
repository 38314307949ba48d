package endtoend_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// TestJudgedPrintedCommandsOfAWS: a shell runs what is printed for the AWS CLI, about a group
// with a hostile name: it has the group launch again, enrols the key and takes it out, and
// runs nothing else.
func TestJudgedPrintedCommandsOfAWS(t *testing.T) {
	t.Parallel()
	w := newWorld(t, with("Mode", "observe"))
	key := w.key(rootOnly, nil)
	shell := newShell(t, w)
	w.broken(hostile, key)
	w.box.Advance(5 * time.Minute)
	_, err := w.asg.SuspendProcesses(t.Context(), &autoscaling.SuspendProcessesInput{AutoScalingGroupName: new(hostile), ScalingProcesses: []string{"Launch"}})
	must(t, err)
	_, screen := w.run(account, nil, "diagnose", hostile)
	_, more := w.run(account, nil, "enroll", key, "--for", owner+","+third, "--copy")
	stop := strings.Index(more, "\nstop")
	ran := shell.runs(screen + more[:stop])
	tags, err := w.kms.ListResourceTags(t.Context(), &kms.ListResourceTagsInput{KeyId: &key})
	must(t, err)
	has := map[string]string{}
	for _, tag := range tags.Tags {
		has[*tag.TagKey], _, _ = strings.Cut(*tag.TagValue, "-") // without the month and the day
	}
	enrolled := maps.Equal(has, map[string]string{"keymend": "remediate " + time.Now().UTC().Format("2006"), "keymend-accounts": owner + " " + third, "keymend-copy": owner + " " + third})
	ran += ", " + shell.runs(more[stop:])
	tags, err = w.kms.ListResourceTags(t.Context(), &kms.ListResourceTagsInput{KeyId: &key})
	must(t, err)
	groups, err := w.asg.DescribeAutoScalingGroups(t.Context(), &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{hostile}})
	must(t, err)
	want := "111 autoscaling resume-processes, 111 kms tag-resource, 111 kms untag-resource"
	if ran != want || !enrolled || len(tags.Tags) != 0 || len(groups.AutoScalingGroups[0].SuspendedProcesses) != 0 {
		t.Errorf("%s; enrolled: %v, tags in the end %v, suspended %v\n%s%s", ran, enrolled, tags.Tags, groups.AutoScalingGroups[0].SuspendedProcesses, screen, more)
	}
}
