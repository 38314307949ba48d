package signal

import (
	"fmt"
	"regexp"

	"github.com/tidwall/gjson"
)

// An ImageChanged is an image that is ready now, or failed: EC2 AMI State Change,
// as in testdata/events/image-*.json. The event names no group: the image's tags
// say whose it is.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitor-ami-events.html
type ImageChanged struct {
	Event
	Image string // id
	Text  string // AWS's ErrorMessage; "" where the image is ready
}

func imageChanged() Rule {
	return Rule{
		ID: "ImageChanged", Description: "A copy is ready, or failed; whose it is, its tags say", Signal: ImageChanged{}.Name(), Copies: true,
		sources: []string{"aws.ec2"}, detailType: "EC2 AMI State Change",
		parse: parseImageChanged,
	}
}

var imageForm = regexp.MustCompile(`^ami-[0-9a-f]{8,17}$`)

func parseImageChanged(e Event, detail gjson.Result) (Signal, error) {
	id, err := required(detail, detailOf, "ImageId")
	if err != nil {
		return nil, err
	}
	if !imageForm.MatchString(id) {
		return nil, &Malformed{Where: detailOf + "ImageId", What: "is no image's id"}
	}
	state, err := required(detail, detailOf, "State")
	if err != nil {
		return nil, err
	}
	if state != "available" && state != "failed" {
		return nil, &Ignored{Reason: fmt.Sprintf("image %s is %s, which nothing waits for", id, state)}
	}
	return ImageChanged{Event: e, Image: id, Text: text(detail, "ErrorMessage")}, nil
}

// Name implements Signal.
func (ImageChanged) Name() string { return string(WhyImageChanged) }

// Look asks for the next step to a copy for the group that the image's tags name.
func (s ImageChanged) Look(group string) Look { return s.look(WhyImageChanged, group) }
