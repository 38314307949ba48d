package activity

import (
	"fmt"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// A Write is a call that changed something, as CloudTrail recorded it.
type Write struct {
	Action  string // as in "kms:PutKeyPolicy"
	Role    string // ARN of the role that called, without its session
	Session string // the session's name
	Target  string // ARN, id or name of what was changed; "" where the record doesn't say
}

// targets says of each call that a role of Keymend's may make, where its record
// names what was changed. KMS's names the key's ARN wherever it can.
//
//	KMS           https://docs.aws.amazon.com/kms/latest/developerguide/understanding-kms-entries.html
//	Auto Scaling  https://docs.aws.amazon.com/autoscaling/ec2/userguide/logging-using-cloudtrail.html
//	EC2           https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitor-with-cloudtrail.html
//	IAM           https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
func targets() map[string][]string {
	key := []string{"resources.0.ARN", "requestParameters.keyId"}
	return map[string][]string{
		"kms:PutKeyPolicy": key, "kms:CreateGrant": key, "kms:RetireGrant": key,
		"ec2:CopyImage":                      {"requestParameters.sourceImageId"},
		"ec2:CopySnapshot":                   {"requestParameters.sourceSnapshotId"},
		"ec2:DeregisterImage":                {"requestParameters.imageId"},
		"ec2:DeleteSnapshot":                 {"requestParameters.snapshotId"},
		"ec2:CreateLaunchTemplateVersion":    {"requestParameters.CreateLaunchTemplateVersionRequest.LaunchTemplateId"},
		"ec2:ModifyLaunchTemplate":           {"requestParameters.ModifyLaunchTemplateRequest.LaunchTemplateId"},
		"iam:CreateServiceLinkedRole":        {"responseElements.role.arn"},
		"autoscaling:UpdateAutoScalingGroup": {"requestParameters.autoScalingGroupName"},
	}
}

// parseWrite reads CloudTrail's record of a call that a role of Keymend's may
// make. Whether it was one, whoever knows the roles' names has to say. A call with
// an errorCode changed nothing.
func parseWrite(detail gjson.Result, f *Failure) error {
	name, err := required(detail, "detail.", "eventName")
	if err != nil {
		return err
	}
	service := strings.TrimSuffix(text(detail, "eventSource"), ".amazonaws.com")
	paths, ours := targets()[service+":"+name]
	switch {
	case !ours:
		return &Ignored{Reason: fmt.Sprintf("a call of %s:%s, which Keymend doesn't look at", service, name)}
	case detail.Get("errorCode").Exists():
		return &Ignored{Reason: "the call was refused with " + detail.Get("errorCode").String() + ", so it changed nothing"}
	}
	w := Write{Action: service + ":" + name}
	if w.Role, err = required(detail, "detail.", "userIdentity.sessionContext.sessionIssuer.arn"); err != nil {
		return err
	}
	arn, err := required(detail, "detail.", "userIdentity.arn")
	if err != nil {
		return err
	}
	w.Session = arn[strings.LastIndexByte(arn, '/')+1:]
	for _, path := range paths {
		if w.Target = text(detail, path); w.Target != "" {
			break
		}
	}
	if at, err := time.Parse(time.RFC3339, text(detail, "eventTime")); err == nil {
		f.Time = at // the envelope's may be later
	}
	f.Signal, f.Write = OwnWrite, &w
	return nil
}

// parseAutoScalingCall tells the calls of Auto Scaling apart.
func parseAutoScalingCall(detail gjson.Result, f *Failure) error {
	if text(detail, "eventName") == "UpdateAutoScalingGroup" && text(detail, "eventSource") == "autoscaling.amazonaws.com" {
		return parseWrite(detail, f)
	}
	return parseCreateGroup(detail, f)
}
