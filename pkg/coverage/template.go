package coverage

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A body is what counts of a template.
type body struct {
	Parameters map[string]any
	Conditions map[string]any
	Resources  map[string]struct {
		Type, Condition string
		Properties      map[string]any
	}
}

// each hands on the properties of the resources of a type that there are, filled in.
func (b body) each(kind string, s scope, do func(map[string]any) error) error {
	for _, id := range slices.Sorted(maps.Keys(b.Resources)) {
		r := b.Resources[id]
		if r.Type != kind {
			continue
		}
		there, err := s.holds(map[string]any{"Condition": r.Condition})
		if err != nil {
			return fmt.Errorf("template, %s: %w", id, err)
		}
		if r.Condition != "" && !there {
			continue
		}
		properties := map[string]any{}
		for name, v := range r.Properties {
			if name == "Policies" {
				continue // only GetRolePolicy would show them: the tag stands for them
			}
			is, err := s.value(v)
			if err != nil {
				return fmt.Errorf("template, %s of %s: %w", name, id, err)
			}
			if is != noValue {
				properties[name] = is
			}
		}
		if err := do(properties); err != nil {
			return fmt.Errorf("template, %s: %w", id, err)
		}
	}
	return nil
}

// noValue stands for nothing, in a list and as a property.
const noValue = "AWS::NoValue"

// A scope is what a template's functions are filled in from.
type scope struct {
	values     map[string]string // parameters, AWS's own too
	maps       map[string]map[string]map[string]string
	conditions map[string]any
}

// value fills in Ref, Fn::If, Fn::Sub and Fn::FindInMap. Any other function is an error.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
func (s scope) value(v any) (any, error) {
	switch v := v.(type) {
	case []any:
		out := []any{}
		for i := range v {
			one, err := s.value(v[i])
			if err != nil {
				return nil, err
			}
			if one != noValue {
				out = append(out, one)
			}
		}
		return out, nil
	case map[string]any:
		for name, argument := range v {
			if len(v) == 1 && (name == "Ref" || strings.HasPrefix(name, "Fn::")) {
				return s.function(name, argument)
			}
		}
		out := map[string]any{}
		for name := range v {
			var err error
			if out[name], err = s.value(v[name]); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return v, nil
}

func (s scope) function(name string, argument any) (any, error) {
	list := array(argument)
	switch {
	case name == "Ref" && argument == noValue:
		return noValue, nil
	case name == "Ref":
		return s.of(text(argument))
	case name == "Fn::If" && len(list) == 3:
		return s.either(list)
	case name == "Fn::Sub" && list == nil:
		return s.sub(text(argument))
	case name == "Fn::Sub" && len(list) == 2:
		given, err := s.value(list[1])
		if err != nil {
			return nil, err
		}
		more := maps.Clone(s.values)
		for key, v := range object(given) {
			more[key] = text(v)
		}
		return scope{values: more}.sub(text(list[0]))
	case name == "Fn::FindInMap" && len(list) == 3:
		return s.find(list)
	}
	return nil, fmt.Errorf("%s isn't understood", name)
}

func (s scope) either(list []any) (any, error) {
	is, err := s.holds(map[string]any{"Condition": list[0]})
	if err != nil {
		return nil, err
	}
	if is {
		return s.value(list[1])
	}
	return s.value(list[2])
}

func (s scope) find(list []any) (any, error) {
	keys, err := s.value(list)
	if err != nil {
		return nil, err
	}
	k := array(keys)
	v, ok := s.maps[text(k[0])][text(k[1])][text(k[2])]
	if !ok {
		return nil, fmt.Errorf("the mapping has no %v", k)
	}
	return v, nil
}

func (s scope) of(name string) (string, error) {
	v, ok := s.values[name]
	if !ok {
		return "", fmt.Errorf("nothing says what %s is", name)
	}
	return v, nil
}

// sub fills in ${…}.
func (s scope) sub(in string) (string, error) {
	var out strings.Builder
	for {
		before, rest, more := strings.Cut(in, "${")
		out.WriteString(before)
		if !more {
			return out.String(), nil
		}
		name, after, _ := strings.Cut(rest, "}")
		if own, literal := strings.CutPrefix(name, "!"); literal { // IAM's own variable
			out.WriteString("${" + own + "}")
			in = after
			continue
		}
		v, err := s.of(name)
		if err != nil {
			return "", err
		}
		out.WriteString(v)
		in = after
	}
}

// holds says whether a condition does; that without a name doesn't.
func (s scope) holds(condition any) (bool, error) {
	for name, argument := range object(condition) {
		list := array(argument)
		switch {
		case name == "Condition":
			return s.holds(s.conditions[text(argument)])
		case name == "Fn::Equals" && len(list) == 2:
			both, err := s.value(list)
			return err == nil && array(both)[0] == array(both)[1], err
		case name == "Fn::Not" && len(list) == 1:
			is, err := s.holds(list[0])
			return !is, err
		case name == "Fn::Or", name == "Fn::And":
			for _, one := range list {
				if is, err := s.holds(one); err != nil || is == (name == "Fn::Or") {
					return is, err
				}
			}
			return name == "Fn::And", nil
		}
		return false, fmt.Errorf("the condition %s isn't understood", name)
	}
	return false, nil
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func array(v any) []any {
	a, _ := v.([]any)
	return a
}

func object(v any) map[string]any {
	o, _ := v.(map[string]any)
	return o
}

// again reads what was read as JSON into something of a type.
func again(v, into any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return json.Unmarshal(line, into)
}
