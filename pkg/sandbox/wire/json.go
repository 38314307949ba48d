package wire

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"reflect"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxBody is the largest request the sandbox reads; AWS's largest (a batch of
// SQS messages, a batch of log events) are about 1 MB.
const maxBody = 4 << 20

// jsonCodec speaks AWS JSON 1.0 and 1.1. A member's wire name is the Go
// field's, but for services that begin theirs with a small letter (logs).
// https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
type jsonCodec struct {
	version string
	camel   bool // names begin with a small letter
	sparse  bool // an absent list is left out of the answer (SQS)
	timed   bool // times stay what they are (CBOR)
}

func (c jsonCodec) contentType() string { return "application/x-amz-json-" + c.version }

func (c jsonCodec) decode(r *http.Request, in any) error {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return Errorf("SerializationException", "read request: %v", err)
	}
	return c.decodeBytes(body, in)
}

func (c jsonCodec) decodeBytes(body []byte, in any) error {
	if len(body) == 0 {
		return nil // the CLI sends nothing where there is nothing to say
	}
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		return Errorf("SerializationException", "%v", err)
	}
	if err := c.set(reflect.ValueOf(in).Elem(), tree); err != nil {
		return Errorf("SerializationException", "%v", err)
	}
	return nil
}

// name returns a Go field's name on the wire; "" for what never travels.
func (c jsonCodec) name(t reflect.Type, f reflect.StructField) string {
	if !travels(f) {
		return ""
	}
	if c.camel || beginsSmall(t.Name(), f.Name) {
		return lowerFirst(f.Name)
	}
	return f.Name
}

// beginsSmall knows the members that begin with a small letter although their
// services' others don't: two of SQS, what EventBridge took over from ECS, and some of CloudTrail.
// The round-trip test through the SDK finds those that are missing here.
func beginsSmall(typeName, field string) bool {
	switch typeName {
	case "CapacityProviderStrategyItem", "NetworkConfiguration", "PlacementConstraint", "PlacementStrategy",
		"DescribeTrailsInput", "DescribeTrailsOutput":
		return true
	case "CreateQueueInput":
		return field == "Tags"
	case "ListDeadLetterSourceQueuesOutput":
		return field == "QueueUrls"
	}
	return false
}

// travels reports whether a field of an SDK type is part of the API.
func travels(f reflect.StructField) bool {
	return f.IsExported() && !f.Anonymous && f.Name != "ResultMetadata"
}

func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}

// set puts a decoded JSON value into an SDK value.
func (c jsonCodec) set(v reflect.Value, tree any) error {
	if tree == nil {
		return nil
	}
	if isTime(v) {
		return setTime(v, tree)
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return c.set(v.Elem(), tree)
	case reflect.Struct:
		return c.setStruct(v, tree)
	case reflect.Slice:
		return c.setSlice(v, tree)
	case reflect.Map:
		return c.setMap(v, tree)
	}
	return setScalar(v, tree)
}

func (c jsonCodec) setStruct(v reflect.Value, tree any) error {
	object, ok := tree.(map[string]any)
	if !ok {
		return fmt.Errorf("%s: not an object", v.Type().Name())
	}
	for i := range v.NumField() {
		name := c.name(v.Type(), v.Type().Field(i))
		member, ok := object[name]
		if name == "" || !ok {
			continue
		}
		if err := c.set(v.Field(i), member); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (c jsonCodec) setSlice(v reflect.Value, tree any) error {
	if s, ok := tree.(string); ok && v.Type().Elem().Kind() == reflect.Uint8 {
		b, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return fmt.Errorf("decode blob: %w", err)
		}
		v.SetBytes(b)
		return nil
	}
	list, ok := tree.([]any)
	if !ok {
		return errors.New("not a list")
	}
	v.Set(reflect.MakeSlice(v.Type(), len(list), len(list)))
	for i, item := range list {
		if err := c.set(v.Index(i), item); err != nil {
			return err
		}
	}
	return nil
}

func (c jsonCodec) setMap(v reflect.Value, tree any) error {
	object, ok := tree.(map[string]any)
	if !ok {
		return errors.New("not an object")
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(object)))
	for key, item := range object {
		e := reflect.New(v.Type().Elem()).Elem()
		if err := c.set(e, item); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		v.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), e)
	}
	return nil
}

func setScalar(v reflect.Value, tree any) error {
	switch x := tree.(type) {
	case string:
		if v.Kind() == reflect.String {
			v.SetString(x)
			return nil
		}
	case bool:
		if v.Kind() == reflect.Bool {
			v.SetBool(x)
			return nil
		}
	case json.Number:
		return setNumber(v, x)
	}
	return fmt.Errorf("can't be %T", tree)
}

func setNumber(v reflect.Value, n json.Number) error {
	switch {
	case v.CanInt():
		i, err := n.Int64()
		if err != nil || v.OverflowInt(i) {
			return fmt.Errorf("%s is not a %s", n, v.Kind())
		}
		v.SetInt(i)
		return nil
	case v.CanFloat():
		f, err := n.Float64()
		if err != nil {
			return fmt.Errorf("%s is not a number", n)
		}
		v.SetFloat(f)
		return nil
	}
	return fmt.Errorf("can't be the number %s", n)
}

// isTime reports whether a member is a timestamp, a struct that is none to AWS.
func isTime(v reflect.Value) bool { return v.Type() == reflect.TypeFor[time.Time]() }

// setTime reads seconds since 1970, which may have a fraction.
func setTime(v reflect.Value, tree any) error {
	n, ok := tree.(json.Number)
	if !ok {
		return errors.New("not a timestamp")
	}
	f, err := n.Float64()
	if err != nil || math.Abs(f) > 1e11 {
		return fmt.Errorf("%s is not a timestamp", n)
	}
	v.Set(reflect.ValueOf(time.UnixMilli(int64(math.Round(f * 1000))).UTC()))
	return nil
}
