package jsonlines

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tidwall/gjson"
)

func (l line) context(q *question) error {
	values := make(map[string][]string, len(l.Context))
	for name, raw := range l.Context {
		v, err := contextValue(raw)
		if err != nil {
			return fmt.Errorf("context: %s: %w", name, err)
		}
		lower := strings.ToLower(name)
		if _, twice := values[lower]; twice {
			return fmt.Errorf("context: %s: is there twice, in different case", name)
		}
		values[lower] = v
	}
	q.request.Context.Values = values
	return nil
}

// contextValue reads one value or a list of values; nil for null.
func contextValue(raw json.RawMessage) ([]string, error) {
	value := gjson.ParseBytes(raw)
	if value.Type == gjson.Null {
		return nil, nil
	}
	out := []string{}
	var err error
	add := func(v gjson.Result) bool {
		switch v.Type {
		case gjson.String:
			out = append(out, v.Str)
		case gjson.True, gjson.False, gjson.Number:
			out = append(out, v.Raw)
		default:
			err = fmt.Errorf("%s is not a string, a number or a boolean", v.Raw)
		}
		return err == nil
	}
	if value.IsArray() {
		value.ForEach(func(_, v gjson.Result) bool { return add(v) })
	} else {
		add(value)
	}
	return out, err
}
