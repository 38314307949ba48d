package coverage

import (
	"encoding/json"
	"reflect"
	"slices"
)

// A Trail is one of CloudTrail's that an account shows in a Region.
type Trail struct {
	ARN, Home    string
	Organization bool // it is the organization's
	Logging      Answer[bool]
	Selectors    Answer[Selectors]
}

// Selectors say which events a trail logs. There are those of one kind. What isn't set of
// them isn't there as JSON.
type Selectors struct {
	Basic    []BasicSelector
	Advanced []AdvancedSelector
}

// A BasicSelector is as CloudTrail has it.
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_EventSelector.html
type BasicSelector struct {
	DataResources                 []any    `json:",omitzero"`
	ExcludeManagementEventSources []string `json:",omitzero"`
	IncludeManagementEvents       *bool    `json:",omitzero"`
	ReadWriteType                 string   `json:",omitzero"`
}

// An AdvancedSelector is as CloudTrail has it.
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedEventSelector.html
type AdvancedSelector struct {
	FieldSelectors []FieldSelector
	Name           string `json:",omitzero"`
}

// A FieldSelector is one of an AdvancedSelector.
type FieldSelector struct {
	EndsWith      []string `json:",omitzero"`
	Equals        []string `json:",omitzero"`
	Field         string
	NotEndsWith   []string `json:",omitzero"`
	NotEquals     []string `json:",omitzero"`
	NotStartsWith []string `json:",omitzero"`
	StartsWith    []string `json:",omitzero"`
}

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
	case slices.ContainsFunc(t.Selectors.Is.Basic, BasicSelector.logs) || slices.ContainsFunc(t.Selectors.Is.Advanced, AdvancedSelector.logs):
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

// logs reports whether it takes what Keymend needs. Where a member is left out, CloudTrail
// takes all.
func (s BasicSelector) logs() bool {
	included := s.IncludeManagementEvents == nil || *s.IncludeManagementEvents
	return included && s.ReadWriteType != "ReadOnly" && !slices.Contains(s.ExcludeManagementEventSources, kmsSource)
}

// logs reports whether it takes what Keymend needs. One that is narrowed by anything but
// reads and writes, and sources that aren't KMS, counts as one that doesn't.
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html
func (s AdvancedSelector) logs() bool {
	for _, f := range s.FieldSelectors {
		without := FieldSelector{Field: "eventSource", NotEquals: f.NotEquals}
		switch {
		case f.management(), f.Field == "readOnly" && slices.Contains(f.Equals, "false"):
		case f.NotEquals != nil && reflect.DeepEqual(f, without) && !slices.Contains(f.NotEquals, kmsSource):
		default:
			return false
		}
	}
	return s.management()
}

// management reports whether it is about management events.
func (s AdvancedSelector) management() bool {
	return slices.ContainsFunc(s.FieldSelectors, FieldSelector.management)
}

func (f FieldSelector) management() bool {
	return f.Field == "eventCategory" && slices.Contains(f.Equals, "Management")
}

// Mends returns the words of the AWS CLI by which a trail logs what Keymend needs, and all
// that it logs now.
func (t Trail) Mends() []string {
	words := []string{"aws", "cloudtrail", "start-logging", "--name", t.ARN}
	if t.Logging.Is {
		flag, selectors := t.Selectors.Is.mended()
		words = []string{"aws", "cloudtrail", "put-event-selectors", "--trail-name", t.ARN, flag, selectors}
	}
	return append(words, "--region", t.Home)
}

// mended are the selectors with which a trail logs management events, and all that it logs
// now.
func (s Selectors) mended() (flag, value string) {
	if len(s.Advanced) > 0 {
		out := slices.DeleteFunc(slices.Clone(s.Advanced), AdvancedSelector.management)
		management := FieldSelector{Field: "eventCategory", Equals: []string{"Management"}}
		line, _ := json.Marshal(append(out, AdvancedSelector{Name: "Management events", FieldSelectors: []FieldSelector{management}})) // what was read as JSON can be written
		return "--advanced-event-selectors", string(line)
	}
	all := BasicSelector{ReadWriteType: "All", IncludeManagementEvents: new(true), ExcludeManagementEventSources: []string{}}
	var out []BasicSelector
	for _, had := range s.Basic {
		for _, source := range had.ExcludeManagementEventSources {
			if source != kmsSource && !slices.Contains(all.ExcludeManagementEventSources, source) {
				all.ExcludeManagementEventSources = append(all.ExcludeManagementEventSources, source)
			}
		}
		if len(had.DataResources) > 0 { // what it logs of data it goes on logging
			out = append(out, BasicSelector{ReadWriteType: had.ReadWriteType, IncludeManagementEvents: new(false), DataResources: had.DataResources})
		}
	}
	line, _ := json.Marshal(append(out, all)) // what was read as JSON can be written
	return "--event-selectors", string(line)
}
