package access

import (
	"maps"
	"slices"
	"strings"
)

// A presence says what is known of a condition key's value.
type presence uint8

const (
	unknown presence = iota
	absent
	present
)

// lookup returns what is known of a key in this request. Names are compared
// without regard to case.
func (c Context) lookup(key string) ([]string, presence) {
	key = strings.ToLower(key)
	if v, ok := c.Values[key]; ok {
		if len(v) == 0 {
			return nil, absent
		}
		return v, present
	}
	if c.Complete || c.lacksEncryptionContext(key) {
		return nil, absent
	}
	return nil, unknown
}

// multiValued reports whether a key can have several values in a request: those
// that the references call "multivalued" or ArrayOf….
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
func multiValued(key string) bool {
	switch strings.ToLower(key) {
	case "kms:encryptioncontextkeys", "kms:grantoperations", "kms:resourcealiases",
		"aws:calledvia", "aws:tagkeys", "aws:principalorgpaths", "aws:principalservicenameslist",
		"aws:resourceorgpaths", "aws:sourceorgpaths", "aws:vpceorgpaths":
		return true
	}
	return false
}

// lacksEncryptionContext reports whether the names in the request's encryption
// context are known, and this isn't one of them.
func (c Context) lacksEncryptionContext(key string) bool {
	name, ok := strings.CutPrefix(key, "kms:encryptioncontext:")
	names, known := c.Values["kms:encryptioncontextkeys"]
	return ok && known && !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

// with returns the context with further values. What is there already stays.
func (c Context) with(more ...map[string][]string) Context {
	const further = 10 // of principal and key
	values := make(map[string][]string, len(c.Values)+further)
	for _, m := range more {
		maps.Copy(values, m)
	}
	for k, v := range c.Values {
		values[strings.ToLower(k)] = v
	}
	return Context{Values: values, Complete: c.Complete}
}
