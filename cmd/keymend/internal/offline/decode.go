package offline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"
)

// decode reads a part of a file as the SDK has it. It refuses what AWS refuses: a value of
// another type, a member's name in another case.
func decode[T any](f *facts, file, at string, raw json.RawMessage) (T, error) {
	var (
		out T
		any any
	)
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&any); err != nil {
		return out, problem(file, where(raw, err)) // it was read before
	}
	w := walk{facts: f, file: file}
	any = w.see(reflect.TypeFor[T](), any, at)
	if err := joined(w.errs...); err != nil {
		return out, err
	}
	text, err := json.Marshal(any)
	if err != nil {
		return out, problem(file, err.Error())
	}
	if err := json.Unmarshal(text, &out); err != nil {
		return out, problem(file, mistyped(at, err))
	}
	return out, nil
}

func mistyped(at string, err error) string {
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return at + ": " + strings.TrimPrefix(err.Error(), "json: ")
	}
	of := strings.Trim(at+"."+wrong.Field, ".")
	kind := map[reflect.Kind]string{reflect.Bool: "true or false, without quotation marks", reflect.String: "a text", reflect.Slice: "a list", reflect.Struct: "an object", reflect.Map: "an object"}[wrong.Type.Kind()]
	if kind == "" {
		kind = "a number"
	}
	return fmt.Sprintf("%s is of the type %s, and has to be %s", of, wrong.Value, kind)
}

// A walk goes through a value by the type that it has to be.
type walk struct {
	facts *facts
	file  string
	errs  []error
}

// see returns the value as encoding/json takes it: times as it has them.
func (w *walk) see(t reflect.Type, v any, at string) any {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch v := v.(type) {
	case []any:
		if t.Kind() == reflect.Slice {
			for i := range v {
				v[i] = w.see(t.Elem(), v[i], fmt.Sprintf("%s[%d]", at, i))
			}
		}
	case map[string]any:
		if t.Kind() == reflect.Struct {
			w.members(t, v, at)
		}
	default:
		if t == reflect.TypeFor[time.Time]() {
			return instant(v)
		}
	}
	return v
}

func (w *walk) members(t reflect.Type, v map[string]any, at string) {
	for _, name := range slices.Sorted(maps.Keys(v)) {
		of := strings.TrimPrefix(at+"."+name, ".")
		if field, ok := t.FieldByName(name); ok && field.IsExported() {
			v[name] = w.see(field.Type, v[name], of)
			continue
		}
		is, cased := t.FieldByNameFunc(func(field string) bool { return strings.EqualFold(field, name) })
		switch {
		case cased && is.IsExported():
			w.errs = append(w.errs, problem(w.file, fmt.Sprintf("%s: AWS calls it %s", of, is.Name)))
		case strings.Contains(at, "BlockDeviceMappings"):
			w.facts.notes = append(w.facts.notes, fmt.Sprintf("%s: %s isn't known here, and doesn't count", w.file, of))
		}
		delete(v, name)
	}
}

// instant reads a time as AWS's CLI, its JSON APIs (seconds since 1970) and Python write
// it. No verdict hangs on one, so what is none isn't told.
func instant(v any) any {
	switch v := v.(type) {
	case json.Number:
		seconds, err := v.Float64()
		if err != nil || math.Abs(seconds) > 1e11 {
			return nil
		}
		return time.UnixMilli(int64(seconds * 1000)).UTC()
	case string:
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999Z0700"} {
			if at, err := time.Parse(layout, v); err == nil {
				return at
			}
		}
	}
	return nil
}
