package wire

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"time"
)

// queryCodec speaks AWS query and EC2 query: parameters in a form, answers in
// XML.
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
// https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html
type queryCodec struct {
	names     names
	namespace string
	ec2       bool
}

func newQueryCodec(s Service) queryCodec {
	table := map[string]string{"autoscaling": autoscalingNames, "iam": iamNames, "sts": stsNames, "cloudformation": cloudformationNames}[s.Name]
	same := func(s string) string { return s }
	return queryCodec{names: readNames(table, "member", same),
		namespace: "https://" + s.Name + ".amazonaws.com/doc/" + s.Version + "/"}
}

func newEC2Codec(s Service) queryCodec {
	return queryCodec{names: readNames(ec2Names, "item", lowerFirst), ec2: true,
		namespace: "http://ec2.amazonaws.com/doc/" + s.Version + "/"}
}

func (c queryCodec) contentType() string { return "text/xml" }

func (c queryCodec) decode(r *http.Request, in any) error { return c.decodeForm(r.Form, in) }

func (c queryCodec) decodeForm(form url.Values, in any) error {
	root, err := parseForm(form)
	if err != nil {
		return err
	}
	if err := c.setStruct(reflect.ValueOf(in).Elem(), root); err != nil {
		return Errorf("ValidationError", "%v", err)
	}
	return nil
}

func (c queryCodec) setStruct(v reflect.Value, n *node) error {
	members, err := c.names.members(">", v.Type())
	if err != nil {
		return err
	}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !travels(f) {
			continue
		}
		s := c.names.request(members, f.Name)
		if err := c.set(v.Field(i), n.child(s.name), s); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// set puts what a parameter says into an SDK value. A parameter that is there
// but empty is a value: NoDevice= means something in EC2.
func (c queryCodec) set(v reflect.Value, n *node, s spelling) error {
	if n == nil {
		return nil
	}
	if isTime(v) {
		return setISOTime(v, n.value)
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return c.set(v.Elem(), n, s)
	case reflect.Struct:
		return c.setStruct(v, n)
	case reflect.Slice:
		return c.setSlice(v, n, s)
	case reflect.Map:
		return fmt.Errorf("%s: maps are not in the sandbox", v.Type())
	}
	return setText(v, n.value)
}

func (c queryCodec) setSlice(v reflect.Value, n *node, s spelling) error {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		b, err := base64.StdEncoding.DecodeString(n.value)
		if err != nil {
			return fmt.Errorf("decode blob: %w", err)
		}
		v.SetBytes(b)
		return nil
	}
	empty := n.present // "Names=" is how an empty list is written
	if !s.flat {
		n = n.child(s.item)
	}
	if n == nil && !empty {
		return nil
	}
	var items []*node
	if n != nil {
		items = n.items()
	}
	v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
	for i, item := range items {
		if err := c.set(v.Index(i), item, s); err != nil {
			return err
		}
	}
	return nil
}

// setText puts a parameter's text into a string, boolean or number.
func setText(v reflect.Value, text string) error {
	var err error
	switch {
	case v.Kind() == reflect.String:
		v.SetString(text)
	case v.Kind() == reflect.Bool:
		var b bool
		b, err = strconv.ParseBool(text)
		v.SetBool(b)
	case v.CanInt():
		var i int64
		i, err = strconv.ParseInt(text, 10, v.Type().Bits())
		v.SetInt(i)
	case v.CanFloat():
		var f float64
		f, err = strconv.ParseFloat(text, v.Type().Bits())
		v.SetFloat(f)
	default:
		err = fmt.Errorf("%s is not in the sandbox", v.Type())
	}
	return err
}

func setISOTime(v reflect.Value, text string) error {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return fmt.Errorf("%q is not a timestamp", text)
	}
	v.Set(reflect.ValueOf(t.UTC()))
	return nil
}
