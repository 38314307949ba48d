package plan

import (
	"bytes"
	"encoding/json"
	"fmt"

	"keymend/pkg/arn"
	"keymend/pkg/owncopy"
)

// A Step is one change. The set is closed: EditKeyPolicy, CreateGrant, and those
// of role.go, retire.go and keymend/pkg/owncopy.
type Step interface {
	// Type is the step's name on the wire.
	Type() string
	// Account is the account in which the step is carried out: a key policy is
	// written in the key's account, a grant is issued in the grantee's.
	Account() string
}

// Steps are written as JSON objects with a "type" member.
type Steps []Step

// EditKeyPolicy replaces the key's policy by one that differs only in
// statements of Keymend's own.
type EditKeyPolicy struct {
	Key       string   `json:"key"`       // key ARN
	Principal string   `json:"principal"` // the service-linked role it opens the key to; the root of the group's account, where the key is another's
	Before    string   `json:"before"`    // the policy as it was read
	After     string   `json:"after"`
	Added     []string `json:"added"` // the statements as they will stand, JSON
	Sids      []string `json:"sids"`  // the statements that the principal is put into
}

// CreateGrant gives the principal a grant on the key.
type CreateGrant struct {
	Key        string   `json:"key"`
	Principal  string   `json:"principal"`
	Name       string   `json:"name"`       // deterministic: the same grant twice is one grant
	Operations []string `json:"operations"` // without "kms:"
	Retiring   string   `json:"retiring,omitempty"`
	Why        string   `json:"why"` // why a grant and not statements
}

// Type implements Step.
func (EditKeyPolicy) Type() string { return "EditKeyPolicy" }

// Type implements Step.
func (CreateGrant) Type() string { return "CreateGrant" }

// Account implements Step.
func (s EditKeyPolicy) Account() string { return arn.Account(s.Key) }

// Account implements Step.
func (s CreateGrant) Account() string { return arn.Account(s.Principal) }

// MarshalJSON implements json.Marshaler.
func (s EditKeyPolicy) MarshalJSON() ([]byte, error) {
	type plain EditKeyPolicy
	return marshal(struct {
		Type string `json:"type"`
		plain
	}{s.Type(), plain(s)})
}

// MarshalJSON implements json.Marshaler.
func (s CreateGrant) MarshalJSON() ([]byte, error) {
	type plain CreateGrant
	return marshal(struct {
		Type string `json:"type"`
		plain
	}{s.Type(), plain(s)})
}

// marshal is json.Marshal without escapes for HTML, which make six bytes of one:
// steps carry policies, and messages have a limit.
func marshal(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return out.Bytes(), err
}

// UnmarshalJSON implements json.Unmarshaler. A step of a type that isn't known
// is an error: leaving it out would carry out half a plan.
func (s *Steps) UnmarshalJSON(text []byte) error {
	var raw []json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return fmt.Errorf("read steps: %w", err)
	}
	out := make(Steps, 0, len(raw))
	for i, r := range raw {
		step, err := unmarshalStep(r)
		if err != nil {
			return fmt.Errorf("read step %d: %w", i, err)
		}
		out = append(out, step)
	}
	*s = out
	return nil
}

func unmarshalStep(text json.RawMessage) (Step, error) {
	var head struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, err
	}
	switch head.Type {
	case EditKeyPolicy{}.Type():
		var s EditKeyPolicy
		err := json.Unmarshal(text, &s)
		return s, err
	case CreateGrant{}.Type():
		var s CreateGrant
		err := json.Unmarshal(text, &s)
		return s, err
	case EnsureServiceLinkedRole{}.Type():
		var s EnsureServiceLinkedRole
		err := json.Unmarshal(text, &s)
		return s, err
	case UpdateGroup{}.Type():
		var s UpdateGroup
		err := json.Unmarshal(text, &s)
		return s, err
	case RetireGrant{}.Type():
		var s RetireGrant
		err := json.Unmarshal(text, &s)
		return s, err
	}
	return owncopy.Unmarshal(head.Type, text)
}
