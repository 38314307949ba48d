package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"keymend/pkg/plan"
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
// log is for. The undo, and what names things, stay.
func cuts() []cut {
	return []cut{
		{"plan", func(r *Record) {
			if r.Before != "" && r.After != "" {
				r.Plan = withoutDocuments(r.Plan)
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
		{"plan", func(r *Record) { r.Plan = withoutDocuments(r.Plan) }},
		{"plan", func(r *Record) { r.Plan = nil }},
		{"nearMisses", func(r *Record) { r.NearMisses = nil }},
		{"before", func(r *Record) { r.Before = "" }},
		{"after", func(r *Record) { r.After = "" }},
	}
}

// line writes the record, made shorter where it doesn't fit.
func (r Record) line() ([]byte, error) {
	text, err := encode(r)
	for _, c := range cuts() {
		if err != nil || len(text) <= maxLine {
			return text, err
		}
		c.do(&r)
		if !slices.Contains(r.Shortened, c.field) {
			r.Shortened = append(slices.Clone(r.Shortened), c.field)
		}
		text, err = encode(r)
	}
	return text, err
}

// encode is json.Marshal without escapes for HTML, which make six bytes of one.
func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
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
	if len(text) <= maxText {
		return text
	}
	return text[:maxText] + fmt.Sprintf("… and %d bytes more", len(text)-maxText)
}

// withoutDocuments leaves out of a plan's steps the policies before and after.
func withoutDocuments(p *plan.Plan) *plan.Plan {
	if p == nil {
		return nil
	}
	short := *p
	short.Steps = slices.Clone(p.Steps)
	for i, step := range short.Steps {
		if s, ok := step.(plan.EditKeyPolicy); ok {
			s.Before, s.After = "", ""
			short.Steps[i] = s
		}
	}
	return &short
}
