package sandbox

import (
	"encoding/json"
	"errors"
	"net/http"
)

// SeedKeyPolicy gives a key a policy that no API call would: one that KMS took
// once, and refuses today as a whole when it is edited.
func (s *Sandbox) SeedKeyPolicy(keyARN, policy string) error {
	return s.kms.SeedPolicy(keyARN, policy)
}

// seedKeyPolicy is SeedKeyPolicy as an order. The policy is an object, or a string
// as PutKeyPolicy takes it.
func (s *Sandbox) seedKeyPolicy(r *http.Request) (any, error) {
	var order struct {
		Key    string          `json:"key"`
		Policy json.RawMessage `json:"policy"`
	}
	if err := read(r, &order); err != nil {
		return nil, err
	}
	if order.Key == "" || len(order.Policy) == 0 {
		return nil, errors.New(`want "key", the key's ARN, and "policy"`)
	}
	text := string(order.Policy)
	if order.Policy[0] == '"' {
		if err := json.Unmarshal(order.Policy, &text); err != nil {
			return nil, err
		}
	}
	return map[string]string{"key": order.Key}, s.SeedKeyPolicy(order.Key, text)
}
