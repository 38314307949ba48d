package autoscaling

import (
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"keymend/pkg/sandbox/eventbridge"
)

// maxStatusMessage is the model's limit of a StatusMessage.
const maxStatusMessage = 255

// An activity, as Describe calls show it, and what it is about.
type activity struct {
	types.Activity
	instance string // "" where EC2 refused at once
	where    spot
	path     origin // of the instance
	stopped  bool   // the instance comes stopped out of the pool
}

// details are what an activity and its event say of the place. The activity has
// them as a JSON string, the event as an object.
type details struct {
	Subnet string `json:"Subnet ID,omitempty"`
	Zone   string `json:"Availability Zone"`
}

// begin opens an activity. The caller holds s.mu.
func (s *Service) begin(g *group, description, cause string, where spot, path origin) *activity {
	text, err := json.Marshal(details{where.subnet, where.zone})
	if err != nil {
		panic(err) // two strings
	}
	a := &activity{where: where, path: path, Activity: types.Activity{
		ActivityId: new(s.newID()), AutoScalingGroupName: &g.group, AutoScalingGroupARN: g.view.AutoScalingGroupARN, Cause: &cause,
		Description: &description, Details: new(string(text)), StartTime: new(s.clock.Now()), Progress: new(int32(30)),
		StatusCode: types.ScalingActivityStatusCodeInProgress,
	}}
	g.activities = append(g.activities, a)
	return a
}

// end closes an activity. A text that isn't empty is why it came to nothing; the
// description repeats it after two spaces.
func (a *activity) end(code types.ScalingActivityStatusCode, text string, now time.Time) {
	a.StatusCode, a.EndTime, a.Progress = code, &now, new(int32(100))
	if text == "" {
		return
	}
	text = text[:min(len(text), maxStatusMessage)]
	a.Description, a.StatusMessage = new(*a.Description+".  Status Reason: "+text), &text
}

// running returns the open activity about an instance. The caller holds s.mu.
func (g *group) running(id string) *activity {
	for _, a := range g.activities {
		if a.instance == id && a.EndTime == nil {
			return a
		}
	}
	return nil
}

// origin says from where to where an instance moves ("warm pool event types",
// Auto Scaling user guide).
type origin struct{ from, to string }

// The places of an origin.
const (
	inEC2   = "EC2"
	inGroup = "AutoScalingGroup"
	inPool  = "WarmPool"
)

// eventDetail is the detail of Auto Scaling's launch and terminate events, with
// the members of AWS's event schema registry (facts/events.md 1d).
type eventDetail struct {
	StatusCode           string
	AutoScalingGroupName string
	ActivityID           string `json:"ActivityId"`
	Details              details
	RequestID            string `json:"RequestId"` // equals ActivityId in a recorded event
	StatusMessage        string
	EndTime              string
	EC2InstanceID        string `json:"EC2InstanceId"` // "" where there is none
	StartTime            string
	Cause                string
	Description          string
	Origin               string
	Destination          string
}

// event tells of an activity that ends now. The caller holds s.mu.
func (s *Service) event(g *group, a *activity, kind string, code types.ScalingActivityStatusCode) eventbridge.Event {
	const form = "2006-01-02T15:04:05.000Z"
	now := s.clock.Now().UTC()
	resources := []string{*g.view.AutoScalingGroupARN}
	if a.instance != "" {
		resources = append(resources, "arn:aws:ec2:"+g.region+":"+g.account+":instance/"+a.instance)
	}
	return eventbridge.Event{
		Source: "aws.autoscaling", DetailType: kind, Resources: resources, Time: now,
		Detail: eventDetail{
			StatusCode: string(code), AutoScalingGroupName: g.group, ActivityID: *a.ActivityId, RequestID: *a.ActivityId,
			Details: details{a.where.subnet, a.where.zone}, StatusMessage: aws.ToString(a.StatusMessage), EC2InstanceID: a.instance,
			StartTime: a.StartTime.UTC().Format(form), EndTime: now.Format(form), Cause: *a.Cause, Description: *a.Description,
			Origin: a.path.from, Destination: a.path.to,
		},
	}
}
