package record

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/change"
	"keymend/pkg/quote"
)

// Lines are texts that JSON has as one string, each on a line of its own. A list, as
// earlier versions wrote it, is read, too. A text stays one line: what breaks it is
// written as a space. An empty one says nothing, and is left out.
type Lines []string

// With returns the lines and those of others that aren't among them.
func (l Lines) With(others ...string) Lines { return with(l, others) }

func with[T comparable](all, others []T) []T {
	for _, o := range others {
		if !slices.Contains(all, o) {
			all = append(slices.Clip(all), o)
		}
	}
	return all
}

// MarshalJSON implements json.Marshaler.
func (l Lines) MarshalJSON() ([]byte, error) { return marshal(strings.Join(flat(l), "\n")) }

// UnmarshalJSON implements json.Unmarshaler.
func (l *Lines) UnmarshalJSON(text []byte) error {
	var lines []string
	if isList(text) {
		if err := json.Unmarshal(text, &lines); err != nil {
			return err
		}
	} else {
		var one string
		if err := json.Unmarshal(text, &one); err != nil {
			return err
		}
		lines = strings.Split(one, "\n")
	}
	*l = flat(lines)
	return nil
}

// flat makes a line of each text.
func flat(texts []string) []string {
	var out []string
	for _, text := range texts {
		if text != "" {
			out = append(out, oneLine(text))
		}
	}
	return out
}

func oneLine(text string) string { return strings.ReplaceAll(text, "\n", " ") }

// Missing are operations that a launch needs and the role may not do, or may not for
// all that is known: by decision, which is Denied or Unknown.
type Missing map[access.Decision]Lines

// IsZero reports whether nothing is missing.
func (m Missing) IsZero() bool { return len(m[access.Denied])+len(m[access.Unknown]) == 0 }

// MarshalJSON implements json.Marshaler. A decision without operations is left out.
func (m Missing) MarshalJSON() ([]byte, error) {
	return marshal(map[access.Decision]Lines(m.some()))
}

// some returns what is missing, without decisions that nothing is missing by.
func (m Missing) some() Missing {
	out := Missing{}
	for _, decision := range []access.Decision{access.Denied, access.Unknown} {
		if len(m[decision]) > 0 {
			out[decision] = m[decision]
		}
	}
	return out
}

// UnmarshalJSON implements json.Unmarshaler. Earlier versions wrote one list, which
// didn't tell the decisions apart; it is read as Denied, and Parse puts it under the
// record's decision.
func (m *Missing) UnmarshalJSON(text []byte) error {
	var read map[access.Decision]Lines
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		if err := json.Unmarshal(text, &read); err != nil {
			return err
		}
		*m = Missing(read).some()
		return nil
	}
	var all Lines
	err := all.UnmarshalJSON(text)
	*m = Missing{access.Denied: all}.some()
	return err
}

// Misses are what looks like access and isn't. JSON has them as one string: on a
// line each its source, its reason, its text and, where one decides, its element as
// JSON. A bar in the source is written as a slash.
type Misses []access.NearMiss

// With returns the misses and those of others that aren't among them.
func (m Misses) With(others ...access.NearMiss) Misses { return with(m, others) }

const bar = " | "

// MarshalJSON implements json.Marshaler.
func (m Misses) MarshalJSON() ([]byte, error) {
	lines := make([]string, len(m))
	for i, miss := range m {
		miss = flatMiss(miss)
		lines[i] = miss.Source + bar + string(miss.Reason) + bar + miss.Text
		if miss.Element.Member == "" {
			continue
		}
		written, err := marshal(miss.Element)
		if err != nil {
			return nil, err
		}
		lines[i] += bar + string(written)
	}
	return marshal(strings.Join(lines, "\n"))
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *Misses) UnmarshalJSON(text []byte) error {
	*m = nil
	if isList(text) {
		var list []access.NearMiss
		err := json.Unmarshal(text, &list)
		for _, miss := range list {
			*m = append(*m, flatMiss(miss))
		}
		return err
	}
	var lines Lines
	if err := lines.UnmarshalJSON(text); err != nil {
		return err
	}
	for _, line := range lines {
		source, rest, _ := strings.Cut(line, bar)
		reason, says, _ := strings.Cut(rest, bar)
		miss := access.NearMiss{Source: source, Reason: access.Reason(reason), Text: says}
		if at := strings.LastIndex(says, bar+element); at >= 0 {
			if json.Unmarshal([]byte(says[at+len(bar):]), &miss.Element) == nil {
				miss.Text = says[:at]
			}
		}
		*m = append(*m, flatMiss(miss))
	}
	return nil
}

