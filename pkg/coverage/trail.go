package coverage

import (
	"encoding/json"
	"slices"
)

// A Trail is one of CloudTrail's that an account shows in a Region. Its selectors are as
// the AWS CLI takes them.
type Trail struct {
	ARN, Home    string
	Organization bool // it is the organization's
	Logging      Answer[bool]
	Selectors    Answer[Selectors]
}

// Selectors say which events a trail logs. There are those of one kind.
type Selectors struct{ Basic, Advanced []map[string]any }

// Logs says what a trail is good for; "" = that isn't known.
type Logs string

// What trails are good for, the best last.
const (
	LogsNone    Logs = "none"
	LogsStopped Logs = "stopped"
	LogsPart    Logs = "part"
	LogsUnseen  Logs = "logs, what isn't seen" // an organization's, whose selectors only its own account shows
	LogsWhole   Logs = "logs"
)

const kmsSource = "kms.amazonaws.com"

// state says what a trail is good for: Keymend's rules need management events that write,
// those of KMS too.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
func (t Trail) state() Logs {
	switch {
	case t.Logging.Problem != "" || t.Selectors.Problem != "" && !(t.Logging.Is && t.Organization):
		return ""
	case !t.Logging.Is:
		return LogsStopped
	case t.Selectors.Problem != "":
		return LogsUnseen
	case slices.ContainsFunc(t.Selectors.Is.Basic, basicLogs) || slices.ContainsFunc(t.Selectors.Is.Advanced, advancedLogs):
		return LogsWhole
	}
	return LogsPart
}

// Trail returns the trail that is good for most, and what for.
func (f Facts) Trail() (best Trail, state Logs) {
	state = LogsNone
	order := []Logs{LogsNone, LogsStopped, LogsPart, "", LogsUnseen, LogsWhole} // what isn't known may be good for all
	for _, t := range f.Trails.Is {
		if is := t.state(); slices.Index(order, is) > slices.Index(order, state) {
			best, state = t, is
		}
	}
	return best, state
}

// basicLogs: where a member is left out, CloudTrail takes all.
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_EventSelector.html
func basicLogs(s map[string]any) bool {
	return s["IncludeManagementEvents"] != false && s["ReadWriteType"] != "ReadOnly" && !slices.Contains(array(s["ExcludeManagementEventSources"]), any(kmsSource))
}

// advancedLogs takes a selector that is narrowed by anything but reads and writes, and
// sources that aren't KMS, for one that doesn't.
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html
func advancedLogs(s map[string]any) bool {
	management := false
	for _, one := range array(s["FieldSelectors"]) {
		f := object(one)
		switch field := text(f["Field"]); {
		case field == "eventCategory":
			management = slices.Contains(array(f["Equals"]), any("Management"))
		case field == "readOnly" && slices.Contains(array(f["Equals"]), any("false")):
		case field == "eventSource" && len(f) == 2 && f["NotEquals"] != nil && !slices.Contains(array(f["NotEquals"]), any(kmsSource)):
		default:
			return false
		}
	}
	return management
}

// Mended are the selectors with which a trail logs what Keymend needs, and all that it
// logs now.
func (s Selectors) Mended() (flag, value string, err error) {
	if len(s.Advanced) > 0 {
		out := slices.DeleteFunc(slices.Clone(s.Advanced), managing)
		line, err := json.Marshal(append(out, map[string]any{"Name": "Management events", "FieldSelectors": []map[string]any{{"Field": "eventCategory", "Equals": []string{"Management"}}}}))
		return "--advanced-event-selectors", string(line), err
	}
	excluded := []any{}
	out := []map[string]any{}
	for _, had := range s.Basic {
		for _, source := range array(had["ExcludeManagementEventSources"]) {
			if source != kmsSource && !slices.Contains(excluded, source) {
				excluded = append(excluded, source)
			}
		}
		if len(array(had["DataResources"])) > 0 { // what it logs of data it goes on logging
			out = append(out, map[string]any{"ReadWriteType": had["ReadWriteType"], "IncludeManagementEvents": false, "DataResources": had["DataResources"]})
		}
	}
	out = append(out, map[string]any{"ReadWriteType": "All", "IncludeManagementEvents": true, "ExcludeManagementEventSources": excluded})
	line, err := json.Marshal(out)
	return "--event-selectors", string(line), err
}

func managing(s map[string]any) bool {
	return slices.ContainsFunc(array(s["FieldSelectors"]), func(one any) bool {
		return object(one)["Field"] == "eventCategory" && slices.Contains(array(object(one)["Equals"]), any("Management"))
	})
}
