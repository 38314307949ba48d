package activity

import (
	"fmt"
	"regexp"

	"github.com/tidwall/gjson"
)

// parseImage reads the detail of EC2 AMI State Change, as in
// testdata/events/image-*.json. It names an image and no group: whose it is, the
// image's tags say.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitor-ami-events.html
func parseImage(detail gjson.Result, f *Failure) error {
	id, err := required(detail, "detail.", "ImageId")
	if err != nil {
		return err
	}
	if !regexp.MustCompile(`^ami-[0-9a-f]{8,17}$`).MatchString(id) {
		return &Malformed{Where: "detail.ImageId", What: "is no image's id"}
	}
	state, err := required(detail, "detail.", "State")
	if err != nil {
		return err
	}
	if state != "available" && state != "failed" {
		return &Ignored{Reason: fmt.Sprintf("image %s is %s, which nothing waits for", id, state)}
	}
	f.Signal, f.Image, f.StatusMessage = ImageChanged, id, text(detail, "ErrorMessage")
	return nil
}
