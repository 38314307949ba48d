package coverage

import (
	"encoding/json"
	"fmt"

	"keymend/pkg/blueprint"
)

// each hands on the properties of the resources of a type that there are, filled in.
func each(t blueprint.Template, kind string, s blueprint.Scope, do func(map[string]any) error) error {
	all, err := t.Standing(s)
	if err != nil {
		return err
	}
	for _, r := range all {
		if r.Type != kind {
			continue
		}
		properties := map[string]any{}
		for name, v := range r.Properties {
			if name == "Policies" {
				continue // only GetRolePolicy would show them: the tag stands for them
			}
			is, err := s.Value(v)
			if err != nil {
				return fmt.Errorf("template, %s of %s: %w", name, r.ID, err)
			}
			if is != blueprint.NoValue {
				properties[name] = is
			}
		}
		if err := do(properties); err != nil {
			return fmt.Errorf("template, %s: %w", r.ID, err)
		}
	}
	return nil
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
