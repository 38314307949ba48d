package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"reflect"
	"strconv"
	"time"
)

// An xmlWriter builds an answer. Its first error sticks.
type xmlWriter struct {
	bytes.Buffer
	codec queryCodec
	err   error
}

func (c queryCodec) encode(operation, requestID string, out any) ([]byte, error) {
	w := &xmlWriter{codec: c}
	w.WriteString(xml.Header)
	w.WriteString("<" + operation + `Response xmlns="` + c.namespace + `">`)
	if c.ec2 {
		w.text("requestId", requestID)
		w.body(out)
	} else {
		w.element(operation+"Result", func() { w.body(out) })
		w.element("ResponseMetadata", func() { w.text("RequestId", requestID) })
	}
	w.WriteString("</" + operation + "Response>")
	return w.Bytes(), w.err
}

// body writes an operation's output. Some operations answer nothing, and their
// outputs have no wire names.
func (w *xmlWriter) body(out any) {
	v := reflect.ValueOf(out)
	if !v.IsValid() || v.IsNil() || v.Elem().NumField() == 0 || isEmptyOutput(v.Elem().Type()) {
		return
	}
	w.members(v.Elem(), true)
}

func isEmptyOutput(t reflect.Type) bool {
	for i := range t.NumField() {
		if travels(t.Field(i)) {
			return false
		}
	}
	return true
}

// members writes a struct's members. With all, an absent list is written as an
// empty one: AWS's answers have their lists, and clients index them unasked.
func (w *xmlWriter) members(v reflect.Value, all bool) {
	members, err := w.codec.names.members("<", v.Type())
	if err != nil {
		w.fail(err)
		return
	}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !travels(f) || absent(v.Field(i)) && !(all && isList(v.Field(i))) {
			continue
		}
		w.value(w.codec.names.answer(members, f.Name), v.Field(i))
	}
}

func (w *xmlWriter) value(s spelling, v reflect.Value) {
	if t, ok := v.Interface().(time.Time); ok {
		w.text(s.name, t.UTC().Format("2006-01-02T15:04:05.000Z"))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		w.value(s, v.Elem())
	case reflect.Struct:
		w.element(s.name, func() { w.members(v, false) })
	case reflect.Slice:
		w.list(s, v)
	default:
		w.text(s.name, w.scalar(v))
	}
}

func (w *xmlWriter) list(s spelling, v reflect.Value) {
	if !isList(v) {
		w.text(s.name, base64.StdEncoding.EncodeToString(v.Bytes()))
		return
	}
	items := func(name string) {
		for i := range v.Len() {
			w.value(spelling{name: name, item: w.codec.names.item}, v.Index(i))
		}
	}
	if s.flat {
		items(s.name)
		return
	}
	w.element(s.name, func() { items(s.item) })
}

func (w *xmlWriter) scalar(v reflect.Value) string {
	switch {
	case v.Kind() == reflect.String:
		return v.String()
	case v.Kind() == reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10)
	case v.CanFloat():
		return strconv.FormatFloat(v.Float(), 'g', -1, v.Type().Bits())
	}
	w.fail(fmt.Errorf("%s is not in the sandbox", v.Type()))
	return ""
}

func (w *xmlWriter) element(name string, content func()) {
	w.WriteString("<" + name + ">")
	content()
	w.WriteString("</" + name + ">")
}

func (w *xmlWriter) text(name, text string) {
	w.element(name, func() {
		if err := xml.EscapeText(w, []byte(text)); err != nil {
			w.fail(err)
		}
	})
}

func (w *xmlWriter) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

func (c queryCodec) failure(e *Error, requestID string) []byte {
	w := &xmlWriter{codec: c}
	w.WriteString(xml.Header)
	if c.ec2 {
		w.element("Response", func() {
			w.element("Errors", func() {
				w.element("Error", func() { w.text("Code", e.Code); w.text("Message", e.Message) })
			})
			w.text("RequestID", requestID)
		})
		return w.Bytes()
	}
	w.WriteString(`<ErrorResponse xmlns="` + c.namespace + `">`)
	w.element("Error", func() {
		w.text("Type", sender(e.Status))
		w.text("Code", e.Code)
		w.text("Message", e.Message)
	})
	w.text("RequestId", requestID)
	w.WriteString("</ErrorResponse>")
	return w.Bytes()
}

// sender says whose fault an error is, in the query protocol's words.
func sender(status int) string {
	if status >= 500 {
		return "Receiver"
	}
	return "Sender"
}
