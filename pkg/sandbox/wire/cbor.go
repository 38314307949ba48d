package wire

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
)

// cborCodec speaks RPC v2 CBOR. Members have the names of the Go fields, as in AWS JSON,
// whose trees it reads and writes.
// https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
type cborCodec struct{ jsonCodec }

func (cborCodec) contentType() string { return "application/cbor" }

func (c cborCodec) decode(r *http.Request, in any) error {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return Errorf("SerializationException", "read request: %v", err)
	}
	if len(body) == 0 {
		return nil
	}
	tree, err := cbor.Decode(body)
	if err == nil {
		err = c.set(reflect.ValueOf(in).Elem(), plain(tree))
	}
	if err != nil {
		return Errorf("SerializationException", "%v", err)
	}
	return nil
}

// plain is a value as JSON would have it.
func plain(v cbor.Value) any {
	switch v := v.(type) {
	case cbor.Uint:
		return json.Number(strconv.FormatUint(uint64(v), 10))
	case cbor.NegInt:
		return json.Number("-" + strconv.FormatUint(uint64(v), 10))
	case cbor.Float32:
		return number(float64(v))
	case cbor.Float64:
		return number(float64(v))
	case cbor.String:
		return string(v)
	case cbor.Bool:
		return bool(v)
	case *cbor.Tag:
		return plain(v.Value) // a timestamp's seconds
	case cbor.List:
		out := make([]any, len(v))
		for i := range v {
			out[i] = plain(v[i])
		}
		return out
	case cbor.Map:
		out := make(map[string]any, len(v))
		for key := range v {
			out[key] = plain(v[key])
		}
		return out
	}
	return nil
}

// number: what isn't finite is text, which no number is set from.
func number(f float64) any {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return fmt.Sprint(f)
	}
	return json.Number(strconv.FormatFloat(f, 'f', -1, 64))
}

func (c cborCodec) encode(_, _ string, out any) ([]byte, error) {
	tree := map[string]any{}
	if v := reflect.ValueOf(out); v.IsValid() && !v.IsNil() {
		if err := c.members(v.Elem(), tree, true); err != nil {
			return nil, err
		}
	}
	v, err := packed(reflect.ValueOf(tree))
	if err != nil {
		return nil, err
	}
	return cbor.Encode(v), nil
}

func (cborCodec) failure(e *Error, _ string) []byte {
	return cbor.Encode(cbor.Map{"__type": cbor.String(e.Code), "message": cbor.String(e.Message)})
}

// packed is a member of a tree as CBOR has it.
func packed(v reflect.Value) (cbor.Value, error) {
	const timestamp = 1
	if v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	switch {
	case !v.IsValid():
		return &cbor.Nil{}, nil
	case isTime(v):
		return &cbor.Tag{ID: timestamp, Value: cbor.Float64(float64(v.Interface().(time.Time).UnixMilli()) / 1000)}, nil
	case v.Kind() == reflect.String:
		return cbor.String(v.String()), nil
	case v.Kind() == reflect.Bool:
		return cbor.Bool(v.Bool()), nil
	case v.CanFloat():
		return cbor.Float64(v.Float()), nil
	case v.CanInt() && v.Int() < 0:
		return cbor.NegInt(-v.Int()), nil //nolint:gosec // it is negative
	case v.CanInt():
		return cbor.Uint(v.Int()), nil //nolint:gosec // it isn't negative
	case v.Kind() == reflect.Slice:
		return packedList(v)
	case v.Kind() == reflect.Map:
		out := cbor.Map{}
		for it := v.MapRange(); it.Next(); {
			member, err := packed(it.Value())
			if err != nil {
				return nil, err
			}
			out[it.Key().String()] = member
		}
		return out, nil
	}
	return nil, fmt.Errorf("%s is not in the sandbox", v.Type())
}

func packedList(v reflect.Value) (cbor.Value, error) {
	out := make(cbor.List, v.Len())
	for i := range out {
		var err error
		if out[i], err = packed(v.Index(i)); err != nil {
			return nil, err
		}
	}
	return out, nil
}
