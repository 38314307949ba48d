package cloudformation

import (
	"fmt"
	"slices"
	"strings"
)

// noValue is AWS::NoValue: what has it isn't there.
type noValue struct{}

// list returns a comma-delimited list, each member without the spaces around it.
// An empty one has one empty member.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
func (l *loader) list(name string) []any {
	var out []any
	for member := range strings.SplitSeq(l.values[name], ",") {
		out = append(out, strings.TrimSpace(member))
	}
	return out
}

// isThere reports whether a resource's condition holds.
func (l *loader) isThere(id string) (bool, error) {
	name := l.resources[id].Condition
	if name == "" {
		return true, nil
	}
	return l.holds(name)
}

// holds evaluates a condition by its name.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-conditions.html
func (l *loader) holds(name string) (bool, error) {
	c, ok := l.conditions[name]
	if !ok {
		return false, fmt.Errorf("the template has no condition %q", name)
	}
	if slices.Contains(l.making, "condition "+name) {
		return false, fmt.Errorf("condition %q refers to itself", name)
	}
	l.making = append(l.making, "condition "+name)
	defer func() { l.making = l.making[:len(l.making)-1] }()
	return l.test(c)
}

func (l *loader) test(v any) (bool, error) {
	object, ok := v.(map[string]any)
	if !ok || len(object) != 1 {
		return false, fmt.Errorf("a condition is one function, not %v", v)
	}
	for name, argument := range object {
		if name == "Condition" {
			return l.holds(fmt.Sprint(argument))
		}
		list, _ := argument.([]any)
		return l.combine(name, list)
	}
	return false, nil
}

func (l *loader) combine(name string, list []any) (bool, error) {
	switch {
	case name == "Fn::Not" && len(list) == 1:
		yes, err := l.test(list[0])
		return !yes, err
	case name == "Fn::Equals" && len(list) == 2:
		return l.equal(list[0], list[1])
	case name == "Fn::And" && len(list) > 1:
		return l.all(list, true)
	case name == "Fn::Or" && len(list) > 1:
		none, err := l.all(list, false)
		return !none, err
	}
	return false, fmt.Errorf("condition %s is not in the sandbox", name)
}

// all reports whether each of the conditions has this value.
func (l *loader) all(conditions []any, value bool) (bool, error) {
	for _, c := range conditions {
		if got, err := l.test(c); err != nil || got != value {
			return false, err
		}
	}
	return true, nil
}

func (l *loader) equal(a, b any) (bool, error) {
	x, err := l.resolve(a)
	if err != nil {
		return false, err
	}
	y, err := l.resolve(b)
	return fmt.Sprint(x) == fmt.Sprint(y), err
}

// choose is Fn::If: a condition's name, and what holds if and if not.
func (l *loader) choose(argument any) (any, error) {
	list, ok := argument.([]any)
	if !ok || len(list) != 3 {
		return nil, fmt.Errorf("Fn::If takes a condition's name and two values")
	}
	yes, err := l.holds(fmt.Sprint(list[0]))
	if err != nil {
		return nil, err
	}
	if yes {
		return l.resolve(list[1])
	}
	return l.resolve(list[2])
}

func isNoValue(v any) bool {
	_, none := v.(noValue)
	return none
}
