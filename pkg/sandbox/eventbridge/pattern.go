package eventbridge

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/sandbox/wildcard"
)

// A pattern is a parsed event pattern: an object whose leaves are lists of
// what a value may be.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
type pattern map[string]any

// maxPattern is EventBridge's own limit.
const maxPattern = 4096

// parsePattern reads a pattern and refuses what EventBridge would refuse, and
// operators that the sandbox doesn't have.
func parsePattern(text string) (pattern, error) {
	if len(text) > maxPattern {
		return nil, fmt.Errorf("it has %d characters; EventBridge takes %d", len(text), maxPattern)
	}
	p, err := decode([]byte(text))
	if err != nil {
		return nil, err
	}
	object, ok := p.(map[string]any)
	if !ok || len(object) == 0 {
		return nil, fmt.Errorf("it must be an object with members")
	}
	return object, check(object)
}

// decode keeps numbers as they are written, so that 1 and 1.0 don't depend on
// floating point.
func decode(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	return v, nil
}

func check(p pattern) error {
	for name, v := range p {
		var err error
		switch v := v.(type) {
		case map[string]any:
			err = check(v)
		case []any:
			err = checkList(name, v)
		default:
			err = fmt.Errorf("%q must be an object or a list", name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func checkList(name string, list []any) error {
	for _, v := range list {
		o, ok := v.(map[string]any)
		_, nested := v.([]any)
		switch {
		case nested:
			return fmt.Errorf("%q: a list in a list", name)
		case !ok:
			continue
		case strings.HasPrefix(name, "$"):
			return fmt.Errorf("%s is not in the sandbox", name)
		case len(o) != 1:
			return fmt.Errorf("%q: one operator an object", name)
		default:
			if err := checkOperator(o); err != nil {
				return fmt.Errorf("%q: %w", name, err)
			}
		}
	}
	return nil
}

func checkOperator(o map[string]any) error {
	for op, arg := range o {
		_, isText := arg.(string)
		_, isBool := arg.(bool)
		switch op {
		case "prefix", "suffix", "equals-ignore-case", "wildcard":
			if !isText {
				return fmt.Errorf("%s takes a string here", op)
			}
		case "exists":
			if !isBool {
				return fmt.Errorf("exists takes true or false")
			}
		case "anything-but":
			return checkBut(arg)
		default:
			return fmt.Errorf("the operator %q is not in the sandbox", op)
		}
	}
	return nil
}

func checkBut(arg any) error {
	switch arg := arg.(type) {
	case map[string]any:
		if len(arg) != 1 || arg["anything-but"] != nil || arg["exists"] != nil {
			return errors.New("anything-but takes one operator on text")
		}
		return checkOperator(arg)
	case []any:
		for _, v := range arg {
			switch v.(type) {
			case map[string]any, []any:
				return errors.New("anything-but takes a list of values")
			}
		}
	}
	return nil
}

// matches reports whether an event, decoded, fits the pattern.
func (p pattern) matches(event map[string]any) bool {
	for name, want := range p {
		value, there := event[name]
		switch want := want.(type) {
		case map[string]any:
			if !matchesObject(want, value) {
				return false
			}
		case []any:
			if !matchesLeaf(want, value, there) {
				return false
			}
		}
	}
	return true
}

// matchesObject descends; a list of objects fits if one of them does. Below
// what isn't there only `exists: false` fits.
func matchesObject(want pattern, value any) bool {
	if list, ok := value.([]any); ok {
		return slices.ContainsFunc(list, func(v any) bool { return matchesObject(want, v) })
	}
	object, _ := value.(map[string]any)
	return want.matches(object)
}

// matchesLeaf: a list as value fits if one of its elements does.
func matchesLeaf(wants []any, value any, there bool) bool {
	values := []any{value}
	if list, ok := value.([]any); ok {
		values = list
	}
	if _, ok := value.(map[string]any); ok {
		there = false // exists works on leaves only
	}
	return slices.ContainsFunc(wants, func(want any) bool {
		if o, ok := want.(map[string]any); ok && o["exists"] != nil {
			return o["exists"] == there
		}
		return there && slices.ContainsFunc(values, func(v any) bool { return matchesValue(want, v) })
	})
}

func matchesValue(want, value any) bool {
	o, ok := want.(map[string]any)
	if !ok {
		return want == value
	}
	text, isText := value.(string)
	for op, arg := range o {
		if op == "anything-but" {
			return !matchesBut(arg, value)
		}
		s, _ := arg.(string)
		return isText && matchesText(op, s, text)
	}
	return false
}

func matchesText(op, arg, text string) bool {
	switch op {
	case "prefix":
		return strings.HasPrefix(text, arg)
	case "suffix":
		return strings.HasSuffix(text, arg)
	case "equals-ignore-case":
		return strings.EqualFold(text, arg)
	case "wildcard":
		return wildcard.Match(arg, text)
	}
	return false
}

// matchesBut: anything-but takes a value, a list of values, or an operator.
func matchesBut(arg, value any) bool {
	if list, ok := arg.([]any); ok {
		return slices.Contains(list, value)
	}
	return matchesValue(arg, value)
}
