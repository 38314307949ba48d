package keypolicy

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/tidwall/gjson"
)

// Parse reads a policy document. It accepts every form that AWS accepts: one
// statement or a list, one value or a list, booleans and numbers as condition
// values. It refuses what is ambiguous (a member given twice) or not a policy,
// and says where: `Statement[2].Action at byte 310: …`.
//
// Grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
func Parse(raw string) (*Document, error) {
	if err := checkJSON(raw); err != nil {
		return nil, fmt.Errorf("parse policy: %w", err)
	}
	root := at{gjson.Parse(raw), "policy", 0}
	root.pos = root.value.Index
	d := &Document{raw: raw, version: "2008-10-17"}
	if err := d.read(root); err != nil {
		return nil, fmt.Errorf("parse policy: %w", err)
	}
	return d, nil
}

// checkJSON refuses what isn't one JSON value. The standard library's scanner
// is used because it bounds nesting and knows the offset of the fault.
func checkJSON(raw string) error {
	var v json.RawMessage
	err := json.Unmarshal([]byte(raw), &v)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("not JSON at byte %d: %w", syntax.Offset, err)
	}
	return err
}

// at is a JSON value with its place: how a person finds it, and its offset.
type at struct {
	value gjson.Result
	path  string
	pos   int
}

func (a at) span() span { return span{a.pos, a.pos + len(a.value.Raw)} }

func (a at) errorf(format string, args ...any) error {
	return fmt.Errorf("%s at byte %d: %s", a.path, a.pos, fmt.Sprintf(format, args...))
}

// members visits the members of an object, and refuses anything else and any
// member that is there twice.
func (a at) members(visit func(name string, v at) error) error {
	if !a.value.IsObject() {
		return a.errorf("must be an object")
	}
	var err error
	seen := map[string]bool{}
	a.value.ForEach(func(key, value gjson.Result) bool {
		// gjson's offsets are relative to the object's own text.
		v := at{value, a.path + "." + key.Str, a.pos + value.Index - a.value.Index}
		if seen[key.Str] {
			err = v.errorf("%q is there twice", key.Str)
			return false
		}
		seen[key.Str] = true
		err = visit(key.Str, v)
		return err == nil
	})
	return err
}

// elements visits the elements of an array; any other value is its only element.
func (a at) elements(visit func(v at) error) error {
	if !a.value.IsArray() {
		return visit(a)
	}
	var err error
	i := 0
	a.value.ForEach(func(_, value gjson.Result) bool {
		err = visit(at{value, a.path + "[" + strconv.Itoa(i) + "]", a.pos + value.Index - a.value.Index})
		i++
		return err == nil
	})
	return err
}

// text reads one string.
func (a at) text() (string, error) {
	if a.value.Type != gjson.String {
		return "", a.errorf("must be a string")
	}
	return a.value.Str, nil
}

// texts reads a string or a list of strings; never nil.
func (a at) texts() ([]string, error) {
	out := []string{}
	err := a.elements(func(v at) error {
		s, err := v.text()
		out = append(out, s)
		return err
	})
	return out, err
}

// scalars reads a condition's value or values as AWS compares them: AWS's own
// samples write `"kms:GrantIsForAWSResource": true` without quotes.
func (a at) scalars() ([]string, error) {
	out := []string{}
	err := a.elements(func(v at) error {
		switch v.value.Type {
		case gjson.String:
			out = append(out, v.value.Str)
		case gjson.True, gjson.False, gjson.Number:
			out = append(out, v.value.Raw)
		default:
			return v.errorf("must be a string, a number or a boolean")
		}
		return nil
	})
	return out, err
}

func (d *Document) read(root at) error {
	found := false
	err := root.members(func(name string, v at) (err error) {
		v.path = name
		switch name {
		case "Version":
			d.version, err = v.text()
		case "Id":
			d.id, err = v.text()
		case "Statement":
			found = true
			err = d.readStatements(v)
		default:
			d.unknown = append(d.unknown, name+" "+v.value.Raw)
		}
		return err
	})
	if err == nil && !found {
		err = root.errorf("has no Statement")
	}
	return err
}

func (d *Document) readStatements(list at) error {
	d.layout.list, d.layout.isArray = list.span(), list.value.IsArray()
	return list.elements(func(v at) error {
		s := Statement{Index: len(d.statements)}
		var aws span
		err := v.members(func(name string, m at) error { return s.read(name, m, &aws) })
		d.statements = append(d.statements, s)
		d.layout.statements = append(d.layout.statements, v.span())
		d.layout.aws = append(d.layout.aws, aws)
		return err
	})
}

func (s *Statement) read(name string, v at, aws *span) (err error) {
	switch name {
	case "Sid":
		s.Sid, err = v.text()
	case "Effect":
		s.Effect, err = v.text()
	case "Principal":
		s.Principal, err = readPrincipal(v, aws)
	case "NotPrincipal":
		s.NotPrincipal, err = readPrincipal(v, new(span))
	case "Action":
		s.Action, err = v.texts()
	case "NotAction":
		s.NotAction, err = v.texts()
	case "Resource":
		s.Resource, err = v.texts()
	case "NotResource":
		s.NotResource, err = v.texts()
	case "Condition":
		s.Condition, err = readConditions(v)
	default:
		s.Unknown = append(s.Unknown, name)
		s.unknownValues = append(s.unknownValues, v.value.Raw)
	}
	return err
}

func readPrincipal(v at, aws *span) (*Principal, error) {
	p := &Principal{}
	if v.value.Type == gjson.String {
		if v.value.Str != "*" {
			return nil, v.errorf(`must be "*" or an object`)
		}
		p.AWS = []string{"*"}
		return p, nil
	}
	err := v.members(func(name string, m at) (err error) {
		switch name {
		case "AWS":
			*aws = m.span()
			p.AWS, err = m.texts()
		case "Service":
			p.Service, err = m.texts()
		case "Federated":
			p.Federated, err = m.texts()
		case "CanonicalUser":
			p.CanonicalUser, err = m.texts()
		default:
			err = m.errorf("no kind of principal")
		}
		return err
	})
	return p, err
}

func readConditions(v at) ([]Condition, error) {
	out := []Condition{}
	err := v.members(func(operator string, keys at) error {
		return keys.members(func(key string, m at) error {
			values, err := m.scalars()
			out = append(out, Condition{Operator: operator, Key: key, Values: values})
			return err
		})
	})
	return out, err
}
