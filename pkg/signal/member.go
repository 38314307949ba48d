package signal

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// detailOf begins the paths of an event's detail in errors.
const detailOf = "detail."

// groupName returns a group's name. A longer one than AWS allows can't be a group's
// (XmlStringMaxLen255).
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html
func groupName(detail gjson.Result, path string) (string, error) {
	name, err := required(detail, detailOf, path)
	if err != nil {
		return "", err
	}
	if problem := groupProblem(name); problem != "" {
		return "", &Malformed{Where: detailOf + path, What: problem}
	}
	return name, nil
}

// groupProblem says why a text can't be a group's name; "" = it can.
func groupProblem(name string) string {
	const longest = 255
	switch {
	case name == "":
		return "is empty"
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return "holds control characters"
	case utf8.RuneCountInString(name) > longest:
		return fmt.Sprintf("has more than %d characters", longest)
	}
	return ""
}

// required returns a member that must be there, a string that isn't empty.
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
