package activity

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// Ignored says that an event is well-formed and nothing for Keymend.
type Ignored struct { //nolint:errname // it isn't a fault; "activity.Ignored" says what happened
	Reason string
}

// Error implements error.
func (e *Ignored) Error() string { return "event ignored: " + e.Reason }

// Malformed says which part of an event can't be taken, and why.
type Malformed struct { //nolint:errname // the twin of Ignored
	Where string // path of the member, as in "detail.AutoScalingGroupName"; "" = the whole event
	What  string // "is missing", "is a number, not a string", …
}

// Error implements error.
func (e *Malformed) Error() string {
	return "malformed event: " + strings.TrimSpace(e.Where+" "+e.What)
}

// Decode reads one EventBridge event. The error is *Ignored or *Malformed.
//
// Account and Region are the envelope's, which members of an organization can't
// forge for sources of AWS; what the detail says about them is not looked at.
// Every other member but the group's name, the image's id or who wrote is
// optional: AWS's own examples, schema registry and recorded events disagree about
// which there are.
func Decode(event []byte) (Failure, error) {
	if !gjson.ValidBytes(event) {
		return Failure{}, &Malformed{What: "is not JSON"}
	}
	e := gjson.ParseBytes(event)
	if !e.IsObject() {
		return Failure{}, &Malformed{What: "is " + kind(e) + ", not an object"}
	}
	source, detailType := text(e, "source"), text(e, "detail-type")
	parse := parserOf(source, detailType)
	if parse == nil {
		return Failure{}, &Ignored{Reason: fmt.Sprintf("source %q with detail-type %q is none that Keymend looks at", source, detailType)}
	}
	f, err := envelope(e)
	if err != nil {
		return Failure{}, err
	}
	if err := parse(e.Get("detail"), &f); err != nil {
		return Failure{}, err
	}
	return f, nil
}

// A parser takes from an event's detail what is particular to its kind.
type parser func(detail gjson.Result, f *Failure) error

// parserOf knows each kind of event by source and detail-type; nil = not ours.
func parserOf(source, detailType string) parser {
	switch [2]string{source, detailType} {
	case [2]string{"aws.autoscaling", "EC2 Instance Launch Unsuccessful"}:
		return parseLaunch(LaunchUnsuccessful)
	case [2]string{"aws.autoscaling", "EC2 Instance Launch Successful"}:
		return parseLaunch(LaunchSuccessful)
	case [2]string{"aws.autoscaling", "AWS API Call via CloudTrail"}:
		return parseAutoScalingCall
	case [2]string{"aws.kms", "AWS API Call via CloudTrail"}, [2]string{"aws.ec2", "AWS API Call via CloudTrail"}, [2]string{"aws.iam", "AWS API Call via CloudTrail"}:
		return parseWrite
	case [2]string{"aws.ec2", "EC2 AMI State Change"}:
		return parseImage
	}
	return nil
}

// envelope reads what the bus vouches for.
func envelope(e gjson.Result) (Failure, error) {
	f := Failure{Account: text(e, "account"), Region: text(e, "region"), EventID: text(e, "id")}
	for _, must := range []struct{ name, form, says string }{
		{"account", `^[0-9]{12}$`, "is not an account id of 12 digits"},
		{"region", `^[a-z]{2,4}(-[a-z]{2,14}){1,3}-[0-9]{1,2}$`, "is not a Region's name"},
	} {
		value, err := required(e, "", must.name)
		if err != nil {
			return Failure{}, err
		}
		if ok, err := regexp.MatchString(must.form, value); err != nil || !ok {
			return Failure{}, &Malformed{Where: must.name, What: must.says}
		}
	}
	// A time that can't be read costs nothing but its mention in the audit log.
	f.Time, _ = time.Parse(time.RFC3339, text(e, "time"))
	if detail := e.Get("detail"); !detail.IsObject() {
		return Failure{}, &Malformed{Where: "detail", What: missingOr(detail, "an object")}
	}
	return f, nil
}

// groupName returns a group's name, which is the one thing that no event can do
// without. A longer one than AWS allows can't be a group's (XmlStringMaxLen255).
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html
func groupName(detail gjson.Result, prefix, path string) (string, error) {
	const longest = 255
	name, err := required(detail, prefix, path)
	if err != nil {
		return "", err
	}
	where := prefix + path
	switch {
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return "", &Malformed{Where: where, What: "holds control characters"}
	case utf8.RuneCountInString(name) > longest:
		return "", &Malformed{Where: where, What: fmt.Sprintf("has more than %d characters", longest)}
	}
	return name, nil
}

func required(doc gjson.Result, prefix, path string) (string, error) {
	r := doc.Get(path)
	if r.Type != gjson.String {
		return "", &Malformed{Where: prefix + path, What: missingOr(r, "a string")}
	}
	if r.Str == "" {
		return "", &Malformed{Where: prefix + path, What: "is empty"}
	}
	return r.Str, nil
}

// text returns a member that may be missing, or of another type.
func text(doc gjson.Result, path string) string {
	if r := doc.Get(path); r.Type == gjson.String {
		return r.Str
	}
	return ""
}

func missingOr(r gjson.Result, want string) string {
	if !r.Exists() {
		return "is missing"
	}
	return "is " + kind(r) + ", not " + want
}

func kind(r gjson.Result) string {
	switch {
	case r.IsObject():
		return "an object"
	case r.IsArray():
		return "an array"
	case r.IsBool():
		return "a boolean"
	case r.Type == gjson.Number:
		return "a number"
	case r.Type == gjson.Null:
		return "null"
	}
	return "a string"
}
