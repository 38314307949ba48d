package wire

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"time"
)

func (c jsonCodec) encode(_, _ string, out any) ([]byte, error) {
	tree := map[string]any{}
	if v := reflect.ValueOf(out); v.IsValid() && !v.IsNil() {
		if err := c.members(v.Elem(), tree, !c.sparse); err != nil {
			return nil, err
		}
	}
	return json.Marshal(tree)
}

func (c jsonCodec) failure(e *Error, _ string) []byte {
	b, _ := json.Marshal(map[string]string{"__type": e.Code, "message": e.Message}) // strings always marshal
	return b
}

// members puts a struct's members into object. With all, an absent list is
// written as an empty one: AWS's answers have their lists, and clients index
// them without asking.
func (c jsonCodec) members(v reflect.Value, object map[string]any, all bool) error {
	for i := range v.NumField() {
		name, f := c.name(v.Type(), v.Type().Field(i)), v.Field(i)
		if name == "" || absent(f) && !(all && isList(f)) {
			continue
		}
		member, err := c.tree(f)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		object[name] = member
	}
	return nil
}

func isList(v reflect.Value) bool {
	return v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8
}

// absent reports whether a member isn't there: a nil pointer, list or map, or
// an enumeration without a value.
func absent(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return v.IsNil()
	case reflect.String:
		return v.Len() == 0
	}
	return false
}

func (c jsonCodec) tree(v reflect.Value) (any, error) {
	if t, ok := v.Interface().(time.Time); ok {
		if c.timed {
			return t, nil
		}
		return float64(t.UnixMilli()) / 1000, nil
	}
	switch v.Kind() {
	case reflect.Pointer:
		return c.tree(v.Elem())
	case reflect.Struct:
		object := map[string]any{}
		return object, c.members(v, object, false)
	case reflect.Slice:
		return c.list(v)
	case reflect.Map:
		return c.mapping(v)
	case reflect.Interface:
		return nil, fmt.Errorf("%s: unions are not in the sandbox", v.Type())
	}
	return v.Interface(), nil
}

func (c jsonCodec) list(v reflect.Value) (any, error) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		return base64.StdEncoding.EncodeToString(v.Bytes()), nil
	}
	list := make([]any, v.Len())
	for i := range list {
		var err error
		if list[i], err = c.tree(v.Index(i)); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (c jsonCodec) mapping(v reflect.Value) (any, error) {
	object := make(map[string]any, v.Len())
	for it := v.MapRange(); it.Next(); {
		member, err := c.tree(it.Value())
		if err != nil {
			return nil, err
		}
		object[it.Key().String()] = member
	}
	return object, nil
}
