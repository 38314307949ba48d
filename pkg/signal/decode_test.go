package signal_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/signal"
)

// TestDecodeMalformed holds that the error says what is wrong, and where.
func TestDecodeMalformed(t *testing.T) {
	t.Parallel()
	const (
		launch = `{"source":"aws.autoscaling","detail-type":"EC2 Instance Launch Unsuccessful","account":"111122223333","region":"eu-west-1","detail":{"AutoScalingGroupName":"web"}}`
		image  = `{"source":"aws.ec2","detail-type":"EC2 AMI State Change","account":"111122223333","region":"eu-west-1","detail":{"ImageId":"ami-12345678","State":"available"}}`
		made   = `{"source":"aws.autoscaling","detail-type":"AWS API Call via CloudTrail","account":"111122223333","region":"eu-west-1","detail":{"eventSource":"autoscaling.amazonaws.com","eventName":"CreateAutoScalingGroup"}}`
	)
	in := func(sound, old, replacement string) string {
		if !strings.Contains(sound, old) {
			t.Fatalf("%s isn't in the event", old)
		}
		return strings.Replace(sound, old, replacement, 1)
	}
	event := func(old, replacement string) string { return in(launch, old, replacement) }
	for name, tc := range map[string]struct{ event, where, what string }{
		"cut":               {`{"source":`, "", "is not JSON"},
		"list":              {`[1]`, "", "is an array, not an object"},
		"no account":        {event(`"account":"111122223333",`, ""), "account", "is missing"},
		"short account":     {event("111122223333", "12"), "account", "is not an account id of 12 digits"},
		"account a number":  {event(`"111122223333"`, "111122223333"), "account", "is a number, not a string"},
		"account with more": {event("111122223333", "111122223333 "), "account", "is not an account id of 12 digits"},
		"region an ARN":     {event("eu-west-1", "arn:aws:x"), "region", "is not a Region's name"},
		"no detail":         {event(`,"detail":{"AutoScalingGroupName":"web"}`, ""), "detail", "is missing"},
		"detail a string":   {event(`{"AutoScalingGroupName":"web"}`, `"x"`), "detail", "is a string, not an object"},
		"no group":          {event(`"AutoScalingGroupName":"web"`, ""), "detail.AutoScalingGroupName", "is missing"},
		"empty group":       {event(`"web"`, `""`), "detail.AutoScalingGroupName", "is empty"},
		"group an object":   {event(`"web"`, `{}`), "detail.AutoScalingGroupName", "is an object, not a string"},
		"group null":        {event(`"web"`, `null`), "detail.AutoScalingGroupName", "is null, not a string"},
		"long group":        {event(`web`, strings.Repeat("é", 256)), "detail.AutoScalingGroupName", "has more than 255 characters"},
		"control character": {event(`web`, `a\u0000b`), "detail.AutoScalingGroupName", "holds control characters"},
		"no image":          {in(image, "ami-12345678", "ami-1"), "detail.ImageId", "is no image's id"},
		"image a number":    {in(image, `"ami-12345678"`, "1"), "detail.ImageId", "is a number, not a string"},
		"no state":          {in(image, `"State":"available"`, `"state":"available"`), "detail.State", "is missing"},
		"made nothing":      {made, "detail.requestParameters.autoScalingGroupName", "is missing"},
		"a call of no name": {in(made, `"CreateAutoScalingGroup"`, `""`), "detail.eventName", "is empty"},
		"a write unnamed":   {in(write("kms", "PutKeyPolicy"), `"PutKeyPolicy"`, `{}`), "detail.eventName", "is an object, not a string"},
		"a write of nobody": {in(write("kms", "PutKeyPolicy"), `"arn":"arn:aws:iam::111122223333:role/keymend-a",`, ""), "detail.userIdentity.sessionContext.sessionIssuer.arn", "is missing"},
		"a key unnamed":     {strings.ReplaceAll(write("kms", "DisableKey"), "keymend-a", "admin"), "detail.resources.0.ARN", "is missing, and so is requestParameters.keyId"},
		"a template, too":   {strings.ReplaceAll(write("ec2", "ModifyLaunchTemplate"), "keymend-a", "admin"), "detail.requestParameters.ModifyLaunchTemplateRequest.LaunchTemplateId", "is missing, and so is LaunchTemplateName"},
		"looks at nothing":  {`{"schema":"keymend.look/1","account":"111122223333","region":"eu-west-1"}`, "groups", "is empty, and so are users, written, regions and next; or there is more than one of them"},
		"looks at both":     {`{"schema":"keymend.look/1","account":"111122223333","region":"eu-west-1","groups":["a"],"users":{}}`, "groups", "is empty, and so are users, written, regions and next; or there is more than one of them"},
		"looks for nothing": {`{"schema":"keymend.look/1","account":"111122223333","region":"eu-west-1","groups":["a"],"why":"x"}`, "why", `is "x", the name of no signal`},
		"of no session":     {in(write("autoscaling", "UpdateAutoScalingGroup"), `"arn:aws:sts::111122223333:assumed-role/a/b"`, `[]`), "detail.userIdentity.arn", "is an array, not a string"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := signal.Decode([]byte(tc.event), "keymend-")
			var malformed *signal.Malformed
			if !errors.As(err, &malformed) || malformed.Where != tc.where || malformed.What != tc.what {
				t.Errorf("got %v, want %q %q", err, tc.where, tc.what)
			}
		})
	}
	s, err := signal.Decode([]byte(event("web", strings.Repeat("é", 255))), "keymend-")
	if failed, ok := s.(signal.LaunchFailed); err != nil || !ok || len(failed.Group) != 510 {
		t.Errorf("the longest name: %+v, %v", s, err)
	}
}

