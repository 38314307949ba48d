package signal

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// Ignored says that an event is well-formed and nothing for Keymend.
type Ignored struct { //nolint:errname // it isn't a fault; "signal.Ignored" says what happened
	Reason string
	Usual  bool // such events come all day: a record of each would say nothing
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

// Decode reads one EventBridge event, or a message of Looks. The prefix is that of the
// names of Keymend's roles; "" = it has none. The error is *Ignored or *Malformed.
//
// Account and Region are the envelope's, which members of an organization can't
// forge for sources of AWS; the detail's are not looked at. Every other member but
// the group's name, the image's id and the caller of a write is optional: AWS's own
// examples, schema registry and recorded events disagree about which there are.
func Decode(event []byte, rolePrefix string) (Signal, error) {
	event = bytes.ToValidUTF8(event, []byte("\ufffd")) // as JSON writes it when it is sent on: the same text stays the same
	if !gjson.ValidBytes(event) {
		return nil, &Malformed{What: "is not JSON"}
	}
	whole := gjson.ParseBytes(event)
	if !whole.IsObject() {
		return nil, &Malformed{What: "is " + kind(whole) + ", not an object"}
	}
	if whole.Get("schema").Exists() {
		return orNone(readLooks(event))
	}
	source, detailType, detail := text(whole, "source"), text(whole, "detail-type"), whole.Get("detail")
	rule, ok := ruleOf(source, detailType, detail, rolePrefix)
	if !ok {
		return nil, &Ignored{Reason: fmt.Sprintf("source %q with detail-type %q is none that Keymend looks at", source, detailType)}
	}
	e, err := envelope(whole)
	if err != nil {
		return nil, err
	}
	if !detail.IsObject() {
		return nil, &Malformed{Where: "detail", What: missingOr(detail, "an object")}
	}
	return orNone(rule.parse(e, detail))
}

// orNone has no signal where there is an error: an empty one would ask for nothing, and be
// done with.
func orNone[S Signal](s S, err error) (Signal, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

var (
	accountForm = regexp.MustCompile(`^[0-9]{12}$`)
	regionForm  = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]{2,14}){1,3}-[0-9]{1,2}$`)
)

type form struct {
	name string
	form *regexp.Regexp
	says string
}

func envelopeForms() []form {
	return []form{{"account", accountForm, "is not an account id of 12 digits"}, {"region", regionForm, "is not a Region's name"}}
}

// envelope reads the part that the bus vouches for.
func envelope(whole gjson.Result) (Event, error) {
	for _, must := range envelopeForms() {
		value, err := required(whole, "", must.name)
		if err != nil {
			return Event{}, err
		}
		if !must.form.MatchString(value) {
			return Event{}, &Malformed{Where: must.name, What: must.says}
		}
	}
	e := Event{ID: text(whole, "id"), Account: text(whole, "account"), Region: text(whole, "region"), rule: text(whole, "resources.0")}
	// A time that can't be read costs nothing but its mention in the audit log.
	e.Time, _ = time.Parse(time.RFC3339, text(whole, "time"))
	return e, nil
}
