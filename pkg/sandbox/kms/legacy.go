package kms

import (
	"keymend/pkg/keypolicy"
	"keymend/pkg/sandbox/wire"
)

// SeedPolicy gives a key a policy unchecked: one that KMS took before its rules of
// 2025-08-18, say, and would refuse today.
func (s *Service) SeedPolicy(keyARN, text string) error {
	doc, err := keypolicy.Parse(text)
	if err != nil {
		return malformed("Policy contains invalid syntax: %v", err)
	}
	p := policy{text: normalise(text), ids: map[string]string{}}
	for _, name := range named(doc) {
		if role, ok := s.roles.Role(name); ok {
			p.ids[name] = role.ID
		}
	}
	found := false
	s.change(keyARN, func(k *key) { k.policy, found = p, true })
	if !found {
		return wire.Errorf("NotFoundException", "Key '%s' does not exist", keyARN)
	}
	return nil
}
