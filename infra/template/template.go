// Package template holds Keymend's CloudFormation template for one account and
// Region. It is short and written by hand; only its roles' policies are filled
// in from pkg/permission, by this package's test with -update.
//
// `aws cloudformation package` uploads the functions that it names from dist/.
package template

import (
	_ "embed" // for the template
	"encoding/json"
	"fmt"
)

//go:embed account.json
var account string

// Account returns the template, JSON. Its writers may only write to keys that
// their owners enrolled, whatever the parameter Scope says.
func Account() []byte { return []byte(account) }

// AccountForAllKeys returns the template for scope "all": the writers' roles
// have no condition on the key's tag, and the parameter Scope is "all" unless
// said otherwise.
func AccountForAllKeys() ([]byte, error) {
	var t map[string]any
	if err := json.Unmarshal([]byte(account), &t); err != nil {
		return nil, fmt.Errorf("read template: %w", err)
	}
	for _, role := range []string{"GranterRole", "PolicyWriterRole"} {
		statements, err := statementsOf(t, role)
		if err != nil {
			return nil, err
		}
		for _, s := range statements {
			if condition, ok := member(s, "Condition"); ok {
				delete(condition, "StringEquals") // the tag, and nothing else
			}
		}
	}
	scope, ok := at(t, "Parameters", "Scope")
	if !ok {
		return nil, fmt.Errorf("read template: no parameter Scope")
	}
	scope["Default"] = "all"
	return json.MarshalIndent(t, "", "  ")
}

func statementsOf(t map[string]any, role string) ([]any, error) {
	properties, ok := at(t, "Resources", role, "Properties")
	if !ok {
		return nil, fmt.Errorf("read template: no role %s", role)
	}
	policies, ok := properties["Policies"].([]any)
	if !ok || len(policies) != 1 {
		return nil, fmt.Errorf("read template: role %s must have one policy", role)
	}
	document, ok := member(policies[0], "PolicyDocument")
	if !ok {
		return nil, fmt.Errorf("read template: the policy of role %s has no document", role)
	}
	statements, ok := document["Statement"].([]any)
	if !ok {
		return nil, fmt.Errorf("read template: the policy of role %s has no statements", role)
	}
	return statements, nil
}

// at walks down members that are objects.
func at(v map[string]any, path ...string) (map[string]any, bool) {
	for _, name := range path {
		next, ok := member(v, name)
		if !ok {
			return nil, false
		}
		v = next
	}
	return v, true
}

func member(v any, name string) (map[string]any, bool) {
	object, ok := v.(map[string]any)
	if !ok {
		return nil, false
	}
	out, ok := object[name].(map[string]any)
	return out, ok
}
