package signal

import (
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"keymend/pkg/activity"
)

// A Rule is one kind of signal: the EventBridge rule that sends its events, and how
// they are read.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
type Rule struct {
	ID          string // logical id in the template
	Name        string // without the prefix; "" = CloudFormation makes one
	Schedule    string // as in "rate(1 hour)"; then there is no pattern, and it sends to the queue of looks
	Description string // in the template
	Signal      string // name of the signals that it sends
	Copies      bool   // there is none but where the settings ask for copies
	Elsewhere   bool   // there is none but where the settings name other accounts

	sources    []string
	detailType string
	calls      []string                               // as in "kms:PutKeyPolicy"; nil = the events aren't about calls
	own        bool                                   // the calls are those of Keymend's own roles
	denials    bool                                   // they are those that KMS refused
	detail     func(rolePrefix string) map[string]any // its pattern for the detail; nil = every detail
	parse      parser
}

// A parser reads the detail of a rule's events.
type parser func(e Event, detail gjson.Result) (Signal, error)

// apiCall is the detail-type of a call that CloudTrail recorded. There are such
// events only where a trail logs management events.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
const apiCall = "AWS API Call via CloudTrail"

// Rules returns every rule, in the order of the template.
func Rules() []Rule {
	return slices.Concat([]Rule{
		launchFailed(), refreshFailed(), groupCreated(), groupUpdated(), templateChanged(), defaultsChanged(), keyChanged(), grantTaken(), keyDenied(), roleChanged(),
		imageChanged(), ownWrites(), ownSessions(),
	}, sweeps())
}

// Pattern returns the rule's event pattern; nil where it has a schedule. The prefix is
// that of the names of Keymend's roles, as in "keymend-".
func (r Rule) Pattern(rolePrefix string) map[string]any {
	if r.Schedule != "" {
		return nil
	}
	out := map[string]any{"source": list(r.sources...), "detail-type": list(r.detailType)}
	if r.detail != nil {
		out["detail"] = r.detail(rolePrefix)
	}
	return out
}

// ruleOf finds the rule for an event, by source and detail-type, and of a call by what
// was called, and by whom. Where none takes a call, the first rule for such calls says
// why.
func ruleOf(source, detailType string, detail gjson.Result, rolePrefix string) (Rule, bool) {
	var out Rule
	found := false
	for _, r := range Rules() {
		if r.detailType != detailType || !slices.Contains(r.sources, source) {
			continue
		}
		if r.takes(detail, rolePrefix) {
			return r, true
		}
		if !found {
			out, found = r, true
		}
	}
	return out, found
}

func (r Rule) takes(detail gjson.Result, rolePrefix string) bool {
	switch {
	case r.detailType != apiCall:
		return true
	case r.own || own(detail, rolePrefix):
		return r.own == own(detail, rolePrefix)
	case r.denials:
		_, refused := activity.DecodeDenial([]byte(detail.Raw))
		return refused
	}
	return slices.Contains(r.calls, action(detail))
}

// action names a call that CloudTrail recorded as IAM names its permission, as in
// "kms:PutKeyPolicy".
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
func action(detail gjson.Result) string {
	return strings.TrimSuffix(text(detail, "eventSource"), ".amazonaws.com") + ":" + text(detail, "eventName")
}

// accepted is the pattern of errorCode for a call that wasn't refused.
func accepted() []any { return absent() }

// absent is the pattern of a member that isn't there, nor what it would be in.
func absent() []any { return []any{map[string]any{"exists": false}} }

func list(texts ...string) []any {
	var out []any
	for _, t := range texts {
		out = append(out, t)
	}
	return out
}
