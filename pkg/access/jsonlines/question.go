package jsonlines

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/arn"
	"keymend/pkg/keypolicy"
)

// A question is one line, understood.
type question struct {
	id      json.RawMessage
	facts   access.Facts
	request access.Request
}

// A line is one line as it is written.
type line struct {
	ID               json.RawMessage            `json:"id"`
	Principal        string                     `json:"principal"`
	RoleID           string                     `json:"roleId"`
	Key              json.RawMessage            `json:"key"`
	KeyState         string                     `json:"keyState"`
	Policy           json.RawMessage            `json:"policy"`
	Grants           json.RawMessage            `json:"grants"`
	Operations       []string                   `json:"operations"`
	Context          map[string]json.RawMessage `json:"context"`
	IdentityPolicies []json.RawMessage          `json:"identityPolicies"`
}

func parse(text []byte) (question, error) {
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return question{}, fmt.Errorf("not a question: %w", err)
	}
	q := question{id: l.ID}
	for _, read := range []func(*question) error{l.principal, l.key, l.policy, l.grants, l.operations, l.context, l.identity} {
		if err := read(&q); err != nil {
			return question{}, err
		}
	}
	return q, nil
}

func given(raw json.RawMessage) bool { return len(raw) > 0 && !bytes.Equal(raw, []byte("null")) }

// A metadata is what DescribeKey says about a key.
type metadata struct {
	access.Key
	Configuration struct {
		Type string `json:"MultiRegionKeyType"`
	} `json:"MultiRegionConfiguration"`
}

func (l line) key(q *question) error {
	var read struct {
		metadata
		Whole *metadata `json:"KeyMetadata"` // DescribeKey's whole answer
	}
	var err error
	switch {
	case !given(l.Key):
		return errors.New("key: is missing")
	case l.Key[0] == '"':
		err = json.Unmarshal(l.Key, &read.ARN)
	default:
		err = json.Unmarshal(l.Key, &read)
	}
	if err != nil {
		return fmt.Errorf("key: %w", err)
	}
	found := read.metadata
	if read.Whole != nil {
		found = *read.Whole
	}
	q.facts.Key = found.Key
	q.facts.Key.MultiRegionType = found.Configuration.Type
	if l.KeyState != "" {
		q.facts.Key.State = l.KeyState
	}
	return checkKeyARN(found.ARN)
}

func checkKeyARN(key string) error {
	if a, ok := arn.Parse(key); !ok || a.Service != "kms" || !strings.HasPrefix(a.Resource, "key/") || strings.Contains(a.Resource, ":") {
		return fmt.Errorf("key: %q is not the ARN of a key", key)
	}
	return nil
}

func (l line) policy(q *question) error {
	if !given(l.Policy) {
		q.facts.PolicyUnreadable = "not given"
		return nil
	}
	d, err := document(l.Policy)
	if err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	q.facts.Policy = d
	return nil
}

// document reads a policy that is an object, or a string that holds one.
func document(raw json.RawMessage) (*keypolicy.Document, error) {
	text := string(raw)
	if raw[0] == '"' {
		if err := json.Unmarshal(raw, &text); err != nil {
			return nil, err
		}
	}
	return keypolicy.Parse(text)
}

func (l line) grants(q *question) error {
	if !given(l.Grants) {
		q.facts.GrantsUnreadable = "not given"
		return nil
	}
	if l.Grants[0] == '[' {
		if err := json.Unmarshal(l.Grants, &q.facts.Grants); err != nil {
			return fmt.Errorf("grants: %w", err)
		}
		return nil
	}
	var whole struct {
		Grants    []access.Grant
		Truncated bool
	}
	if err := json.Unmarshal(l.Grants, &whole); err != nil {
		return fmt.Errorf("grants: %w", err)
	}
	q.facts.Grants = whole.Grants
	if whole.Truncated {
		q.facts.GrantsUnreadable = "the list is truncated"
	}
	return nil
}

func (l line) operations(q *question) error {
	if len(l.Operations) == 0 {
		return errors.New("operations: are missing")
	}
	for _, op := range l.Operations {
		if op == "" || strings.ContainsAny(op, ":*? ") {
			return fmt.Errorf("operations: %q is not the name of an operation, as in \"Decrypt\"", op)
		}
	}
	q.request.Operations = l.Operations
	return nil
}

func (l line) identity(q *question) error {
	if l.IdentityPolicies == nil {
		return nil
	}
	q.request.IdentityPolicies = []*keypolicy.Document{}
	for i, raw := range l.IdentityPolicies {
		d, err := document(raw)
		if err != nil {
			return fmt.Errorf("identityPolicies[%d]: %w", i, err)
		}
		q.request.IdentityPolicies = append(q.request.IdentityPolicies, d)
	}
	return nil
}
