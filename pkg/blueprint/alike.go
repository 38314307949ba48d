package blueprint

import (
	"encoding/json"
	"reflect"
	"slices"
)

// Same compares JSON by what it means.
func Same(a, b string) bool {
	var one, other any
	return json.Unmarshal([]byte(a), &one) == nil && json.Unmarshal([]byte(b), &other) == nil && reflect.DeepEqual(one, other)
}

// Alike compares policies, whose lists IAM may give in another order, and those of one
// member as that.
func Alike(a, b string) bool {
	var one, other any
	return json.Unmarshal([]byte(a), &one) == nil && json.Unmarshal([]byte(b), &other) == nil && reflect.DeepEqual(normal(one), normal(other))
}

func normal(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for key := range v {
			out[key] = normal(v[key])
		}
		return out
	case []any:
		out := []string{}
		for _, one := range v {
			line, _ := json.Marshal(normal(one)) // it was read as JSON
			out = append(out, string(line))
		}
		slices.Sort(out)
		if len(v) == 1 {
			return normal(v[0])
		}
		return out
	}
	return v
}
