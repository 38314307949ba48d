package endtoend_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/keypolicy"
	"keymend/pkg/outcome"
	"keymend/pkg/sandbox/conformance/tool"
)

// TestJudgedCopyByHand does what the field does by hand, with boto3: the image copied
// under a key of the group's account, a template version that names the copy, and
// the key opened to the group's role. It comes to the same as Keymend.
func TestJudgedCopyByHand(t *testing.T) {
	t.Parallel()
	python := tool.Boto3().Need(t)
	hand, robot := newCopies(t, nil, with("Mode", "observe")), newCopies(t, copyable)
	theirs := hand.there.policy(hand.theirs)
	byHand, byRobot := hand.mappedTemplate("web", hand.image), robot.mappedTemplate("web", robot.image)
	hand.group("web-prod", byHand, "$Latest")
	robot.group("web-prod", byRobot, "$Latest")
	hand.box.Advance(5 * time.Minute)
	if n := hand.inService("web-prod"); n != 0 {
		t.Fatalf("%d in service before the procedure", n)
	}
	image := hand.script(python, "owncopy.py", "begin", hand.image, hand.ours)
	hand.box.Advance(10 * time.Minute)
	hand.script(python, "owncopy.py", "use", image, byHand)
	hand.procedure(python, hand.ours)
	hand.box.Advance(10 * time.Minute)
	robot.box.Advance(25 * time.Minute)
	hand.wantRunning("web-prod")
	robot.wantRunning("web-prod")

	if a, b := hand.latest(byHand), robot.latest(byRobot); a != b {
		t.Errorf("the template's latest version\nby hand:    %s\nby Keymend: %s", a, b)
	}
	renamed := strings.NewReplacer("KeymendUse", "Allow service-linked role use of the customer managed key", "KeymendCreateGrant", "Allow attachment of persistent resources").Replace(robot.world.policy(robot.ours))
	if !keypolicy.Equal(hand.world.policy(hand.ours), renamed) {
		t.Errorf("the own key\nby hand:    %s\nby Keymend: %s", hand.world.policy(hand.ours), renamed)
	}
	for _, c := range []*copies{hand, robot} {
		if c.there.policy(c.theirs) != theirs || len(c.grants(c.theirs)) != 0 {
			t.Errorf("the owner's key was opened: %s", c.there.policy(c.theirs))
		}
	}
	hand.again()
	hand.box.Advance(time.Minute)
	hand.wantOutcome("web-prod", outcome.NothingToDo) // Keymend finds nothing left to do
	hand.wantUntouched()
}

// latest is what a template's latest version says, and what its image is: how many
// snapshots under the own key, of which image.
func (c *copies) latest(template string) string {
	c.t.Helper()
	all, _ := c.versions(template)
	data := all[len(all)-1].LaunchTemplateData
	found, err := c.ec2.DescribeImages(c.t.Context(), &ec2.DescribeImagesInput{ImageIds: []string{*data.ImageId}})
	must(c.t, err)
	image := found.Images[0]
	out := map[string]any{"versions": len(all), "a copy": *image.SourceImageId == c.image && *image.OwnerId == account}
	for _, m := range image.BlockDeviceMappings {
		parts, err := c.ec2.DescribeSnapshots(c.t.Context(), &ec2.DescribeSnapshotsInput{SnapshotIds: []string{*m.Ebs.SnapshotId}})
		must(c.t, err)
		s := parts.Snapshots[0]
		out[*m.DeviceName] = map[string]any{"own": *s.OwnerId == account, "under the own key": *s.KmsKeyId == c.ours, "state": s.State == ec2types.SnapshotStateCompleted}
	}
	data.ImageId = nil
	out["data"] = data
	text, err := json.Marshal(out)
	must(c.t, err)
	return string(text)
}