// element begins the JSON of an element. No text of a miss has it after a bar, and no
// value within the JSON can: quotes are escaped there.
const element = `{"member":`

// flatMiss makes a line of a miss that is read as it was written.
func flatMiss(m access.NearMiss) access.NearMiss {
	part := func(text string) string { return strings.ReplaceAll(oneLine(text), "|", "/") }
	text := strings.ReplaceAll(oneLine(m.Text), bar+element, " / "+element)
	return access.NearMiss{Source: part(m.Source), Reason: access.Reason(part(string(m.Reason))), Text: text, Element: m.Element}
}

// Calls are those that a session makes. JSON has them as one string: on a line each
// its account, its action and its target.
type Calls []change.Call

// MarshalJSON implements json.Marshaler.
func (c Calls) MarshalJSON() ([]byte, error) {
	return marshalEach(c, func(call change.Call) string { return call.Account + " " + call.Action + " " + call.Target })
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *Calls) UnmarshalJSON(text []byte) error {
	return unmarshalEach(text, (*[]change.Call)(c), func(line string) change.Call {
		account, rest, _ := strings.Cut(line, " ")
		action, target, _ := strings.Cut(rest, " ")
		return change.Call{Account: account, Action: action, Target: target}
	})
}

// Tasks are commands for people. JSON has them as one string: on a line each its
// account and the command.
type Tasks []quote.Task

// MarshalJSON implements json.Marshaler.
func (t Tasks) MarshalJSON() ([]byte, error) {
	return marshalEach(t, func(task quote.Task) string { return task.Account + " " + task.Command })
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *Tasks) UnmarshalJSON(text []byte) error {
	return unmarshalEach(text, (*[]quote.Task)(t), func(line string) quote.Task {
		account, command, _ := strings.Cut(line, " ")
		return quote.Task{Account: account, Command: command}
	})
}

// marshalEach writes a line of each element.
func marshalEach[T any](all []T, line func(T) string) ([]byte, error) {
	lines := make(Lines, len(all))
	for i, one := range all {
		lines[i] = line(one)
	}
	return lines.MarshalJSON()
}

// unmarshalEach reads an element from each line.
func unmarshalEach[T any](text []byte, all *[]T, read func(line string) T) error {
	var lines Lines
	if err := lines.UnmarshalJSON(text); err != nil {
		return err
	}
	*all = nil
	for _, line := range lines {
		*all = append(*all, read(line))
	}
	return nil
}

// Steps are a plan's, or those that take it back. JSON has their own JSON as one
// string: a step may have any number of members.
type Steps change.Steps

// MarshalJSON implements json.Marshaler.
func (s Steps) MarshalJSON() ([]byte, error) {
	text, err := marshal(change.Steps(s))
	if err != nil {
		return nil, err
	}
	return marshal(string(text))
}

// UnmarshalJSON implements json.Unmarshaler. The steps are unread: see Parse.
func (s *Steps) UnmarshalJSON(text []byte) error {
	if isList(text) {
		return json.Unmarshal(text, (*change.Steps)(s))
	}
	var one string
	if err := json.Unmarshal(text, &one); err != nil || one == "" {
		return err
	}
	return json.Unmarshal([]byte(one), (*change.Steps)(s))
}

func isList(text []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")) }

// marshal is JSON without escapes for HTML, which make six bytes of one.
func marshal(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}
