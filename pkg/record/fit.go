package record

import (
	"fmt"
	"unicode/utf8"

	"keymend/pkg/change"
)

// maxLine is what a record may have in bytes. A longer event than CloudWatch
// Logs takes is cut into pieces that nobody can read, and that keymend undo
// can't. The limit was 256 KB until it became 1 MB.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
const maxLine = 250_000

// A cut makes a record shorter, and says by which field.
type cut struct {
	field string
	do    func(*Record)
}

// cuts begin with what is said elsewhere in the record, and end with what the
// log is for. The undo, the steps, and what names things, stay.
func cuts() []cut {
	return []cut{
		{"steps", func(r *Record) {
			if r.Before != "" && r.After != "" {
				r.Steps = short(r.Steps)
			}
		}},
		{"trace", func(r *Record) { r.Trace = shortList(r.Trace) }},
		{"nearMisses", func(r *Record) { r.NearMisses = r.NearMisses[:min(len(r.NearMisses), maxList)] }},
		{"couldNotSee", func(r *Record) { r.CouldNotSee = shortList(r.CouldNotSee) }},
		{"because", func(r *Record) { r.Because = shortList(r.Because) }},
		{"eventIds", func(r *Record) { r.EventIDs = shortList(r.EventIDs) }},
		{"message", func(r *Record) { r.Message = shortText(r.Message) }},
		{"reason", func(r *Record) { r.Reason = shortText(r.Reason) }},
		{"verdict", func(r *Record) { r.Verdict = nil }},
		{"steps", func(r *Record) { r.Steps = short(r.Steps) }},
		{"plan", func(r *Record) { r.Plan = nil }},
		{"nearMisses", func(r *Record) { r.NearMisses = nil }},
		{"before", func(r *Record) { r.Before = "" }},
		{"after", func(r *Record) { r.After = "" }},
	}
}

// Line writes the record, made shorter where it doesn't fit into an event of
// CloudWatch Logs. Shortened names what was cut.
func (r Record) Line() ([]byte, error) {
	text, err := marshal(r)
	for _, c := range cuts() {
		if err != nil || len(text) <= maxLine {
			return text, err
		}
		less := r
		c.do(&less)
		less.Shortened = r.Shortened.With(c.field)
		shorter, err := marshal(less)
		if err != nil {
			return nil, err
		}
		if len(shorter) < len(text) {
			r, text = less, shorter
		}
	}
	return text, err
}

const (
	maxList = 50
	maxText = 2_000 // bytes
)

func shortList(lines []string) []string {
	out := make([]string, 0, maxList+1)
	for _, line := range lines[:min(len(lines), maxList)] {
		out = append(out, shortText(line))
	}
	if more := len(lines) - len(out); more > 0 {
		out = append(out, fmt.Sprintf("… and %d more", more))
	}
	return out
}

func shortText(text string) string {
	end := min(len(text), maxText)
	for end < len(text) && !utf8.RuneStart(text[end]) {
		end--
	}
	if end == len(text) {
		return text
	}
	return text[:end] + fmt.Sprintf("… and %d bytes more", len(text)-end)
}

// short leaves the policies before and after out of the steps.
func short(s Steps) Steps { return Steps(change.Steps(s).Short()) }
