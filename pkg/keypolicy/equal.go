package keypolicy

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"keymend/pkg/arn"
)

// Equal reports whether two policies mean the same. KMS reorders principals and
// normalises text, so these don't count: the order of statements, principals,
// actions, resources and condition values; one value or a list; an account id
// or its root ARN; a boolean or number or the same as a string; the case of
// actions and condition keys. Sids and the Id count. Texts that aren't policies
// are equal only byte for byte.
func Equal(a, b string) bool {
	if a == b {
		return true
	}
	da, errA := Parse(a)
	db, errB := Parse(b)
	return errA == nil && errB == nil && da.canonical() == db.canonical()
}

// Digest returns the SHA-256 of what the policy means, in hexadecimal: two
// policies have the same digest exactly if they are Equal.
func Digest(raw string) (string, error) {
	d, err := Parse(raw)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(d.canonical()))
	return hex.EncodeToString(sum[:]), nil
}

// canonical writes what the document means, one way only. Every part is quoted,
// so that no two meanings are written alike.
func (d *Document) canonical() string {
	statements := make([]string, 0, len(d.statements))
	for _, s := range d.statements {
		statements = append(statements, s.canonical())
	}
	slices.Sort(statements)
	unknown := slices.Sorted(slices.Values(d.unknown))
	return tuple(d.version, d.id, tuple(unknown...), tuple(statements...))
}

func (s Statement) canonical() string {
	conditions := make([]string, 0, len(s.Condition))
	for _, c := range s.Condition {
		conditions = append(conditions, tuple(c.Operator, strings.ToLower(c.Key), set(c.Values, nil)))
	}
	unknown := make([]string, 0, len(s.Unknown))
	for i, name := range s.Unknown {
		unknown = append(unknown, tuple(name, s.unknownValues[i]))
	}
	return tuple(s.Sid, s.Effect,
		s.Principal.canonical(), s.NotPrincipal.canonical(),
		set(s.Action, strings.ToLower), set(s.NotAction, strings.ToLower),
		set(s.Resource, nil), set(s.NotResource, nil),
		set(conditions, nil), set(unknown, nil))
}

func (p *Principal) canonical() string {
	if p == nil {
		return ""
	}
	return tuple(set(p.AWS, shortAccount), set(p.Service, nil), set(p.Federated, nil), set(p.CanonicalUser, nil))
}

// shortAccount turns an account's root ARN into the account id, which means the
// same and which KMS replaces by the ARN.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func shortAccount(principal string) string {
	if a, ok := arn.Parse(principal); ok && a.Service == "iam" && a.Resource == "root" {
		return a.Account
	}
	return principal
}

// set writes the values without order and repetition; nil is not empty.
func set(values []string, normal func(string) string) string {
	if values == nil {
		return ""
	}
	out := slices.Clone(values)
	if normal != nil {
		for i := range out {
			out[i] = normal(out[i])
		}
	}
	slices.Sort(out)
	return tuple(slices.Compact(out)...)
}

func tuple(parts ...string) string {
	out := []byte{'('}
	for _, p := range parts {
		out = strconv.AppendQuote(out, p)
	}
	return string(append(out, ')'))
}
