package blueprint

import (
	"fmt"
	"maps"
	"strings"
)

// Value fills in Ref, Fn::GetAtt, Fn::If, Fn::Join, Fn::Sub and Fn::FindInMap. Any other
// function is an error.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
func (s Scope) Value(v any) (any, error) {
	switch v := v.(type) {
	case []any:
		out := []any{}
		for i := range v {
			one, err := s.Value(v[i])
			if err != nil {
				return nil, err
			}
			if one != NoValue {
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
			if out[name], err = s.Value(v[name]); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return v, nil
}

// function returns what a function of CloudFormation comes to.
func (s Scope) function(name string, argument any) (any, error) {
	list := array(argument)
	switch fmt.Sprint(name, " ", len(list)) {
	case "Ref 0":
		return s.ref(text(argument))
	case "Fn::GetAtt 2":
		return s.attribute(text(list[0]), text(list[1]))
	case "Fn::Join 2":
		return s.join(text(list[0]), list[1])
	case "Fn::If 3":
		return s.either(list)
	case "Fn::Sub 0":
		return s.sub(text(argument))
	case "Fn::Sub 2":
		return s.subWith(text(list[0]), list[1])
	case "Fn::FindInMap 3":
		return s.find(list)
	}
	return nil, fmt.Errorf("%s isn't understood", name)
}

func (s Scope) ref(name string) (any, error) {
	switch {
	case name == NoValue:
		return NoValue, nil
	case s.Lists[name]:
		return s.list(name)
	}
	return s.of(name)
}

// subWith fills a text in with values of its own, beside the scope's.
func (s Scope) subWith(in string, values any) (any, error) {
	given, err := s.Value(values)
	if err != nil {
		return nil, err
	}
	s.Values = maps.Clone(s.Values)
	for key, v := range object(given) {
		s.Values[key] = text(v)
	}
	return s.sub(in)
}

func (s Scope) either(list []any) (any, error) {
	is, err := s.holds(map[string]any{"Condition": list[0]})
	if err != nil {
		return nil, err
	}
	if is {
		return s.Value(list[1])
	}
	return s.Value(list[2])
}

func (s Scope) find(list []any) (any, error) {
	keys, err := s.Value(list)
	if err != nil {
		return nil, err
	}
	k := array(keys)
	v, ok := s.Maps[text(k[0])][text(k[1])][text(k[2])]
	if !ok {
		return nil, fmt.Errorf("the mapping has no %v", k)
	}
	return v, nil
}

func (s Scope) of(name string) (string, error) {
	if v, ok := s.Values[name]; ok {
		return v, nil
	}
	if resource, attribute, ok := strings.Cut(name, "."); ok {
		return s.attribute(resource, attribute)
	}
	return "", fmt.Errorf("nothing says what %s is", name)
}

func (s Scope) attribute(resource, name string) (string, error) {
	if s.Attribute != nil {
		if v := s.Attribute(resource, name); v != "" {
			return v, nil
		}
	}
	return "", fmt.Errorf("nothing says what %s of %s is", name, resource)
}

// list is a parameter that is one; an empty one has one empty member.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
func (s Scope) list(name string) ([]any, error) {
	all, err := s.of(name)
	if err != nil {
		return nil, err
	}
	var out []any
	for one := range strings.SplitSeq(all, ",") {
		out = append(out, strings.TrimSpace(one))
	}
	return out, nil
}

func (s Scope) join(by string, of any) (string, error) {
	v, err := s.Value(of)
	if err != nil {
		return "", err
	}
	var parts []string
	for _, one := range array(v) {
		parts = append(parts, text(one))
	}
	return strings.Join(parts, by), nil
}

// sub fills in ${…}.
func (s Scope) sub(in string) (string, error) {
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
func (s Scope) holds(condition any) (bool, error) {
	for name, argument := range object(condition) {
		list := array(argument)
		switch {
		case name == "Condition":
			return s.holds(s.Conditions[text(argument)])
		case name == "Fn::Equals" && len(list) == 2:
			both, err := s.Value(list)
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
