// Package blueprint fills in CloudFormation templates as CloudFormation does, as far as
// Keymend's own go: what stands in an account is held to the template that made it, not to
// a second list.
//
// The package is pure: no I/O, no clock, no SDK.
package blueprint

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// A Template is what counts of one.
type Template struct {
	Parameters map[string]Parameter
	Conditions map[string]any
	Resources  map[string]Resource
}

// A Parameter is one that a template takes.
type Parameter struct{ Type string }

// A Resource is one of a template's, as it is written there.
type Resource struct {
	ID         string `json:"-"` // what the template calls it
	Type       string
	Condition  string
	Properties map[string]any
}

// NoValue stands for nothing, in a list and as a property.
const NoValue = "AWS::NoValue"

// A Scope is what a template's functions are filled in from.
type Scope struct {
	Values     map[string]string // parameters, AWS's own too, and what resources are called
	Lists      map[string]bool   // parameters that are lists
	Maps       map[string]map[string]map[string]string
	Conditions map[string]any
	Attribute  func(resource, name string) string // "": not known; nil: none is
}

// Read reads a template.
func Read(text []byte) (Template, error) {
	var t Template
	if err := json.Unmarshal(text, &t); err != nil {
		return t, fmt.Errorf("read template: %w", err)
	}
	return t, nil
}

// Lists returns the parameters that are lists.
func (t Template) Lists() map[string]bool {
	out := map[string]bool{}
	for name, p := range t.Parameters {
		out[name] = p.Type == "CommaDelimitedList"
	}
	return out
}

// Standing returns the resources that there are, by their conditions, in the order of their
// ids.
func (t Template) Standing(s Scope) ([]Resource, error) {
	var out []Resource
	for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
		r := t.Resources[id]
		there, err := s.holds(map[string]any{"Condition": r.Condition})
		if err != nil {
			return nil, fmt.Errorf("template, %s: %w", id, err)
		}
		if r.ID = id; r.Condition == "" || there {
			out = append(out, r)
		}
	}
	return out, nil
}
