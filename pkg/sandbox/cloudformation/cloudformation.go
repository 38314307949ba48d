// Package cloudformation loads a template into the sandbox: it resolves
// references and hands each resource, in the order that its references ask
// for, to whoever makes it.
//
// It knows Parameters, also comma-delimited lists; Conditions of Fn::Equals,
// Fn::Not, Fn::And, Fn::Or and each other; Mappings; Ref, Fn::GetAtt, Fn::If, Fn::Join,
// Fn::Sub and Fn::FindInMap. Anything else is an error that names it.
//
// Functions: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
package cloudformation

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// A Resource is one resource of a template, its references resolved.
type Resource struct {
	LogicalID  string
	Type       string // "AWS::SQS::Queue"
	Account    string
	Region     string
	Properties map[string]any
}

// Made says how a resource is referred to.
type Made struct {
	Ref        string            // what Ref gives
	Attributes map[string]string // what Fn::GetAtt gives, by attribute
}

// A Maker makes resources. A type that it doesn't know is an error naming it.
type Maker interface {
	Make(Resource) (Made, error)
}

// Load makes the template's resources in an account and Region. Parameters that
// params doesn't name have their defaults.
func Load(template []byte, account, region string, params map[string]string, maker Maker) error {
	l, err := newLoader(template, account, region, params)
	if err != nil {
		return fmt.Errorf("load template: %w", err)
	}
	return l.load(maker)
}

// load makes the resources that are there.
func (l *loader) load(maker Maker) error {
	l.maker = maker
	for _, id := range slices.Sorted(maps.Keys(l.resources)) {
		there, err := l.isThere(id)
		if err != nil {
			return fmt.Errorf("load template: %w", err)
		}
		if !there {
			continue
		}
		if _, err := l.make(id); err != nil {
			return fmt.Errorf("load template: %w", err)
		}
	}
	return nil
}

// A loader holds what is known so far.
type loader struct {
	account, region string
	maker           Maker
	resources       map[string]declared
	values          map[string]string // parameters and pseudo parameters
	lists           map[string]bool   // parameters that are lists
	conditions      map[string]any
	mappings        map[string]map[string]map[string]any
	made            map[string]Made
	making          []string // what is being made, to tell a circle
}

type declared struct {
	Type       string
	Condition  string
	Properties map[string]any
	DependsOn  any
}

func newLoader(template []byte, account, region string, params map[string]string) (*loader, error) {
	var doc struct {
		Parameters map[string]struct {
			Type    string
			Default any
		}
		Conditions map[string]any
		Mappings   map[string]map[string]map[string]any
		Resources  map[string]declared
	}
	if err := json.Unmarshal(template, &doc); err != nil {
		return nil, err
	}
	l := &loader{account: account, region: region, resources: doc.Resources, conditions: doc.Conditions, mappings: doc.Mappings, lists: map[string]bool{}, made: map[string]Made{}, values: map[string]string{
		"AWS::AccountId": account, "AWS::Region": region, "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com", "AWS::StackName": "keymend",
	}}
	for name, p := range doc.Parameters {
		l.lists[name] = p.Type == "CommaDelimitedList"
		if p.Default != nil {
			l.values[name] = fmt.Sprint(p.Default)
		}
	}
	for name, value := range params {
		if _, ok := doc.Parameters[name]; !ok {
			return nil, fmt.Errorf("the template has no parameter %q", name)
		}
		l.values[name] = value
	}
	return l, nil
}

// make makes a resource, and before it what it refers to, once.
func (l *loader) make(id string) (Made, error) {
	if m, ok := l.made[id]; ok {
		return m, nil
	}
	if slices.Contains(l.making, id) {
		return Made{}, fmt.Errorf("%s refers to itself by way of %v", id, l.making)
	}
	l.making = append(l.making, id)
	defer func() { l.making = l.making[:len(l.making)-1] }()
	there, err := l.isThere(id)
	if err == nil && !there {
		err = fmt.Errorf("%s is referred to, and its condition doesn't hold", id)
	}
	if err != nil {
		return Made{}, err
	}
	r := l.resources[id]
	for _, other := range dependencies(r.DependsOn) {
		if _, err := l.make(other); err != nil {
			return Made{}, err
		}
	}
	properties, err := l.resolve(r.Properties)
	if err != nil {
		return Made{}, fmt.Errorf("resource %s: %w", id, err)
	}
	object, _ := properties.(map[string]any)
	m, err := l.maker.Make(Resource{LogicalID: id, Type: r.Type, Account: l.account, Region: l.region, Properties: object})
	if err != nil {
		return Made{}, fmt.Errorf("resource %s (%s): %w", id, r.Type, err)
	}
	l.made[id] = m
	return m, nil
}

// Given returns a template's description, and each parameter's value.
func Given(template []byte, params map[string]string) (description string, values map[string]string, err error) {
	var doc struct {
		Description string
		Parameters  map[string]struct{ Default any }
	}
	if err := json.Unmarshal(template, &doc); err != nil {
		return "", nil, fmt.Errorf("read template: %w", err)
	}
	values = map[string]string{}
	for name, p := range doc.Parameters {
		if p.Default != nil {
			values[name] = fmt.Sprint(p.Default)
		}
	}
	maps.Copy(values, params)
	return doc.Description, values, nil
}

// dependencies reads DependsOn, a name or a list of names.
func dependencies(v any) []string {
	var out []string
	switch v := v.(type) {
	case string:
		out = append(out, v)
	case []any:
		for _, name := range v {
			out = append(out, fmt.Sprint(name))
		}
	}
	return out
}
