package conformance_test

import (
	"encoding/base64"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// plain turns an SDK's output into what JSON knows, as driver.py does: times
// become seconds since 1970, absent members are left out.
func plain(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return plain(v.Elem())
	case reflect.Struct:
		return plainStruct(v)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return base64.StdEncoding.EncodeToString(v.Bytes())
		}
		list := make([]any, v.Len())
		for i := range list {
			list[i] = plain(v.Index(i))
		}
		return list
	case reflect.Map:
		members := map[string]any{}
		for _, key := range v.MapKeys() {
			members[key.String()] = plain(v.MapIndex(key))
		}
		return members
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return v.Bool()
	case reflect.Int, reflect.Int32, reflect.Int64:
		return float64(v.Int())
	case reflect.Float32, reflect.Float64:
		return v.Float()
	}
	panic(fmt.Sprintf("an output holds a %s", v.Type()))
}

func plainStruct(v reflect.Value) any {
	if at, ok := v.Interface().(time.Time); ok {
		return float64(at.UnixNano()) / 1e9
	}
	members := map[string]any{}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.IsExported() && field.Name != "ResultMetadata" {
			members[field.Name] = plain(v.Field(i))
		}
	}
	return members
}

// empty reports whether a value is what an absent member may parse as.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case bool:
		return !v
	case float64:
		return v == 0
	case []any:
		return len(v) == 0
	case map[string]any:
		for _, m := range v {
			if !empty(m) {
				return false
			}
		}
		return true
	}
	return false
}

// leaves returns each non-empty member by its path, as in
// "Images.0.ImageId". Case is folded: SDKs differ in the first letter.
func leaves(v any) map[string]any {
	all := map[string]any{}
	collect(all, "", v)
	return all
}

func collect(all map[string]any, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, m := range v {
			collect(all, join(path, strings.ToLower(name)), m)
		}
	case []any:
		for i, m := range v {
			collect(all, join(path, fmt.Sprint(i)), m)
		}
	default:
		if !empty(v) {
			all[path] = v
		}
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// differences says where two answers' non-empty members differ.
func differences(one, other any, oneName, otherName string) []string {
	a, b := leaves(one), leaves(other)
	var all []string
	for path, v := range a {
		if w, ok := b[path]; !ok {
			all = append(all, fmt.Sprintf("%s: only %s has it: %v", path, oneName, v))
		} else if !same(v, w) {
			all = append(all, fmt.Sprintf("%s: %s has %v, %s has %v", path, oneName, v, otherName, w))
		}
	}
	for path, w := range b {
		if _, ok := a[path]; !ok {
			all = append(all, fmt.Sprintf("%s: only %s has it: %v", path, otherName, w))
		}
	}
	slices.Sort(all)
	return all
}

// same compares two leaves; times lose a little in a float.
func same(v, w any) bool {
	a, aok := v.(float64)
	b, bok := w.(float64)
	if aok && bok {
		return a-b < 1e-3 && b-a < 1e-3
	}
	return v == w
}
