package cloudformation

import (
	"fmt"
	"regexp"
	"strings"
)

// resolve replaces every function in a value by what it gives.
func (l *loader) resolve(v any) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		if name, argument, ok := function(v); ok {
			return l.call(name, argument)
		}
		out := make(map[string]any, len(v))
		for key, member := range v {
			r, err := l.resolve(member)
			if err != nil {
				return nil, err
			}
			if !isNoValue(r) {
				out[key] = r
			}
		}
		return out, nil
	case []any:
		out := make([]any, 0, len(v))
		for _, element := range v {
			r, err := l.resolve(element)
			if err != nil {
				return nil, err
			}
			if !isNoValue(r) {
				out = append(out, r)
			}
		}
		return out, nil
	}
	return v, nil
}

// function tells {"Ref": …} and {"Fn::…": …}.
func function(v map[string]any) (name string, argument any, ok bool) {
	if len(v) != 1 {
		return "", nil, false
	}
	for name, argument = range v {
		ok = name == "Ref" || strings.HasPrefix(name, "Fn::")
	}
	return name, argument, ok
}

func (l *loader) call(name string, argument any) (any, error) {
	switch name {
	case "Ref":
		return l.ref(fmt.Sprint(argument))
	case "Fn::GetAtt":
		return l.getAtt(argument)
	case "Fn::Join":
		return l.join(argument)
	case "Fn::Sub":
		return l.sub(argument)
	case "Fn::If":
		return l.choose(argument)
	case "Fn::FindInMap":
		return l.findInMap(argument)
	}
	return nil, fmt.Errorf("%s is not in the sandbox", name)
}

func (l *loader) ref(name string) (any, error) {
	switch {
	case name == "AWS::NoValue":
		return noValue{}, nil
	case l.lists[name]:
		return l.list(name), nil
	}
	if v, ok := l.values[name]; ok {
		return v, nil
	}
	if _, ok := l.resources[name]; !ok {
		return nil, fmt.Errorf("{\"Ref\": %q}: the template has no such parameter or resource", name)
	}
	m, err := l.make(name)
	return m.Ref, err
}

// getAtt takes ["Queue", "Arn"] or "Queue.Arn".
func (l *loader) getAtt(argument any) (any, error) {
	name, attribute, _ := strings.Cut(fmt.Sprint(argument), ".")
	if list, ok := argument.([]any); ok && len(list) == 2 {
		name, attribute = fmt.Sprint(list[0]), fmt.Sprint(list[1])
	}
	if _, ok := l.resources[name]; !ok {
		return nil, fmt.Errorf("Fn::GetAtt of %q, which the template hasn't", name)
	}
	m, err := l.make(name)
	if err != nil {
		return nil, err
	}
	v, ok := m.Attributes[attribute]
	if !ok {
		return nil, fmt.Errorf("Fn::GetAtt: %s has no attribute %q", name, attribute)
	}
	return v, nil
}

func (l *loader) join(argument any) (any, error) {
	list, ok := argument.([]any)
	if !ok || len(list) != 2 {
		return nil, fmt.Errorf("Fn::Join takes a separator and a list")
	}
	resolved, err := l.resolve(list[1])
	if err != nil {
		return nil, err
	}
	parts, ok := resolved.([]any)
	if !ok {
		return nil, fmt.Errorf("Fn::Join takes a separator and a list")
	}
	text := make([]string, len(parts))
	for i, p := range parts {
		text[i] = fmt.Sprint(p)
	}
	return strings.Join(text, fmt.Sprint(list[0])), nil
}

// findInMap is Fn::FindInMap: a mapping's name and two keys.
func (l *loader) findInMap(argument any) (any, error) {
	resolved, err := l.resolve(argument)
	if err != nil {
		return nil, err
	}
	keys, ok := resolved.([]any)
	if !ok || len(keys) != 3 {
		return nil, fmt.Errorf("Fn::FindInMap takes a mapping's name and two keys")
	}
	v, ok := l.mappings[fmt.Sprint(keys[0])][fmt.Sprint(keys[1])][fmt.Sprint(keys[2])]
	if !ok {
		return nil, fmt.Errorf("the template has no mapping %v", keys)
	}
	return v, nil
}

// sub replaces ${Name} and ${Name.Attribute}; ${!Name} stands for ${Name}. With a map
// beside the text, its names come first.
func (l *loader) sub(argument any) (any, error) {
	text, ok := argument.(string)
	own := map[string]any{}
	if list, is := argument.([]any); is && len(list) == 2 {
		resolved, err := l.resolve(list[1])
		if err != nil {
			return nil, err
		}
		own, _ = resolved.(map[string]any)
		text, ok = list[0].(string)
	}
	if !ok || own == nil {
		return nil, fmt.Errorf("Fn::Sub takes a text, or a text and a map")
	}
	var failed error
	out := regexp.MustCompile(`\$\{[^}]*\}`).ReplaceAllStringFunc(text, func(found string) string {
		name := found[2 : len(found)-1]
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + literal + "}"
		}
		if v, ok := own[name]; ok {
			return fmt.Sprint(v)
		}
		v, err := l.named(name)
		if err != nil && failed == nil {
			failed = err
		}
		return fmt.Sprint(v)
	})
	return out, failed
}

func (l *loader) named(name string) (any, error) {
	if strings.Contains(name, ".") {
		return l.getAtt(name)
	}
	return l.ref(name)
}