// write is a call by one of Keymend's roles, as CloudTrail would record it.
func write(service, call string) string {
	return `{"source":"aws.` + service + `","detail-type":"AWS API Call via CloudTrail","account":"111122223333","region":"eu-west-1","detail":{"eventSource":"` +
		service + `.amazonaws.com","eventName":"` + call + `","userIdentity":{"arn":"arn:aws:sts::111122223333:assumed-role/a/b",` +
		`"sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::111122223333:role/keymend-a","userName":"keymend-a"}}}}}`
}

// TestDecodeIgnored holds that a well-formed event for somebody else says why it is.
func TestDecodeIgnored(t *testing.T) {
	t.Parallel()
	for event, want := range map[string]string{
		`{}`:                      `source "" with detail-type "" is none that Keymend looks at`,
		write("s3", "PutObject"):  `source "aws.s3" with detail-type "AWS API Call via CloudTrail" is none that Keymend looks at`,
		write("ec2", "RunThings"): "a call of ec2:RunThings, which Keymend doesn't look at",
		strings.ReplaceAll(write("autoscaling", "DeleteAutoScalingGroup"), "keymend-a", "a"):                                                      "a call of DeleteAutoScalingGroup, which makes no group",
		strings.NewReplacer("keymend-a", "a", `"autoscaling.amazonaws`, `"ec2.amazonaws`).Replace(write("autoscaling", "CreateAutoScalingGroup")): `a call of "ec2.amazonaws.com", not of Auto Scaling`,
		strings.Replace(write("autoscaling", "UpdateAutoScalingGroup"), `"userIdentity"`, `"errorCode":"AccessDenied","userIdentity"`, 1):         "the call was refused with AccessDenied, so it changed nothing",
	} {
		_, err := signal.Decode([]byte(event), "keymend-")
		var ignored *signal.Ignored
		if !errors.As(err, &ignored) || ignored.Reason != want {
			t.Errorf("%s: got %v, want %q", event, err, want)
		}
	}
}

// TestDecodeToleratesOtherTypes holds that a member which nothing hangs on may
// be of any type.
func TestDecodeToleratesOtherTypes(t *testing.T) {
	t.Parallel()
	s, err := signal.Decode([]byte(`{"source":"aws.autoscaling","detail-type":"EC2 Instance Launch Unsuccessful","account":"111122223333","region":"eu-west-1","time":"yyyy-mm-ddThh:mm:ssZ","id":7,"detail":{"AutoScalingGroupName":"web","StatusMessage":{"a":1},"Details":[1],"EC2InstanceId":null}}`), "keymend-")
	want := signal.LaunchFailed{Event: signal.Event{Account: "111122223333", Region: "eu-west-1"}, Group: "web"}
	if err != nil || s != want {
		t.Errorf("got %+v, %v", s, err)
	}
	look := signal.Look{Why: signal.WhyLaunchUnsuccessful, Account: "111122223333", Region: "eu-west-1", Group: "web"}
	if diff := cmp.Diff(look, want.Look()); diff != "" {
		t.Errorf("look (-want +got):\n%s", diff)
	}
}
