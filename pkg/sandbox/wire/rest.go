package wire

import (
	"net/http"
	"reflect"
	"strings"
)

// restCodec speaks REST JSON where a request's path names all that it says, as Lambda's
// reads do.
// https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
type restCodec struct {
	jsonCodec
	operations []Operation
}

func (c restCodec) contentType() string { return "application/json" }

func (c restCodec) decode(r *http.Request, in any) error {
	for _, op := range c.operations {
		found, ok := match(op.Path, r)
		if !ok {
			continue
		}
		for name, values := range r.URL.Query() {
			found[name] = values[0]
		}
		for name, value := range found {
			f := reflect.ValueOf(in).Elem().FieldByName(name)
			if !f.IsValid() || f.Type() != reflect.TypeFor[*string]() {
				return Errorf("NotInTheSandbox", "the parameter %s of %s is not in the sandbox", name, op.Name)
			}
			f.Set(reflect.ValueOf(&value))
		}
	}
	return nil
}

// routed returns the operation that a request's path is of; else the path.
func (e *endpoint) routed(r *http.Request) string {
	for _, op := range e.Operations {
		if _, ok := match(op.Path, r); ok {
			return op.Name
		}
	}
	return r.Method + " " + r.URL.Path
}

// match returns what a request's path has in the place of each name.
func match(path string, r *http.Request) (map[string]string, bool) {
	want, is := strings.Split(path, "/"), strings.Split(r.URL.Path, "/")
	if r.Method != http.MethodGet || len(want) != len(is) {
		return nil, false
	}
	out := map[string]string{}
	for i, part := range want {
		name, variable := strings.CutPrefix(part, "{")
		switch {
		case variable && is[i] != "":
			out[strings.TrimSuffix(name, "}")] = is[i]
		case part != is[i]:
			return nil, false
		}
	}
	return out, true
}
